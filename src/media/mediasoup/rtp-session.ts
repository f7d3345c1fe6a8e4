import { isIPv6 } from 'node:net';
import { asError } from '../../domain';
import type { LegHints, MediaLeg, MediaLegRole, MediaSession, MediaSessionListener } from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import { CallCodecs } from '../sdp/call-codecs';
import { Labels } from './labels';
import type { PortAllocator } from './port-allocator';
import { RtpLeg } from './rtp-leg';
import { RtpPath } from './rtp-path';
import type { PooledWorker, WorkerPassenger, WorkerPool } from './worker-pool';

/** An address of this machine for RTP. */
export interface RtpAddress {
  readonly listen: string;
  readonly announced: string;
}

/** What sessions share. */
export interface SessionContext {
  readonly pool: WorkerPool;
  readonly ports: PortAllocator;
  /** One per IP family; the first is used where a leg has no reason for the other. */
  readonly addresses: readonly RtpAddress[];
  readonly strangers: boolean;
  readonly rtpTimeoutMs: number;
  readonly now: () => number;
  readonly sessionId: () => number;
  onClosed(session: RtpSession): void;
}

/** A port of our range may be in use by somebody else on this machine: the next one is tried. */
const PORT_TRIES = 16;
const TAKEN = new Set(['EADDRINUSE', 'EACCES']);

/** The media of one call on one worker. */
export class RtpSession implements MediaSession, WorkerPassenger {
  readonly #context: SessionContext;
  readonly #listener: MediaSessionListener;
  readonly #legs = new Set<RtpLeg>();
  readonly #codecs = new CallCodecs();
  #worker: PooledWorker | undefined;
  #boarding: Promise<PooledWorker | undefined> | undefined;
  #bridged: { readonly a: RtpLeg; readonly b: RtpLeg; readonly early: boolean } | undefined;
  /** Last media of legs that are closed already. */
  readonly #lastMediaAt = new Map<MediaLegRole, number>();
  #timedOut = false;
  #closed = false;

  constructor(context: SessionContext, listener: MediaSessionListener) {
    this.#context = context;
    this.#listener = listener;
  }

  get size(): number {
    return this.#legs.size;
  }

  async createLeg(role: MediaLegRole, hints: LegHints = {}): Promise<MediaLeg> {
    await this.#board();
    const { addresses, ports } = this.#context;
    const v6 = hints.signalingAddress === undefined ? undefined : isIPv6(hints.signalingAddress);
    const address = addresses.find(({ listen }) => isIPv6(listen) === v6) ?? addresses[0];
    if (!address) throw new MediaUnavailable('no address for RTP');
    for (let tries = 0; tries < PORT_TRIES; tries++) {
      const port = ports.take();
      if (port === undefined) break;
      try {
        return await this.#openLeg(role, hints, address, port);
      } catch (error) {
        ports.give(port);
        if (!TAKEN.has((error as NodeJS.ErrnoException).code ?? '')) {
          throw new MediaUnavailable(`RTP port ${port}: ${String(error)}`, { cause: error });
        }
      }
    }
    throw new MediaUnavailable('no RTP port is free');
  }

  async bridge(a: MediaLeg, b: MediaLeg, options: { readonly early?: boolean } = {}): Promise<void> {
    if (!(a instanceof RtpLeg) || !(b instanceof RtpLeg)) throw new TypeError('legs of another engine');
    if (this.#closed) return;
    this.#bridged = { a, b, early: options.early ?? false };
    await this.#arrange();
  }

  lastMediaAt(role?: MediaLegRole): number | undefined {
    const instants: (number | undefined)[] = [];
    for (const leg of this.#legs) {
      if (role === undefined || leg.role === role) instants.push(leg.path.lastMediaAt);
    }
    for (const [past, at] of this.#lastMediaAt) if (role === undefined || past === role) instants.push(at);
    const known = instants.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const leg of [...this.#legs]) leg.close();
    this.#worker?.passengers.delete(this);
    this.#context.onClosed(this);
  }

  workerDied(): void {
    this.#lost('the media worker died');
  }

  /** @throws MediaUnavailable when the session is over or no worker comes up */
  async #board(): Promise<void> {
    if (!this.#worker && !this.#closed) {
      this.#boarding ??= this.#context.pool.board(this);
      this.#worker = await this.#boarding;
      this.#boarding = undefined;
    }
    if (this.#closed) {
      this.#worker?.passengers.delete(this);
      throw new MediaUnavailable('the session is closed');
    }
    if (!this.#worker) throw new MediaUnavailable('no media worker is up');
  }

  /** @throws Error of the operating system when the port is taken */
  async #openLeg(role: MediaLegRole, hints: LegHints, address: RtpAddress, port: number): Promise<MediaLeg> {
    const { ports, strangers, now, sessionId, rtpTimeoutMs } = this.#context;
    const path: RtpPath = await RtpPath.open({
      listenAddress: address.listen,
      announcedAddress: address.announced,
      port,
      signalingAddress: hints.signalingAddress,
      strangers,
      now,
      onProducer: () => this.#producerChanged(path),
      onSilence: (forMs) => {
        if (forMs >= rtpTimeoutMs) this.#silent(role);
      },
      onLost: (reason) => this.#lost(reason),
    });
    const leg = new RtpLeg(role, {
      path,
      address: address.announced,
      port,
      codecs: this.#codecs,
      sessionId: sessionId(),
      onDescribed: (described) => this.#described(described),
      onClosed: (closed) => {
        this.#legs.delete(closed);
        const at = closed.path.lastMediaAt;
        if (at !== undefined) this.#lastMediaAt.set(role, at);
        ports.give(port);
      },
    });
    this.#legs.add(leg);
    if (this.#closed) leg.close();
    return leg;
  }

  /** A bridged leg's peer has new wishes: codecs or payload types may be others now. */
  #described(leg: RtpLeg): void {
    const bridged = this.#bridged;
    if (bridged && (bridged.a === leg || bridged.b === leg)) void this.#arrange();
  }

  /** Tells both paths what crosses, and under which payload types. */
  async #arrange(): Promise<void> {
    const bridged = this.#bridged;
    const worker = this.#worker;
    if (!bridged || !worker || this.#closed) return;
    const { a, b, early } = bridged;
    const wanted = new Labels([a.digits.out, b.digits.out]);
    try {
      const exchange = await worker.exchange(wanted);
      // Meanwhile another leg may have been bridged.
      if (this.#bridged !== bridged || this.#closed) return;
      const codecs = this.#codecs.common();
      const plan = { exchange, codecs, early };
      a.path.connect({ ...plan, digitsIn: a.digits.in, digitsOut: b.digits.out, other: b.path });
      b.path.connect({ ...plan, digitsIn: b.digits.in, digitsOut: a.digits.out, other: a.path });
    } catch (error) {
      this.#lost(asError(error).message);
    }
  }

  #producerChanged(path: RtpPath): void {
    const bridged = this.#bridged;
    if (bridged?.a.path === path) bridged.b.path.otherChanged();
    else if (bridged?.b.path === path) bridged.a.path.otherChanged();
  }

  #silent(role: MediaLegRole): void {
    if (this.#closed || this.#timedOut) return;
    this.#timedOut = true;
    this.#listener.onRtpTimeout(role);
  }

  #lost(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#listener.onMediaLost(reason);
  }
}
