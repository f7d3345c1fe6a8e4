import type { Context } from './context';
import { NO_BODY } from './application-text';
import { newTag } from './identifiers';
import { REASONS, responseText } from './response-text';
import type { SentRequest } from './sent-request';

/** What the application hears when a request gets no response: 408, or 503 (RFC 3261 §8.1.3.1). */
export function reportNoResponse(context: Context, sent: SentRequest, why: 'timeout' | 'transport'): void {
  sent.over = true;
  const status = why === 'timeout' ? 408 : 503;
  const text = responseText(sent.request, {
    status,
    reason: REASONS[status] ?? '',
    toTag: newTag(),
    contact: undefined,
    extra: '',
    tail: NO_BODY,
  });
  dropEarlyDialog(context, sent);
  sent.connection?.sip('network', text, undefined, sent.id, sent.dialog);
}

/** The dialog that a failed INVITE had made early is dropped. */
export function dropEarlyDialog({ dialogs }: Context, sent: SentRequest): void {
  const dialog = sent.request.method === 'INVITE' ? dialogs.get(sent.dialog) : undefined;
  if (dialog?.state === 'early') dialogs.remove(dialog);
}
