import type { E164 } from '../../../src/domain';
import type { Draw } from './draw';
import { Population, US_NPAS } from './draw';
import type { MadeCall, WorldShape } from './world';

/** A seller of a made-up exchange, with its habits. */
export interface Publisher {
  readonly id: number;
  readonly dids: readonly E164[];
  readonly localDids: boolean;
  readonly trunks: readonly number[];
  readonly callers: Population;
  /** Calls an hour on average. */
  readonly rate: number;
  /** UTC hour at which most come. */
  readonly peakHour: number;
  /** How much fewer come at night, 0 … 1. */
  readonly nightly: number;
  /** Hour of the world at which it begins. */
  readonly from: number;
  /** Hours in which an advertisement brings many times the calls, with how many times. */
  readonly spikes: ReadonlyMap<number, number>;
  readonly repeats: number;
  readonly officeShare: number;
  readonly offices: readonly E164[];
  readonly contradicted: number;
  readonly diaspora: boolean;
  readonly answered: number;
  readonly shortCalls: number;
  readonly talkMs: number;
  /** Its buyers' script is over about when the call is paid for. */
  readonly scripted: boolean;
  readonly payoutAfterMs: number;
  readonly payout: number;
  readonly margin: number;
}

const BARS_MS = [30_000, 45_000, 60_000, 90_000, 120_000];
const TOLL_FREE = [800, 833, 844, 855, 866, 877, 888];

export function makePublishers(shape: WorldShape, draw: Draw): Publisher[] {
  const everybody = new Population(draw, US_NPAS);
  const weights = Array.from({ length: shape.publishers }, () => draw.around(1, 1.1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight, id) => {
    const localDids = draw.chance(shape.localDids);
    const callers = population(shape, draw, everybody);
    const dids = Array.from({ length: 1 + draw.below(10) }, () =>
      draw.number(localDids ? callers.npa(draw) : draw.pick(TOLL_FREE)),
    );
    const offices = Array.from({ length: 2 + draw.below(5) }, () => draw.number(callers.npa(draw)));
    if (draw.chance(0.15)) {
      // A firm whose people call from a block of numbers of its own.
      const [npa, nxx] = [callers.npa(draw), draw.nxx()];
      const block = draw.below(10) * 1_000;
      for (let n = 0; n < 25; n++) offices.push(draw.number(npa, nxx, block + draw.below(1_000)));
    }
    return {
      id,
      dids,
      localDids,
      callers,
      trunks: draw.chance(0.3)
        ? [draw.below(shape.trunks), draw.below(shape.trunks)]
        : [draw.below(shape.trunks)],
      rate: ((weight / sum) * shape.callsPerDay) / 24,
      peakHour: 15 + draw.below(8),
      nightly: draw.between([0.3, 0.95]),
      from: draw.chance(0.25) ? draw.below(shape.days * 24 - 12) : 0,
      spikes: spikes(shape, draw),
      repeats: draw.between(shape.repeats),
      officeShare: draw.chance(0.4) ? draw.between(shape.offices) : 0,
      offices,
      contradicted: draw.between(shape.contradicted),
      diaspora: draw.chance(0.05),
      answered: draw.between(shape.answered),
      shortCalls: draw.between(shape.shortCalls),
      talkMs: draw.between(shape.talk) * 1_000,
      scripted: draw.chance(0.08),
      payoutAfterMs: draw.pick(BARS_MS),
      payout: 5 + draw.below(40),
      margin: 2 + draw.below(12),
    };
  });
}

function population(shape: WorldShape, draw: Draw, everybody: Population): Population {
  const [national, regional] = shape.reach;
  const place = draw.random();
  if (place < national) return everybody;
  const size = place < national + regional ? 5 + draw.below(8) : 1 + draw.below(3);
  return new Population(
    draw,
    Array.from({ length: size }, () => everybody.npa(draw)),
  );
}

function spikes(shape: WorldShape, draw: Draw): ReadonlyMap<number, number> {
  const hours = draw.chance(0.3) ? 1 + draw.below(3) : 0;
  return new Map(Array.from({ length: hours }, () => [draw.below(shape.days * 24), 4 + draw.below(12)]));
}

/** Calls expected of a publisher in an hour of the world. */
export function rateAt(publisher: Publisher, hour: number): number {
  if (hour < publisher.from) return 0;
  const angle = ((((hour % 24) - publisher.peakHour) / 24) * 2 * Math.PI) as number;
  const daily = 1 - publisher.nightly + publisher.nightly * (1 + Math.cos(angle));
  return publisher.rate * daily * (publisher.spikes.get(hour) ?? 1);
}

/** What becomes of a call that a person makes for a reason. */
export function honestEnd(
  draw: Draw,
  publisher: Publisher,
): Pick<MadeCall, 'ringMs' | 'answered' | 'connectedMs' | 'endedBy'> {
  if (!draw.chance(publisher.answered)) {
    const quick = draw.chance(0.06);
    const ringMs = quick ? draw.between([300, 1_900]) : draw.between([3_000, 40_000]);
    return { ringMs, answered: false, connectedMs: 0, endedBy: 'caller' };
  }
  const ringMs = draw.between([1_500, 15_000]);
  const endedBy = draw.chance(0.3) ? 'buyer' : 'caller';
  const short = draw.chance(publisher.shortCalls);
  const scripted = !short && publisher.scripted && draw.chance(0.15);
  const connectedMs = short
    ? draw.between([1_000, 10_000])
    : scripted
      ? publisher.payoutAfterMs + draw.between([-6_000, 8_000])
      : Math.min(5_400_000, draw.around(publisher.talkMs, 0.95));
  return { ringMs, answered: true, connectedMs, endedBy };
}
