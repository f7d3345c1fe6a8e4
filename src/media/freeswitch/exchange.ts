import { asError } from '../../domain';
import type { Arrangement, Doing } from './arrangement';
import type { FreeswitchLeg } from './freeswitch-leg';
import { argumentOf, Played } from './playback';

export interface ExchangeListener {
  /** These two hear each other from now on, or no more. */
  onJoined(a: FreeswitchLeg, b: FreeswitchLeg): void;
  onParted(a: FreeswitchLeg, b: FreeswitchLeg): void;
  /** Nothing of it is heard any more; `whole`: it was heard to its end. */
  onPlayed(leg: FreeswitchLeg, played: Played, whole: boolean): void;
  /** A channel did not do what it was told. */
  onFailed(leg: FreeswitchLeg, reason: string): void;
}

/** A sound that goes wrong again and again is given up. */
const MIN_LOOP_MS = 100;

/**
 * Has the channels of a call do what its arrangement wants, one change after the other: each ends what it did,
 * is parked, and begins something else.
 */
export class Exchange {
  readonly #arrangement: Arrangement;
  readonly #listener: ExchangeListener;
  readonly #now: () => number;
  readonly #doing = new Map<FreeswitchLeg, Doing>();
  /** Resolves when a channel has ended what it played. */
  readonly #playing = new Map<FreeswitchLeg, Promise<void>>();
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(arrangement: Arrangement, listener: ExchangeListener, now: () => number) {
    this.#arrangement = arrangement;
    this.#listener = listener;
    this.#now = now;
  }

  /** Whom a leg hears now. */
  partnerOf(leg: FreeswitchLeg): FreeswitchLeg | undefined {
    const doing = this.#doing.get(leg);
    return doing instanceof Played ? undefined : doing;
  }

  /** Resolves when what is wanted now is so, or was given up. */
  arrange(): Promise<void> {
    this.#work = this.#work.then(() => this.#carryOut());
    return this.#work;
  }

  close(): void {
    this.#closed = true;
  }

  /** A leg of the call; its channel does nothing yet. */
  add(leg: FreeswitchLeg): void {
    this.#doing.set(leg, undefined);
  }

  /** A leg is closed: it leaves whom it is with before its channel ends, so that the other stays. */
  async remove(leg: FreeswitchLeg): Promise<void> {
    await this.arrange();
    this.#doing.delete(leg);
    this.#playing.delete(leg);
  }

  async #carryOut(): Promise<void> {
    for (const leg of [...this.#doing.keys()]) await this.#endOther(leg);
    for (const { legs } of this.#arrangement.bridges) await this.#join(...legs);
    for (const leg of [...this.#doing.keys()]) this.#play(leg);
  }

  async #endOther(leg: FreeswitchLeg): Promise<void> {
    const doing = this.#doing.get(leg);
    const wanted = this.#arrangement.wanted(leg);
    if (this.#closed || doing === undefined || doing === wanted) return;
    if (doing instanceof Played) await this.#stop(leg);
    else await this.#part(leg, doing);
  }

  async #part(leg: FreeswitchLeg, other: FreeswitchLeg): Promise<void> {
    this.#doing.set(leg, undefined);
    this.#doing.set(other, undefined);
    this.#listener.onParted(leg, other);
    const [live] = [leg, other].filter(({ channel }) => !channel.closed);
    if (live) await this.#tell(live, 'uuid_transfer', live.channel.uuid, '-both', 'park', 'inline');
  }

  async #stop(leg: FreeswitchLeg): Promise<void> {
    this.#doing.set(leg, undefined);
    const playing = this.#playing.get(leg);
    if (!leg.channel.closed) await this.#tell(leg, 'uuid_break', leg.channel.uuid, 'all');
    await playing;
  }

  async #join(a: FreeswitchLeg, b: FreeswitchLeg): Promise<void> {
    const wanted = this.#arrangement.wanted(a) === b && this.#arrangement.wanted(b) === a;
    if (this.#closed || !wanted || this.#doing.get(a) === b || a.channel.closed || b.channel.closed) {
      return;
    }
    if (!(await this.#tell(a, 'uuid_bridge', a.channel.uuid, b.channel.uuid))) return;
    this.#doing.set(a, b);
    this.#doing.set(b, a);
    this.#listener.onJoined(a, b);
  }

  #play(leg: FreeswitchLeg): void {
    const wanted = this.#arrangement.wanted(leg);
    if (this.#closed || !(wanted instanceof Played) || this.#doing.get(leg) === wanted || leg.channel.closed)
      return;
    this.#doing.set(leg, wanted);
    const playing = this.#repeat(leg, wanted).finally(() => {
      if (this.#playing.get(leg) === playing) this.#playing.delete(leg);
    });
    this.#playing.set(leg, playing);
  }

  async #repeat(leg: FreeswitchLeg, played: Played): Promise<void> {
    const { files, repeats } = played.source;
    let whole = true;
    while (whole && files.length > 0 && this.#doing.get(leg) === played) {
      const began = this.#now();
      try {
        const event = await leg.channel.run('playback', argumentOf(played.source));
        whole = !/NOT FOUND|ERROR/.test(event.getHeader('Application-Response') ?? '');
      } catch {
        whole = false;
      }
      if (!repeats || this.#now() - began < MIN_LOOP_MS) break;
    }
    if (this.#doing.get(leg) !== played) return;
    this.#doing.set(leg, undefined);
    this.#listener.onPlayed(leg, played, whole);
  }

  /** False when the channel did not do it. */
  async #tell(leg: FreeswitchLeg, command: string, ...args: readonly string[]): Promise<boolean> {
    try {
      await leg.channel.command(command, ...args);
      return true;
    } catch (error) {
      if (!leg.channel.closed && !this.#closed) this.#listener.onFailed(leg, asError(error).message);
      return false;
    }
  }
}
