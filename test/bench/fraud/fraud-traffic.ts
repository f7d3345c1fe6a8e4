import type { E164 } from '../../../src/domain';
import type { Draw } from './draw';
import { caribbeanNumber, foreignNumber, US_NPAS } from './draw';
import type { Signing } from './honest-traffic';
import { sign } from './honest-traffic';
import type { Publisher } from './publishers';
import { honestEnd } from './publishers';
import type { AttackShape, MadeCall, Pattern, WorldShape } from './world';
import { HOUR_MS, PATTERNS, WORLD_START } from './world';

/** One attack while it is made. */
interface Attack {
  readonly id: number;
  readonly pattern: number;
  readonly publisher: Publisher;
  readonly publishers: readonly Publisher[];
  readonly from: number;
  readonly ms: number;
  /** Calls in all. */
  readonly calls: number;
  readonly strength: number;
  /** Its numbers are of where people live, as those of its publisher's callers are; else of anywhere. */
  readonly likePeople: boolean;
}

/** What is particular of a call of fraud; the rest is as with any call of its publisher. */
type Particular = Partial<MadeCall> & Pick<MadeCall, 'at' | 'caller'>;

/** Attacks begin after so much of the world, when the state has seen ordinary days. */
const BEFORE = 0.2;

/** Calls of every attack, in no order. */
export function fraudTraffic(
  shape: WorldShape,
  publishers: readonly Publisher[],
  signing: Signing,
  draw: Draw,
): MadeCall[] {
  const calls: MadeCall[] = [];
  let id = 0;
  for (const [pattern, name] of PATTERNS.entries()) {
    const attackShape = shape.fraud[name];
    if (!attackShape) continue;
    for (let n = 0; n < attackShape.attacks; n++) {
      const attack = makeAttack(id++, pattern, attackShape, shape, publishers, draw);
      for (const particular of MAKERS[name](attack, draw)) {
        if (particular.at >= WORLD_START + shape.days * 24 * HOUR_MS) continue;
        calls.push(finish(attack, particular, signing, draw));
      }
    }
  }
  return calls;
}

function makeAttack(
  id: number,
  pattern: number,
  { hours, perHour, strength }: AttackShape,
  shape: WorldShape,
  publishers: readonly Publisher[],
  draw: Draw,
): Attack {
  const ms = draw.between(hours) * HOUR_MS;
  const span = shape.days * 24 * HOUR_MS;
  const local = publishers.filter(({ localDids }) => localDids);
  const spoofs = PATTERNS[pattern] === 'neighbour_spoofing' && local.length > 0;
  return {
    id,
    pattern,
    publisher: draw.pick(spoofs ? local : publishers),
    publishers,
    from: WORLD_START + span * BEFORE + draw.random() * Math.max(0, span * (1 - BEFORE) - ms),
    ms,
    calls: Math.max(3, Math.round((ms / HOUR_MS) * draw.between(perHour))),
    strength: draw.between(strength),
    likePeople: draw.chance(0.5),
  };
}

function finish(attack: Attack, particular: Particular, signing: Signing, draw: Draw): MadeCall {
  const publisher = attack.publishers[particular.publisher ?? attack.publisher.id] as Publisher;
  const trunk = draw.pick(publisher.trunks);
  return {
    ...honestEnd(draw, publisher),
    ...sign(draw, signing[trunk] as Signing[number]),
    did: draw.pick(publisher.dids),
    trunk,
    forwards: 0,
    forwardedByUs: false,
    contradicted: draw.chance(publisher.contradicted),
    payoutAfterMs: publisher.payoutAfterMs,
    payout: publisher.payout,
    margin: publisher.margin,
    ...particular,
    publisher: publisher.id,
    pattern: attack.pattern,
    attack: attack.id,
  };
}

/** Area code of a number that it makes up or has rented. */
const anyNpa = ({ likePeople, publisher }: Attack, draw: Draw): number =>
  likePeople ? publisher.callers.npa(draw) : draw.pick(US_NPAS);

