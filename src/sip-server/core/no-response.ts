import type { Context } from './context';
import { NO_BODY } from './application-text';
import { newTag } from './identifiers';
import { REASONS, responseText } from './response-text';
import type { Flow } from '../transport';
import type { SentRequest } from './sent-request';

/**
 * The status of a response in the stead of one that never comes: 408 when time is over, 503 when the
 * peer cannot be reached (RFC 3261 §8.1.3.1), 430 when the peer had opened the connection, which is
 * gone: nobody but the peer can open it again (RFC 5626 §11.1).
 */
export function statusOfNoResponse(why: 'timeout' | 'transport', flow: Flow | undefined): number {
  if (why === 'timeout') return 408;
  return flow?.inbound === true ? 430 : 503;
}

/**
 * What the application hears when a request gets no response.
 * @param flow - where it was sent
 */
export function reportNoResponse(
  context: Context,
  sent: SentRequest,
  why: 'timeout' | 'transport',
  flow: Flow | undefined,
): void {
  sent.over = true;
  const status = statusOfNoResponse(why, flow);
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
