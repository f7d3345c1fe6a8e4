import type { FundsReply } from '../billing';
import type { Micros } from '../domain';

/** An answered call for which money is held. */
export interface CoveredCall {
  readonly callId: string;
  /** Name of its hold. */
  readonly holdId: string;
  /** Micro-units that are held. */
  readonly held: Micros;
  /** Milliseconds of conversation that they cover. */
  readonly coveredMs: number;
  /** Milliseconds after which it is ended anyway. */
  readonly maxDurationMs: number;
  /** Micro-units that so many milliseconds of conversation may cost; never falls. */
  costOf(connectedMs: number): Micros;
}

export interface HoldExtenderOptions {
  /** Milliseconds of conversation that one extension covers, if the wallet does. */
  readonly stretchMs: number;
  /** Sets so much aside in all, rather the first amount than the next. */
  readonly extend: (holdId: string, amounts: readonly Micros[]) => Promise<FundsReply>;
  /** What is held for the call is used up, and its wallet wants it ended then. */
  readonly onExhausted: (callId: string) => void;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Money is asked for so long before what is held is used up, in milliseconds of conversation; or half a stretch. */
const MAX_LEAD_MS = 60_000;
/** A stretch that the wallet does not cover is tried in parts: a half of it, a quarter, an eighth. */
const PARTS = [1, 2, 4, 8];
/** Milliseconds after which a wallet that had not enough, or was away, is asked again. */
const ASK_AGAIN_MS = 5_000;

interface Watched {
  readonly call: CoveredCall;
  held: Micros;
  coveredMs: number;
  asking: boolean;
  askAgainAt: number;
  /** Ends the call when what is held is used up. */
  endTimer: NodeJS.Timeout | undefined;
}

/**
 * Covers calls further while they last: before the time is over that is paid for, more is set aside for the
 * next stretch. What the wallet does not cover goes on without, or ends, as the wallet says; while nobody can
 * ask it, calls go on.
 */
export class HoldExtender {
  readonly #options: HoldExtenderOptions;
  readonly #leadMs: number;
  readonly #calls = new Map<string, Watched>();

  constructor(options: HoldExtenderOptions) {
    this.#options = options;
    this.#leadMs = Math.min(MAX_LEAD_MS, options.stretchMs / 2);
  }

  /** A call was answered; what is held covers some of it, or all. */
  add(call: CoveredCall): void {
    const { held, coveredMs } = call;
    const fresh = { held, coveredMs, asking: false, askAgainAt: -Infinity, endTimer: undefined };
    this.#calls.set(call.callId, { call, ...fresh });
  }

  /** The call is over. */
  remove(callId: string): void {
    clearTimeout(this.#calls.get(callId)?.endTimer);
    this.#calls.delete(callId);
  }

  /** Looks whose cover runs out. @param answered - calls with their conversation so far, in milliseconds */
  look(answered: readonly { readonly callId: string; readonly connectedMs: number }[]): void {
    const now = this.#options.monotonic();
    for (const { callId, connectedMs } of answered) {
      const watched = this.#calls.get(callId);
      if (!watched || watched.asking || now < watched.askAgainAt) continue;
      const { coveredMs, call } = watched;
      if (coveredMs >= call.maxDurationMs || coveredMs - connectedMs > this.#leadMs) continue;
      void this.#extend(watched, connectedMs, now);
    }
  }

  close(): void {
    for (const callId of [...this.#calls.keys()]) this.remove(callId);
  }

  /** Never rejects. */
  async #extend(watched: Watched, connectedMs: number, now: number): Promise<void> {
    const wanted = this.#wanted(watched, connectedMs);
    // Time that costs no more than what is held is covered as it is.
    const free = wanted.find(({ cost }) => cost <= watched.held);
    if (free) this.#cover(watched, free.untilMs);
    const amounts = wanted.flatMap(({ cost }) => (cost > watched.held ? [cost] : []));
    if (amounts.length === 0) return;
    watched.asking = true;
    watched.askAgainAt = now + ASK_AGAIN_MS;
    try {
      const reply = await this.#options.extend(watched.call.holdId, amounts);
      if (this.#calls.get(watched.call.callId) !== watched) return;
      if (reply.ok) {
        watched.held = reply.amount;
        watched.askAgainAt = -Infinity;
        this.#cover(watched, wanted.find(({ cost }) => cost <= reply.amount)?.untilMs ?? watched.coveredMs);
      } else if (reply.reason === 'insufficient') {
        if (reply.onExhausted === 'end') this.#endAt(watched, connectedMs, now);
      } else this.remove(watched.call.callId);
    } catch {
      // Nobody can be asked: the call goes on, and they are asked again.
    } finally {
      watched.asking = false;
    }
  }

  /** How far it might be covered next, furthest first, and what that may cost in all. */
  #wanted({ call, coveredMs }: Watched, connectedMs: number): { untilMs: number; cost: Micros }[] {
    const from = Math.max(coveredMs, connectedMs);
    return PARTS.map((part) => {
      const untilMs = Math.min(from + Math.ceil(this.#options.stretchMs / part), call.maxDurationMs);
      return { untilMs, cost: call.costOf(untilMs) };
    });
  }

  #cover(watched: Watched, untilMs: number): void {
    watched.coveredMs = Math.max(watched.coveredMs, untilMs);
    clearTimeout(watched.endTimer);
    watched.endTimer = undefined;
  }

  #endAt(watched: Watched, connectedMs: number, now: number): void {
    const leftMs = watched.coveredMs - connectedMs - (this.#options.monotonic() - now);
    const { callId } = watched.call;
    watched.endTimer ??= setTimeout(
      () => {
        this.remove(callId);
        this.#options.onExhausted(callId);
      },
      Math.max(0, leftMs),
    );
  }
}
