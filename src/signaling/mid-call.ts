import type { MediaLeg } from '../media';
import type { DialogHandlers, SipDialog } from './sip/sip-stack';

export type MidCallSide = 'caller' | 'buyer';

/** What a side may be listened to besides. */
export interface MidCallEvents {
  readonly onRefer?: NonNullable<DialogHandlers['onRefer']>;
  /** Its new offer was answered: hold, resume. */
  onOffered?(): void;
  /** Its answer to an offer of ours in a 200 was taken over. */
  onAnswered?(): void;
  /** An INFO for us and not for the other side; gives the status to answer it with. */
  onInfo?(contentType: string, body: string): number;
}

/**
 * What the two sides of a connected call may do to each other: new offers (hold, resume, a new
 * address) are answered by each leg's own media; INFO and MESSAGE are carried across.
 */
export class MidCall {
  readonly #dialogs = new Map<MidCallSide, SipDialog>();
  readonly #onBug: (error: unknown, callId: string) => void;
  readonly #callId: string;

  constructor(onBug: (error: unknown, callId: string) => void, callId: string) {
    this.#onBug = onBug;
    this.#callId = callId;
  }

  /** Listens to one side; whoever was there before is out of the call. */
  attach(
    role: MidCallSide,
    dialog: SipDialog,
    leg: MediaLeg,
    onEnd: DialogHandlers['onEnd'],
    more: MidCallEvents = {},
  ): void {
    this.#dialogs.set(role, dialog);
    dialog.setHandlers({
      onEnd,
      ...(more.onRefer ? { onRefer: more.onRefer } : {}),
      onOffer: async (sdp) => {
        const answer = await this.#answerOffer(leg, sdp);
        if (answer.ok && sdp !== '') more.onOffered?.();
        return answer;
      },
      onAckSdp: (sdp) => {
        leg.applyAnswer(sdp).then(
          () => more.onAnswered?.(),
          (error: unknown) => this.#onBug(error, this.#callId),
        );
      },
      onRequest: async (method, contentType, body) => {
        if (more.onInfo) return method === 'INFO' ? more.onInfo(contentType, body) : 480;
        const other = this.#dialogs.get(role === 'caller' ? 'buyer' : 'caller');
        const status = other ? await other.request(method, contentType, body) : 0;
        return status >= 200 ? status : 503;
      },
    });
  }

  /** Nobody is on that side any more. */
  detach(role: MidCallSide): void {
    this.#dialogs.delete(role);
  }

  async #answerOffer(leg: MediaLeg, sdp: string): ReturnType<DialogHandlers['onOffer']> {
    try {
      if (sdp === '') {
        // A re-INVITE without an offer asks for ours (RFC 3264 §5).
        const offer = leg.createOffer();
        return offer.ok ? offer : { ok: false, status: 488 };
      }
      const received = leg.receiveOffer(sdp);
      const answer = received.ok ? await leg.createAnswer() : received;
      return answer.ok ? answer : { ok: false, status: 488 };
    } catch (error) {
      this.#onBug(error, this.#callId);
      return { ok: false, status: 500 };
    }
  }
}
