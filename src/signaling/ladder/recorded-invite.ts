import type { AnswerResult, Headers, IncomingInvite } from '../sip/sip-stack';
import type { Ladder } from './ladder';
import { RecordedDialog } from './recorded-dialog';

/** The leg of whoever brought the call. */
export const CALLER_LEG = 'caller';

/** An INVITE from a trunk whose messages are written down. */
export class RecordedInvite implements IncomingInvite {
  readonly #invite: IncomingInvite;
  readonly #ladder: Ladder;
  /** A final response went out, or will be the SIP server's. */
  #final = false;

  constructor(invite: IncomingInvite, ladder: Ladder) {
    this.#invite = invite;
    this.#ladder = ladder;
    ladder.note(CALLER_LEG, 'in', 'INVITE', invite.sdp);
  }

  get callId(): string {
    return this.#invite.callId;
  }
  get requestUri(): string {
    return this.#invite.requestUri;
  }
  get transport(): IncomingInvite['transport'] {
    return this.#invite.transport;
  }
  get sourceAddress(): string {
    return this.#invite.sourceAddress;
  }
  get sourcePort(): number {
    return this.#invite.sourcePort;
  }
  get sdp(): string {
    return this.#invite.sdp;
  }

  header(name: string): string | undefined {
    return this.#invite.header(name);
  }

  headerNames(): string[] {
    return this.#invite.headerNames();
  }

  onCancel(handler: () => void): void {
    this.#invite.onCancel(() => {
      this.#final = true;
      this.#ladder.note(CALLER_LEG, 'in', 'CANCEL');
      handler();
    });
  }

  progress(status: number, sdp?: string): void {
    if (!this.#final) this.#ladder.note(CALLER_LEG, 'out', String(status), sdp);
    this.#invite.progress(status, sdp);
  }

  reject(status: number, reason?: string, headers?: Headers): void {
    if (!this.#final) this.#ladder.note(CALLER_LEG, 'out', String(status));
    this.#final = true;
    this.#invite.reject(status, reason, headers);
  }

  async answer(sdp: string): Promise<AnswerResult> {
    if (!this.#final) this.#ladder.note(CALLER_LEG, 'out', '200', sdp);
    this.#final = true;
    const answer = await this.#invite.answer(sdp);
    return answer.ok
      ? { ok: true, dialog: new RecordedDialog(answer.dialog, this.#ladder, CALLER_LEG) }
      : answer;
  }

  relay(route: string, headers?: Headers): Promise<void> {
    return this.#invite.relay(route, headers);
  }
}
