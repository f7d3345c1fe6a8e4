import type { DialogHandlers, OfferResult, SipDialog } from '../sip/sip-stack';
import type { Ladder } from './ladder';

/** A dialog whose messages are written down. */
export class RecordedDialog implements SipDialog {
  readonly #dialog: SipDialog;
  readonly #ladder: Ladder;
  readonly #leg: string;
  #over = false;

  constructor(dialog: SipDialog, ladder: Ladder, leg: string) {
    this.#dialog = dialog;
    this.#ladder = ladder;
    this.#leg = leg;
  }

  get id(): SipDialog['id'] {
    return this.#dialog.id;
  }

  get remoteSdp(): string {
    return this.#dialog.remoteSdp;
  }

  setHandlers(handlers: DialogHandlers): void {
    const { onRefer } = handlers;
    this.#dialog.setHandlers({
      onEnd: (cause) => {
        this.#over = true;
        this.#ladder.note(this.#leg, 'in', cause === 'bye' ? 'BYE' : cause);
        handlers.onEnd(cause);
      },
      onOffer: async (sdp) => {
        this.#ladder.note(this.#leg, 'in', 'INVITE', sdp);
        const result = await handlers.onOffer(sdp);
        const [status, answer] = result.ok ? ['200', result.sdp] : [String(result.status), ''];
        this.#ladder.note(this.#leg, 'out', status, answer);
        return result;
      },
      onAckSdp: (sdp) => handlers.onAckSdp(sdp),
      onRequest: async (method, contentType, body) => {
        this.#ladder.note(this.#leg, 'in', method);
        const status = await handlers.onRequest(method, contentType, body);
        this.#ladder.note(this.#leg, 'out', String(status));
        return status;
      },
      ...(onRefer
        ? {
            onRefer: (refer) => {
              this.#ladder.note(this.#leg, 'in', 'REFER');
              onRefer.call(handlers, refer);
            },
          }
        : {}),
    });
  }

  bye(reason?: string): void {
    if (!this.#over) this.#ladder.note(this.#leg, 'out', 'BYE');
    this.#over = true;
    this.#dialog.bye(reason);
  }

  onOver(handler: () => void): void {
    this.#dialog.onOver(handler);
  }

  async offer(sdp: string): Promise<OfferResult> {
    this.#ladder.note(this.#leg, 'out', 'INVITE', sdp);
    const result = await this.#dialog.offer(sdp);
    const [status, answer] = result.ok ? ['200', result.sdp] : [String(result.status), ''];
    this.#ladder.note(this.#leg, 'in', status, answer);
    return result;
  }

  async request(method: 'INFO' | 'MESSAGE', contentType: string, body: string): Promise<number> {
    this.#ladder.note(this.#leg, 'out', method);
    const status = await this.#dialog.request(method, contentType, body);
    this.#ladder.note(this.#leg, 'in', String(status));
    return status;
  }
}
