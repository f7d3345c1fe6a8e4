import type { MediaCapability } from '../../domain';
import { OPERATOR_ACCOUNT } from '../../domain';
import type { MediaLeg, MediaLegRole, MediaSession, Sound } from '../../media';
import { MediaUnavailable } from '../../media';
import type { CallEvent } from '../ports';
import type { Presentation, RingServices } from '../ringing';
import type { SipDialog } from '../sip/sip-stack';
import type { SupervisionView } from '../supervision/supervision';
import { Supervision } from '../supervision/supervision';
import type { BuyerSide } from '../transfer/buyer-side';
import type { PlaceResult, TransferTo } from '../transfer/place';
import type {
  CallCommand,
  ControlRefusal,
  ControlResult,
  Listener,
  MonitorCommand,
  SoundTo,
} from './command';
import { PlayedSound } from './played-sound';
import { ReOffers } from './re-offers';

/** What it needs of the answered call that it belongs to. */
export interface ControlledCall {
  readonly callId: string;
  readonly media: MediaSession;
  /** What the engine of this call can. */
  readonly capabilities: ReadonlySet<MediaCapability>;
  readonly caller: { readonly dialog: SipDialog; readonly leg: MediaLeg };
  /** With what those are rung who listen in. */
  readonly services: RingServices;
  /** Where a call leads that is to be handed on; of another buyer where one is named. */
  place(to: TransferTo, buyerId?: string): PlaceResult;
  /** Why nobody may listen in, with the citation; undefined when they may. */
  mayMonitor(): string | undefined;
  /** What the phone of who listens is told. @param id - of what it takes for a call */
  toSupervisor(id: string, mode: SupervisionView['mode']): Presentation;
  monitored(event: Omit<Extract<CallEvent, { type: 'call.monitored' }>, 'callId' | 'at'>): void;
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
  #supervision: Supervision | undefined;
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

  /** Who listens in, or is rung for it. */
  get supervision(): SupervisionView | undefined {
    return this.#supervision?.view;
  }

  /** @returns why not; undefined when it is done, or begun */
  async carryOut(command: Exclude<CallCommand, { kind: 'hangup' | 'record' }>): Promise<ControlResult> {
    switch (command.kind) {
      case 'hold':
        return this.#hold();
      case 'unhold':
        return this.#unhold();
      case 'transfer':
        return this.#transfer(command.to);
      case 'play':
        return this.#play(command.sound, command.to, command.durationMs);
      case 'monitor':
        return this.#monitor(command);
    }
  }

  /** Caller and buyer are joined anew: after a hold, or with somebody else. */
  rejoined(): void {
    this.#supervision?.rejoined().catch((error: unknown) => this.#call.onBug(error));
  }

  /** The call is over. @param reason - Reason header (RFC 3326) for who listened */
  close(reason?: string): void {
    this.#closed = true;
    this.#sound?.stop();
    this.#supervision?.stop(reason);
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

  #monitor(command: MonitorCommand): ControlResult | Promise<ControlResult> {
    const { by } = command;
    if (command.action === 'start') return this.#supervise(command);
    const supervision = this.#supervision;
    // Who listens to whom is nothing that others are told.
    if (!supervision || !isTheirs(supervision.by, by)) return 'not_monitored';
    if (command.action === 'change') return supervision.change(command.mode, by);
    supervision.stop();
    return undefined;
  }

  async #supervise({
    by,
    mode,
    to: { kind, id, buyerId },
  }: Extract<MonitorCommand, { action: 'start' }>): Promise<ControlResult> {
    const { callId, capabilities, services, media, mayMonitor, monitored, onBug } = this.#call;
    if (!capabilities.has('monitor')) return 'media_cannot';
    if (this.#supervision) return 'monitored';
    const refused = this.#side.busy ?? (this.held ? 'held' : undefined);
    if (refused !== undefined) return refused;
    const unlawful = mayMonitor();
    if (unlawful !== undefined) return { refusal: 'needs_consent', detail: unlawful };
    const found = this.#call.place({ kind, id }, buyerId);
    if (!found.ok) return 'no_such_place';
    const { place } = found;
    if (place.kind === 'agents') {
      // A team is many: it is one who listens.
      if (place.group.kind === 'team') return 'no_such_place';
      if (place.group.id === this.#side.party.agentId) return 'has_the_call';
    }
    const supervision: Supervision = new Supervision(
      {
        ...{ callId, services, media, onBug },
        tell: monitored,
        over: () => {
          if (this.#supervision === supervision) this.#supervision = undefined;
        },
      },
      by,
      mode,
    );
    this.#supervision = supervision;
    return supervision.start({
      ...{ place, buyerId },
      presentation: (monitorId) => this.#call.toSupervisor(monitorId, mode),
    });
  }

  #endSound(): void {
    this.#sound?.stop();
    this.#sound = undefined;
  }
}

/** People of the exchange may end what anybody began; others what is their own. */
function isTheirs(began: Listener, { accountId }: Listener): boolean {
  return accountId === OPERATOR_ACCOUNT || accountId === began.accountId;
}
