import { classifyNumber } from '../../../src/compliance';
import type {
  AttemptEvent,
  CallAttempt,
  E164,
  EndedEvent,
  FraudPrior,
  Micros,
  Zone,
} from '../../../src/domain';
import { endSigns } from '../../../src/domain';
import type { FraudContext, SignalVector } from '../../../src/fraud';
import { FraudState } from '../../../src/fraud';
import { blockOfKey, isNanpKey, numberKey } from '../../../src/fraud/structures/keys';
import type { MadeCall } from './world';
import { HOUR_MS } from './world';

/** What is known of a caller's digits. */
interface Digits {
  readonly number: FraudContext['number'];
  readonly zone: Zone | undefined;
}

/**
 * Leads every call of a world through the state as a switch does: its signals are read as it comes,
 * then it is recorded, and its end is recorded when it ends. Priors are summed up every hour.
 */
export function runWorld(
  calls: readonly MadeCall[],
  onCall: (call: MadeCall, signals: SignalVector) => void,
): void {
  const state = new FraudState({ callers: 65_536, dids: 8_192, sellers: 1_024, trunks: 256 });
  const priors = new HourlyPriors();
  const ends = new Ends();
  let hour = 0;
  for (const call of calls) {
    for (let ended = ends.before(call.at); ended; ended = ends.before(call.at)) {
      const event = endedOf(ended);
      state.recordEnd(event);
      priors.add(event);
    }
    if (call.at >= hour) {
      priors.rollUp();
      hour = call.at + HOUR_MS;
    }
    const attempt = attemptOf(call);
    onCall(call, state.read(attempt, contextOf(call, priors), call.at));
    state.recordAttempt(eventOf(call));
    ends.add(call);
  }
}

export function attemptOf(call: MadeCall): CallAttempt {
  return {
    callId: 'made',
    receivedAt: call.at,
    from: call.caller,
    to: call.did,
    trunkId: trunks.of(call.trunk),
    origin: 'inbound_consumer',
    claimedOrigin: undefined,
    attestation: call.attestation,
    verstat: call.verstat,
    reservation: undefined,
    forwardedBy: FORWARDERS.slice(0, call.forwards),
    tags: {},
  };
}

const FORWARDERS = [
  '+13125550101',
  '+13125550102',
  '+13125550103',
  '+13125550104',
] as unknown as readonly E164[];
const digits = new Map<string, Digits>();

export function contextOf(call: MadeCall, priors: FraudContext['priors']): FraudContext {
  return {
    ...digitsOf(call.caller),
    sellerId: sellers.of(call.publisher),
    placeContradicted: call.contradicted,
    forwardedByUs: call.forwardedByUs,
    priors,
  };
}

function digitsOf(caller: E164 | undefined): Digits {
  if (caller === undefined) return { number: 'withheld', zone: undefined };
  const prefix = caller.slice(0, 8);
  let known = digits.get(prefix);
  if (!known) {
    const found = classifyNumber(caller);
    known = { number: found.kind, zone: found.kind === 'geographic' ? found.place.zones[0] : undefined };
    digits.set(prefix, known);
  }
  return known;
}

export function eventOf(call: MadeCall): AttemptEvent {
  const { verstat } = call;
  return {
    kind: 'attempt',
    at: call.at,
    caller: call.caller,
    did: call.did,
    trunkId: trunks.of(call.trunk),
    sellerId: sellers.of(call.publisher),
    campaignId: 'campaign',
    origin: 'inbound_consumer',
    placeContradicted: call.contradicted,
    misidentified: verstat !== 'passed' && verstat !== 'none',
    signed: call.attestation === 'A',
  };
}

function endedOf(call: MadeCall): EndedEvent {
  const paid = call.answered && call.connectedMs >= call.payoutAfterMs;
  return {
    kind: 'ended',
    at: endOf(call),
    caller: call.caller,
    did: call.did,
    trunkId: trunks.of(call.trunk),
    sellerId: sellers.of(call.publisher),
    campaignId: 'campaign',
    origin: 'inbound_consumer',
    buyerId: call.answered ? 'buyer' : undefined,
    targetId: call.answered ? 'target' : undefined,
    ringMs: call.ringMs,
    answered: call.answered,
    connectedMs: call.connectedMs,
    endedBy: call.endedBy,
    converted: paid,
    revenue: (paid ? (call.payout + call.margin) * 1_000_000 : 0) as Micros,
    payoutAfterMs: call.payoutAfterMs,
  };
}

/** Ids of numbered parties, each made once. */
class Ids {
  readonly #prefix: string;
  readonly #made: string[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(n: number): string {
    return (this.#made[n] ??= `${this.#prefix}-${n}`);
  }
}

const trunks = new Ids('trunk');
const sellers = new Ids('publisher');
const endOf = (call: MadeCall): number => call.at + call.ringMs + call.connectedMs;

/** Calls that are up, the next to end first: a binary heap. */
class Ends {
  readonly #heap: MadeCall[] = [];

  add(call: MadeCall): void {
    const heap = this.#heap;
    let at = heap.push(call) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (endOf(heap[parent] as MadeCall) <= endOf(call)) break;
      heap[at] = heap[parent] as MadeCall;
      at = parent;
    }
    heap[at] = call;
  }

  /** The next call that ends before an instant. */
  before(instant: number): MadeCall | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (!first || endOf(first) > instant) return undefined;
    const last = heap.pop() as MadeCall;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && endOf(right) < endOf(heap[child] as MadeCall)) child++;
      if (endOf(heap[child] as MadeCall) >= endOf(last)) break;
      heap[at] = heap[child] as MadeCall;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Priors as the hourly job would have written them by then. */
class HourlyPriors {
  readonly #known = new Map<string, FraudPrior>();
  readonly #sums = new Map<string, { calls: number; bad: number; shortCalls: number; answered: number }>();
  readonly #changed = new Set<string>();

  prior(id: string): FraudPrior | undefined {
    return this.#known.get(id);
  }

  add(event: EndedEvent): void {
    if (event.ringMs === undefined) return;
    const { short, quickCancel, pile } = endSigns(event);
    const ids = ['all', `seller:${event.sellerId}`, `number:${event.did}`, `trunk:${event.trunkId}`];
    const key = event.caller === undefined ? 0 : numberKey(event.caller);
    const bad = short || quickCancel || pile;
    const prefix = `prefix:${blockOfKey(key)}`;
    if (isNanpKey(key) && (bad || this.#sums.has(prefix))) ids.push(prefix);
    for (const id of ids) {
      const sum = this.#sums.get(id) ?? { calls: 0, bad: 0, shortCalls: 0, answered: 0 };
      sum.calls++;
      if (bad) sum.bad++;
      if (short) sum.shortCalls++;
      if (event.answered) sum.answered++;
      this.#sums.set(id, sum);
      this.#changed.add(id);
    }
  }

  rollUp(): void {
    for (const id of this.#changed) {
      const sum = this.#sums.get(id);
      if (sum) this.#known.set(id, { id, ...sum, confirmed: 0, cleared: 0 });
    }
    this.#changed.clear();
  }
}