/** An instant within the attack. */
const within = ({ from, ms }: Attack, draw: Draw): number => from + draw.random() * ms;
const times = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Who spoofs a number cannot sign for it: weak signatures, now and then a wrong one. */
function spoofed(draw: Draw, strength: number): Pick<MadeCall, 'attestation' | 'verstat'> {
  const at = draw.random();
  if (at < 0.02 + 0.08 * strength) return { attestation: undefined, verstat: 'failed' };
  if (at < 0.04 + 0.1 * strength) return { attestation: undefined, verstat: 'replayed' };
  if (at < 0.3) return { attestation: 'A', verstat: 'passed' };
  if (at < 0.5) return { attestation: 'B', verstat: 'passed' };
  return at < 0.75 ? { attestation: 'C', verstat: 'passed' } : { attestation: undefined, verstat: 'none' };
}

/** A call that is made to be counted, not to talk. */
function junk(draw: Draw): Pick<MadeCall, 'ringMs' | 'answered' | 'connectedMs' | 'endedBy'> {
  const answered = draw.chance(0.7);
  return {
    ringMs: draw.between([1_000, 12_000]),
    answered,
    connectedMs: answered ? draw.around(14_000, 0.8) : 0,
    endedBy: draw.chance(0.75) ? 'caller' : 'buyer',
  };
}

/** A call that lasts until it is paid for, and hardly longer. */
function paidFor(
  draw: Draw,
  { payoutAfterMs }: Publisher,
): Pick<MadeCall, 'ringMs' | 'answered' | 'connectedMs' | 'endedBy'> {
  return {
    ringMs: draw.between([1_500, 10_000]),
    answered: true,
    connectedMs: payoutAfterMs + draw.between([200, 5_000]),
    endedBy: 'caller',
  };
}

