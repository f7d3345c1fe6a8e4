import type { SipMessage, SipRequest, SipResponse } from '../message';
import { decimal, headerValue, headerValues } from '../message';
import { Dialog } from '../dialog';
import type { Flow } from '../transport';
import type { AppDialog, Context } from './context';

/** Where neither side says how long (RFC 6665 leaves it to the event package). */
const DEFAULT_SECONDS = 3_600;
const MAX_SECONDS = 7 * 86_400;

/** Dialogs that SUBSCRIBE makes (RFC 6665): they have no BYE, but an end that time brings. */
export class Subscriptions {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** A SUBSCRIBE that makes a dialog, or renews one, was answered with success. */
  renewed(dialog: AppDialog, request: SipRequest, response: SipResponse): void {
    dialog.state = 'confirmed';
    dialog.subscription ??= headerValue(request, 'event') ?? '';
    const agreed = expires(response) ?? expires(request) ?? DEFAULT_SECONDS;
    // Room for the last NOTIFY, and for a renewal that comes late.
    const ms = Math.min(agreed, MAX_SECONDS) * 1_000 + 64 * this.#context.timers.t1;
    dialog.subscriptionTimer?.cancel();
    dialog.subscriptionTimer = this.#context.scheduler.after(ms, () => this.#context.dialogs.remove(dialog));
  }

  /** Is this the NOTIFY that ends the subscription? */
  ends(dialog: AppDialog, notify: SipRequest): boolean {
    return (
      dialog.subscription !== undefined &&
      notify.method === 'NOTIFY' &&
      /^terminated\b/i.test(headerValue(notify, 'subscription-state') ?? '')
    );
  }

  /** A NOTIFY may overtake the answer to the SUBSCRIBE: it makes the dialog as well (RFC 6665 §4.4.1). */
  fromNotify(subscribe: SipRequest, notify: SipRequest, contact: string, flow: Flow): AppDialog {
    const routes = headerValues(notify, 'record-route').reverse();
    const asAnswer: SipResponse = {
      kind: 'response',
      status: 200,
      reason: '',
      body: '',
      headers: [
        { name: 'To', key: 'to', value: headerValue(notify, 'from') ?? '' },
        { name: 'Contact', key: 'contact', value: headerValue(notify, 'contact') ?? '' },
        ...routes.map((value) => ({ name: 'Record-Route', key: 'record-route', value })),
      ],
    };
    const dialog: AppDialog = Dialog.asClient(subscribe, asAnswer, contact, flow);
    this.renewed(dialog, subscribe, asAnswer);
    return dialog;
  }
}

function expires(message: SipMessage): number | undefined {
  const seconds = decimal((headerValue(message, 'expires') ?? '').trim());
  return seconds < 0 ? undefined : seconds;
}
