import type { E164 } from '../../../src/domain';
import type { Draw } from './draw';
import { caribbeanNumber, foreignNumber } from './draw';
import type { Publisher } from './publishers';
import { honestEnd, rateAt } from './publishers';
import type { MadeCall, WorldShape } from './world';
import { HOUR_MS, WORLD_START } from './world';

/** Callers remembered, of each publisher and of all. */
const POOL = 4_000;
const HONEST = { pattern: -1, attack: -1, forwardedByUs: false } as const;

/** Share of calls with attestation A, B and C, by trunk; the rest is not signed. */
export type Signing = readonly (readonly [a: number, b: number, c: number])[];

export function makeSigning(shape: WorldShape, draw: Draw): Signing {
  return Array.from({ length: shape.trunks }, () => {
    const a = draw.between(shape.signedA);
    const b = (1 - a) * draw.between([0.2, 0.5]);
    return [a, b, (1 - a - b) * draw.between([0.2, 0.6])] as const;
  });
}

export function sign(
  draw: Draw,
  [a, b, c]: readonly [number, number, number],
): Pick<MadeCall, 'attestation' | 'verstat'> {
  const at = draw.random();
  const attestation = at < a ? 'A' : at < a + b ? 'B' : at < a + b + c ? 'C' : undefined;
  if (attestation === undefined) return { attestation, verstat: 'none' };
  const wrong = draw.random();
  if (wrong < 0.004) return { attestation: undefined, verstat: 'failed' };
  if (wrong < 0.007) return { attestation, verstat: 'stale' };
  if (wrong < 0.008) return { attestation: undefined, verstat: 'wrong_number' };
  if (wrong < 0.0085) return { attestation: undefined, verstat: 'replayed' };
  return { attestation, verstat: 'passed' };
}

/** Calls of people who want what is advertised, in no order. */
export function honestTraffic(
  shape: WorldShape,
  publishers: readonly Publisher[],
  signing: Signing,
  draw: Draw,
): MadeCall[] {
  const calls: MadeCall[] = [];
  const pools = publishers.map(() => new Pool(draw, shape.zipf));
  const shoppers = new Pool(draw, 0.5);
  for (let hour = 0; hour < shape.days * 24; hour++) {
    for (const publisher of publishers) {
      const count = draw.poisson(rateAt(publisher, hour));
      for (let n = 0; n < count; n++) {
        const at = WORLD_START + hour * HOUR_MS + draw.random() * HOUR_MS;
        const pool = pools[publisher.id] as Pool;
        const caller = callerOf(shape, publisher, pool, shoppers, draw);
        let call = honestCall(publisher, caller, at, signing, draw);
        calls.push(call);
        // Whoever did not get through, or was cut off, tries again soon.
        const again = call.answered && call.connectedMs > 30_000 ? 0.02 : 0.25;
        for (let tries = 0; tries < 3 && draw.chance(again); tries++) {
          const later = call.at + call.ringMs + call.connectedMs + draw.between([4_000, 150_000]);
          call = { ...honestCall(publisher, caller, later, signing, draw), did: call.did };
          calls.push(call);
        }
      }
    }
  }
  return calls;
}

function honestCall(
  publisher: Publisher,
  caller: E164 | undefined,
  at: number,
  signing: Signing,
  draw: Draw,
): MadeCall {
  const trunk = draw.pick(publisher.trunks);
  return {
    ...HONEST,
    ...honestEnd(draw, publisher),
    ...sign(draw, signing[trunk] as Signing[number]),
    at,
    caller,
    did: draw.pick(publisher.dids),
    publisher: publisher.id,
    trunk,
    forwards: draw.chance(0.03) ? 1 + draw.below(2) : 0,
    contradicted: draw.chance(publisher.contradicted),
    payoutAfterMs: publisher.payoutAfterMs,
    payout: publisher.payout,
    margin: publisher.margin,
  };
}

function callerOf(
  shape: WorldShape,
  publisher: Publisher,
  pool: Pool,
  shoppers: Pool,
  draw: Draw,
): E164 | undefined {
  if (draw.chance(shape.withheld)) return undefined;
  if (draw.chance(publisher.officeShare)) return draw.pick(publisher.offices);
  const known = draw.chance(publisher.repeats) ? pool.take() : undefined;
  if (known !== undefined) return known;
  const shopper = draw.chance(shape.shoppers) ? shoppers.take() : undefined;
  const caller = shopper ?? newCaller(shape, publisher, draw);
  pool.put(caller);
  shoppers.put(caller);
  return caller;
}

function newCaller(shape: WorldShape, publisher: Publisher, draw: Draw): E164 {
  if (publisher.diaspora && draw.chance(0.08)) return caribbeanNumber(draw);
  if (draw.chance(shape.foreign)) return foreignNumber(draw, 0.1);
  return draw.number(publisher.callers.npa(draw));
}

/** The last callers; a repeated call falls on few of them. */
class Pool {
  readonly #draw: Draw;
  readonly #steep: number;
  readonly #callers: E164[] = [];
  #next = 0;

  constructor(draw: Draw, steep: number) {
    this.#draw = draw;
    this.#steep = steep;
  }

  put(caller: E164): void {
    this.#callers[this.#next % POOL] = caller;
    this.#next++;
  }

  take(): E164 | undefined {
    const { length } = this.#callers;
    if (length === 0) return undefined;
    return this.#callers[Math.floor(length * this.#draw.random() ** (1 + this.#steep))];
  }
}
