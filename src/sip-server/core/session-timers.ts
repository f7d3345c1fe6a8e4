import { sessionExpires } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, parseMessage } from '../message';
import type { AppDialog, Context } from './context';
import type { OwnRequests } from './own-requests';

/** The shortest session that is agreed to; RFC 4028 §5 allows no shorter one to be asked for. */
export const MIN_SESSION_SECONDS = 90;

/** Keeps long calls honest: a side that stops refreshing is taken for gone (RFC 4028). */
export class SessionTimers {
  readonly #context: Context;
  readonly #own: OwnRequests;
  /** Seconds agreed, and whether the peer refreshes. */
  readonly #agreed = new WeakMap<AppDialog, { seconds: number; peerRefreshes: boolean }>();

  constructor(context: Context, own: OwnRequests) {
    this.#context = context;
    this.#own = own;
  }

  /**
   * The Session-Expires line for our 2xx, where the peer offered one with a refresher and the
   * application put none of its own (RFC 4028 §9).
   */
  answer(request: SipRequest, response: SipResponse): string {
    if (response.status < 200 || headerValue(response, 'session-expires') !== undefined) return '';
    const offered = sessionExpires(request);
    if (!offered || offered.refresher === undefined) return '';
    const require = offered.refresher === 'uac' ? 'Require: timer\r\n' : '';
    return `Session-Expires: ${Math.max(offered.seconds, MIN_SESSION_SECONDS)};refresher=${offered.refresher}\r\n${require}`;
  }

  /** The session stands: what our 2xx said is what runs. */
  start(dialog: AppDialog, request: SipRequest, responseSent: string): void {
    const parsed = parseMessage(responseSent);
    const session = parsed.ok ? sessionExpires(parsed.message) : undefined;
    if (!session || request.method === 'BYE') return;
    const peerIsUac = true;
    const peerRefreshes = peerIsUac === ((session.refresher ?? 'uac') === 'uac');
    this.#agreed.set(dialog, { seconds: session.seconds, peerRefreshes });
    this.#arm(dialog);
  }

  /** A re-INVITE or UPDATE of the peer refreshes the session. */
  refreshed(dialog: AppDialog, request: SipRequest): void {
    const agreed = this.#agreed.get(dialog);
    if (!agreed) return;
    const offered = sessionExpires(request);
    if (offered) agreed.seconds = Math.max(offered.seconds, MIN_SESSION_SECONDS);
    this.#arm(dialog);
  }

  #arm(dialog: AppDialog): void {
    const agreed = this.#agreed.get(dialog);
    if (!agreed || dialog.state === 'ended') return;
    dialog.sessionTimer?.cancel();
    // Our own refresh goes at half time; the peer's is awaited until shortly before the end (RFC 4028 §10).
    const seconds = agreed.peerRefreshes
      ? agreed.seconds - Math.min(32, agreed.seconds / 3)
      : agreed.seconds / 2;
    dialog.sessionTimer = this.#context.scheduler.after(seconds * 1000, () => {
      if (agreed.peerRefreshes) this.#own.hangUp(dialog, 'Session timer expired');
      else {
        this.#own.refresh(dialog, agreed.seconds);
        this.#arm(dialog);
      }
    });
  }
}