const MAKERS: Readonly<Record<Pattern, (attack: Attack, draw: Draw) => Particular[]>> = {
  velocity: (attack, draw) => {
    const caller = draw.number(attack.publisher.callers.npa(draw));
    const dids = attack.publisher.dids.slice(0, 1 + draw.below(3));
    return times(attack.calls).map(() => ({
      at: within(attack, draw),
      caller,
      did: draw.pick(dids),
      ...(draw.chance(0.3 + 0.6 * attack.strength) ? junk(draw) : {}),
    }));
  },
  rotated_numbers: (attack, draw) => {
    const blocks = times(1 + draw.below(3)).map(
      () => [anyNpa(attack, draw), draw.nxx(), draw.below(10)] as const,
    );
    return times(attack.calls).map(() => {
      const [npa, nxx, digit] = draw.pick(blocks);
      return {
        at: within(attack, draw),
        caller: draw.number(npa, nxx, digit * 1_000 + draw.below(1_000)),
        ...spoofed(draw, attack.strength),
        ...(draw.chance(0.3 + 0.5 * attack.strength) ? junk(draw) : {}),
      };
    });
  },
  neighbour_spoofing: (attack, draw) =>
    times(attack.calls).map(() => {
      const did = draw.pick(attack.publisher.dids);
      const [npa, nxx] = [Number(did.slice(2, 5)), Number(did.slice(5, 8))];
      const near = draw.chance(0.6 + 0.4 * attack.strength);
      return {
        at: within(attack, draw),
        did,
        caller: near ? draw.number(npa, nxx) : draw.number(npa),
        ...spoofed(draw, attack.strength),
        ...(draw.chance(0.6) ? junk(draw) : {}),
      };
    }),
  geo_laundering: (attack, draw) => {
    const places = times(2 + draw.below(4)).map(() => anyNpa(attack, draw));
    return times(attack.calls).map(() => ({
      at: within(attack, draw),
      caller: draw.number(draw.pick(places)),
      contradicted: draw.chance(0.5 + 0.45 * attack.strength),
      ...(draw.chance(0.4) ? paidFor(draw, attack.publisher) : {}),
    }));
  },
  threshold_gaming: (attack, draw) => {
    const recruits = times(15 + draw.below(120)).map(() => draw.number(anyNpa(attack, draw)));
    return times(attack.calls).map(() => ({
      at: within(attack, draw),
      caller: draw.pick(recruits),
      ...(draw.chance(0.55 + 0.4 * attack.strength) ? paidFor(draw, attack.publisher) : {}),
    }));
  },
  publisher_burst: (attack, draw) =>
    times(attack.calls).map(() => ({
      at: within(attack, draw),
      caller: draw.number(anyNpa(attack, draw)),
      ...(draw.chance(0.5) ? spoofed(draw, attack.strength) : {}),
      ...(draw.chance(0.3 + 0.5 * attack.strength) ? junk(draw) : {}),
    })),
  wangiri: (attack, draw) => {
    const calls: Particular[] = [];
    while (calls.length < attack.calls) {
      const caller = draw.chance(0.2 + 0.6 * attack.strength)
        ? caribbeanNumber(draw)
        : draw.number(anyNpa(attack, draw));
      let at = within(attack, draw);
      for (let tries = 1 + draw.below(6); tries > 0; tries--) {
        const publisher = draw.chance(0.5) ? attack.publisher : draw.pick(attack.publishers);
        const ringMs = draw.between([200, 1_900]);
        const end = { ringMs, answered: false, connectedMs: 0, endedBy: 'caller' } as const;
        calls.push({ at, caller, publisher: publisher.id, ...spoofed(draw, attack.strength), ...end });
        at += draw.between([2_000, 60_000]);
      }
    }
    return calls;
  },
  irsf: (attack, draw) => {
    const callers = times(2 + draw.below(12)).map(() => foreignNumber(draw, 0.3 + 0.5 * attack.strength));
    return times(attack.calls).map(() => ({
      at: within(attack, draw),
      caller: draw.chance(0.6) ? draw.pick(callers) : foreignNumber(draw, 0.3 + 0.5 * attack.strength),
      attestation: draw.chance(0.6) ? ('C' as const) : undefined,
      verstat: 'none' as const,
      ringMs: 2_000,
      answered: true,
      connectedMs: draw.between([300_000, 3_000_000]),
      endedBy: 'caller' as const,
    }));
  },
  shared_ring: (attack, draw) => {
    const ring = times(3 + draw.below(4)).map(() => draw.pick(attack.publishers));
    const callers = times(30 + draw.below(170)).map(() => draw.number(anyNpa(attack, draw)));
    return times(attack.calls).map(() => {
      const publisher = draw.pick(ring);
      return {
        at: within(attack, draw),
        caller: draw.pick(callers),
        publisher: publisher.id,
        ...(draw.chance(0.3 + 0.4 * attack.strength) ? paidFor(draw, publisher) : {}),
      };
    });
  },
  bots: (attack, draw) => {
    const did = draw.pick(attack.publisher.dids);
    const talkMs = draw.between([6_000, 40_000]);
    const machines = 1 + draw.below(8);
    const jitter = 0.02 + 0.3 * (1 - attack.strength);
    const gap = attack.ms / (attack.calls / machines);
    return times(machines).flatMap(() => {
      const caller = draw.number(attack.publisher.callers.npa(draw));
      let at = attack.from + draw.random() * gap;
      return times(Math.ceil(attack.calls / machines)).map(() => {
        at += gap * (1 + jitter * (2 * draw.random() - 1));
        const end = { ringMs: 3_000, answered: true, endedBy: 'caller' } as const;
        return { at, caller, did, connectedMs: talkMs + draw.between([-1_500, 1_500]), ...end };
      });
    });
  },
  loops: (attack, draw) => {
    const calls: Particular[] = [];
    while (calls.length < attack.calls) {
      const caller: E164 = draw.number(attack.publisher.callers.npa(draw));
      const did = draw.pick(attack.publisher.dids);
      let at = within(attack, draw);
      const seen = draw.chance(0.3 + 0.4 * attack.strength);
      for (let turn = 1 + draw.below(7); turn > 0; turn--) {
        const forwards = 1 + draw.below(4);
        calls.push({ at, caller, did, forwards, forwardedByUs: seen && draw.chance(0.8) });
        at += draw.between([800, 15_000]);
      }
    }
    return calls;
  },
};
