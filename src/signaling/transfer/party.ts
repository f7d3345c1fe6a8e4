import type { MediaLeg } from '../../media';
import type { SipDialog } from '../sip/sip-stack';

/** Somebody on the buyer's side of a call: a dialog, its leg, and who it is. */
export class Party {
  readonly dialog: SipDialog;
  readonly leg: MediaLeg;
  /** Whose phone it is, where agents were rung. */
  readonly agentId: string | undefined;
  /** The buyer's target that was rung, where it was one. */
  readonly targetId: string | undefined;
  #gone = false;

  constructor(
    dialog: SipDialog,
    leg: MediaLeg,
    who: { readonly agentId?: string | undefined; readonly targetId?: string | undefined } = {},
  ) {
    this.dialog = dialog;
    this.leg = leg;
    this.agentId = who.agentId;
    this.targetId = who.targetId;
  }

  /** It hung up, or was hung up on. */
  get gone(): boolean {
    return this.#gone;
  }

  /** It hung up. */
  left(): void {
    this.#gone = true;
  }

  hangUp(reason?: string): void {
    if (this.#gone) return;
    this.#gone = true;
    this.dialog.bye(reason);
  }

  /** A browser, which sends no music of its own while it holds a call. */
  get silentOnHold(): boolean {
    return /\bRTP\/SAVPF\b/.test(this.dialog.remoteSdp);
  }
}
