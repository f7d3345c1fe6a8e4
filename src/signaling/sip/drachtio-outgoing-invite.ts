import { DrachtioDialog } from './drachtio-dialog';
import type { RawFailure, RawRequest, RawSrf } from './drachtio-raw';
import { ALLOW } from './methods';
import type { InviteInProgress, OutgoingInvite, OutgoingInviteListener } from './sip-stack';

const NO_ANSWER_TEXT = 'could not be sent';
const GONE = 410;
/** RFC 5626 §11.5 */
const FLOW_FAILED = 430;

/** An INVITE of ours, until its one end. */
export class DrachtioOutgoingInvite implements InviteInProgress {
  #request: RawRequest | undefined;
  /** Why the attempt was given up; while undefined, the listener is told. */
  #abandoned: string | undefined;
  #over = false;

  constructor(srf: RawSrf, uri: string, invite: OutgoingInvite, listener: OutgoingInviteListener) {
    try {
      srf.createUAC(
        uri,
        {
          localSdp: invite.sdp,
          callingNumber: invite.callingNumber,
          headers: { Allow: ALLOW, ...invite.headers },
          ...(invite.route === undefined ? {} : { proxy: invite.route }),
        },
        {
          cbRequest: (error, request) => {
            if (error || !request) return;
            this.#request = request;
            if (this.#abandoned !== undefined) this.#cancel(this.#abandoned);
          },
          cbProvisional: (response) => {
            if (this.#abandoned !== undefined || this.#over) return;
            if (response.status < 180) listener.onTrying();
            else listener.onProgress(response.status, response.body ? response.body : undefined);
          },
        },
        (error, dialog) => {
          this.#over = true;
          if (this.#abandoned !== undefined) {
            // The 200 crossed our CANCEL: drachtio-srf has sent the ACK, the BYE is ours.
            if (dialog) new DrachtioDialog(dialog).bye(this.#abandoned);
          } else if (dialog) listener.onAnswer(new DrachtioDialog(dialog));
          else listener.onFailure(statusOf(error), error?.reason ?? error?.message ?? NO_ANSWER_TEXT);
        },
      );
    } catch (error) {
      this.#over = true;
      const reason = error instanceof Error ? error.message : NO_ANSWER_TEXT;
      queueMicrotask(() => {
        if (this.#abandoned === undefined) listener.onFailure(0, reason);
      });
    }
  }

  abandon(reason: string): void {
    if (this.#abandoned !== undefined) return;
    this.#abandoned = reason;
    if (!this.#over) this.#cancel(reason);
  }

  #cancel(reason: string): void {
    try {
      this.#request?.cancel({ headers: { Reason: reason } }, () => undefined);
    } catch {
      // The control connection went away; the server ends what it can no longer ask us about.
    }
  }
}

/** A drachtio-server makes up a 410 where a connection has ended: unlike one of a peer, it comes from nowhere. */
function statusOf(error: RawFailure | null): number {
  const { status = 0, res } = error ?? {};
  return status === GONE && res?.source_address === '' ? FLOW_FAILED : status;
}
