import type { MediaLeg, MediaLegRole, MediaSession, Sound } from '../../media';
import { MediaUnavailable } from '../../media';
import type { SipDialog } from '../sip/sip-stack';
import type { BuyerSide } from '../transfer/buyer-side';
import type { PlaceResult, TransferTo } from '../transfer/place';
import type { CallCommand, ControlRefusal, SoundTo } from './command';
import { PlayedSound } from './played-sound';
import { ReOffers } from './re-offers';

/** What it needs of the answered call that it belongs to. */
export interface ControlledCall {
  readonly media: MediaSession;
  readonly caller: { readonly dialog: SipDialog; readonly leg: MediaLeg };
  /** Where a call leads that is to be handed on. */
  place(to: TransferTo): PlaceResult;
  /** It was put on hold, or taken from it. */
  changed(held: boolean): void;
  played(sound: Sound, to: readonly MediaLegRole[]): void;
  onBug(error: unknown): void;
}

/** What may be done to an answered call from outside. Asked twice for the same, it does it once. */
export class CallControl {
  readonly #call: ControlledCall;
  readonly #side: BuyerSide;
  readonly #toCaller: ReOffers;
  /** Told of holding; another party is another one. */
  #toParty: { readonly dialog: SipDialog; readonly leg: MediaLeg; readonly offers: ReOffers } | undefined;
  #sound: PlayedSound | undefined;
  #closed = false;

  constructor(call: ControlledCall, side: BuyerSide) {
    this.#call = call;
    this.#side = side;
    // The caller made its Call-ID, and we that of whom we rang.
    this.#toCaller = new ReOffers(call.caller, 'peer', (error) => call.onBug(error));
  }

  get held(): boolean {
    return this.#side.held;
  }

  /** @returns why not; undefined when it is done, or begun */
  async carryOut(command: Exclude<CallCommand, { kind: 'hangup' }>): Promise<ControlRefusal | undefined> {
    switch (command.kind) {
      case 'hold':
        return this.#hold();
      case 'unhold':
        return this.#unhold();
      case 'transfer':
        return this.#transfer(command.to);
      case 'play':
        return this.#play(command.sound, command.to, command.durationMs);
      case 'record':
      case 'monitor':
        return 'media_cannot';
    }
  }

  /** The call is over. */
  close(): void {
    this.#closed = true;
    this.#sound?.stop();
    this.#toCaller.close();
    this.#toParty?.offers.close();
  }

  #hold(): ControlRefusal | undefined {
    if (this.held) return undefined;
    const refused = this.#side.busy;
    if (refused !== undefined) return refused;
    this.#endSound();
    this.#side.hold();
    this.#tell(true);
    return undefined;
  }

  async #unhold(): Promise<ControlRefusal | undefined> {
    if (!this.held) return undefined;
    this.#tell(false);
    await this.#side.unhold();
    return undefined;
  }

  /** Both sides learn it by a re-INVITE; what they hear has changed already (RFC 6337 §5.3). */
  #tell(held: boolean): void {
    const { caller } = this.#call;
    const { dialog, leg } = this.#side.party;
    if (this.#toParty?.dialog !== dialog) {
      this.#toParty?.offers.close();
      const offers = new ReOffers({ dialog, leg }, 'us', (error) => this.#call.onBug(error));
      this.#toParty = { dialog, leg, offers };
    }
    caller.leg.hold(held);
    leg.hold(held);
    this.#toCaller.tell();
    this.#toParty.offers.tell();
    this.#call.changed(held);
  }

  #transfer(to: TransferTo): ControlRefusal | undefined {
    const found = this.#call.place(to);
    if (!found.ok) return found.status === 403 ? 'place_of_others' : 'no_such_place';
    const refused = this.#side.transfer(found.place);
    if (refused === undefined) this.#endSound();
    return refused;
  }

  async #play(sound: Sound, to: SoundTo, durationMs: number): Promise<ControlRefusal | undefined> {
    const refused = this.#side.busy ?? (this.held ? 'held' : undefined);
    if (refused !== undefined) return refused;
    const { party } = this.#side;
    const holding = party.leg.remoteDirection();
    // Who holds the call by its phone has the caller hear something else already.
    if (holding === 'sendonly' || holding === 'inactive') return 'held_by_phone';
    const { media, caller } = this.#call;
    const legs = [...(to === 'buyer' ? [] : [caller.leg]), ...(to === 'caller' ? [] : [party.leg])];
    this.#endSound();
    try {
      const played = await PlayedSound.play(media, legs, sound, durationMs);
      if (this.#closed || this.#sound || this.#side.busy !== undefined || this.held) {
        // Somebody else came first meanwhile.
        played.stop();
        return this.#closed ? 'over' : (this.#side.busy ?? (this.held ? 'held' : undefined));
      }
      this.#sound = played;
    } catch (error) {
      if (error instanceof MediaUnavailable) return this.#closed ? 'over' : 'media_cannot';
      throw error;
    }
    this.#call.played(
      sound,
      legs.map(({ role }) => role),
    );
    return undefined;
  }

  #endSound(): void {
    this.#sound?.stop();
    this.#sound = undefined;
  }
}
