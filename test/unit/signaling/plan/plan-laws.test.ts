import fc from 'fast-check';
import { carriedLegs } from '../../../../src/billing';
import { planSchema } from '../../../../src/dialplan';
import type { MachineFinding } from '../../../../src/media';
import type { BuyerAct, PlanPlay } from './plan-stage';
import { playPlan } from './plan-stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

type PlayedCall = Awaited<ReturnType<typeof playPlan>>;
const ELSEWHERE = ['sip:elsewhere', 'sip:+442079460960'];
const NAMES = ['a', 'b', 'c', 'd', 'e'];
const to = fc.constantFrom(...NAMES);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });
const seldom = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const play = fc.constantFrom(['said'], ['said', 'more'], ['missing']);
const waitMs = fc.constantFrom(500, 1_000);
const accept = fc.record({
  play: fc.constant(['accept']),
  key: fc.constant('1'),
  tries: fc.integer({ min: 1, max: 2 }),
  waitMs: fc.constant(500),
});
const meeting = {
  whisper: maybe(fc.constantFrom(['whisper'], ['missing'])),
  accept: seldom(accept),
  record: fc.boolean(),
  ended: maybe(to),
};

const rung = fc.oneof(
  fc.record({
    do: fc.constant('ring'),
    atOnce: fc.integer({ min: 1, max: 3 }),
    detectMachine: fc.boolean(),
    ...meeting,
    exhausted: to,
  }),
  fc.record({
    do: fc.constant('queue'),
    againMs: fc.constantFrom(1_000, 3_000),
    maxWaitMs: fc.constantFrom(5_000, 8_000),
    announce: maybe(fc.constant({ play: ['queued'], everyMs: 10_000 })),
    ...meeting,
    timeout: to,
  }),
);

const step = fc.oneof(
  fc.record({ do: fc.constant('announce'), play, early: fc.boolean(), next: to, otherwise: maybe(to) }),
  fc.record({ do: fc.constant('menu'), play, keys: fc.record({ '1': to, '2': to }), waitMs, otherwise: to }),
  fc.record({
    do: fc.constant('gather'),
    play,
    as: fc.constantFrom('t', 'u'),
    digits: fc.constant({ min: 1, max: 2, end: '#' }),
    betweenMs: fc.constant(500),
    waitMs,
    next: to,
    otherwise: to,
  }),
  fc.record({ do: fc.constant('set'), tags: fc.constant({ t: '1' }), next: to }),
  fc.record({ do: fc.constant('auction'), sold: to, refused: to }),
  rung,
  fc.record({ do: fc.constant('record'), set: fc.constantFrom('on', 'paused', 'off'), next: to }),
  fc.record({ do: fc.constant('voicemail'), play, maxMs: fc.constant(5_000), next: to }),
  fc.record({ do: fc.constant('callback'), play: maybe(play), next: to, otherwise: to }),
  fc.record({
    do: fc.constant('transfer'),
    target: fc.constantFrom('elsewhere', 'nowhere'),
    ended: maybe(to),
    failed: to,
  }),
  fc.record({ do: fc.constant('hangup'), code: fc.constantFrom(480, 603) }),
);
/** Most calls are to be sold: a way to a ring is drawn as often as all others together. */
const steps = fc.oneof(
  fc.record(Object.fromEntries(NAMES.map((name) => [name, step]))),
  fc
    .record(Object.fromEntries(NAMES.map((name) => [name, step])))
    .chain((drawn) => rung.map((b) => ({ ...drawn, a: { do: 'auction', sold: 'b', refused: 'c' }, b }))),
);
const plan = fc.record({ steps, most: fc.integer({ min: 1, max: 15 }) }).map(({ steps: drawn, most }) =>
  planSchema.parse({
    dialplan: 1,
    name: 'any',
    tags: { t: 'digits', u: ['1', '2'] },
    limits: { steps: most, ms: 20_000 },
    start: 'a',
    steps: drawn,
  }),
);

const buyer: fc.Arbitrary<BuyerAct> = fc.oneof(
  fc.record({
    kind: fc.constant('answer' as const),
    after: fc.integer({ min: 0, max: 1_200 }),
    key: maybe(fc.record({ after: fc.integer({ min: 0, max: 900 }), key: fc.constantFrom('1', '1', '2') })),
    hangupAfter: maybe(fc.integer({ min: 0, max: 4_000 })),
  }),
  fc.record({
    kind: fc.constant('fail' as const),
    after: fc.integer({ min: 0, max: 1_200 }),
    status: fc.constantFrom(404, 480, 486, 503, 603),
  }),
  fc.constant({ kind: 'silent' as const }),
);
const instant = fc.oneof(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 12_000 }));
const script: fc.Arbitrary<PlanPlay> = fc.record({
  plan,
  buyers: fc.array(buyer, { minLength: 1, maxLength: 4 }),
  keys: fc.array(fc.record({ at: instant, key: fc.constantFrom('1', '2', '#', '5'), info: fc.boolean() }), {
    maxLength: 6,
  }),
  missing: fc.constant(['missing']),
  findings: fc.array(
    fc.constantFrom<MachineFinding>(
      { verdict: 'machine', reason: 'beep' },
      { verdict: 'person', reason: 'short_greeting' },
      { verdict: 'unsure', reason: 'time' },
    ),
    { maxLength: 3 },
  ),
  wallets: fc.boolean(),
  sharedLimit: fc.boolean(),
  trunk: fc.boolean(),
  callbacks: fc.boolean(),
  cancelAt: seldom(instant),
  byeAt: seldom(instant),
  endAt: seldom(
    fc.record({ at: instant, by: fc.constantFrom('admin' as const, 'drain' as const, 'media' as const) }),
  ),
});

/** Milliseconds for which carriers are paid, by direction, as settlement reads them from the record. */
function meteredOf({ record }: PlayedCall): Record<string, number> {
  if (!record) throw new Error('a call without a record');
  const { callId, connectedMs, trunkId, to: dialled, carried = null, sale = null } = record;
  const legs = carriedLegs({
    callId,
    at: record.answeredAt ?? 0,
    connectedMs,
    trunkId,
    dialled,
    sale,
    carried,
  });
  const sum = (way: string): number =>
    legs.reduce((total, { direction, durationMs }) => (direction === way ? total + durationMs : total), 0);
  return { inbound: sum('inbound'), outbound: sum('outbound') };
}

/** For how long they were up, as their phones saw it. */
function upFor({ record, stack }: PlayedCall, trunk: boolean): Record<string, number> {
  const { attendedAt, answeredAt, endedAt = 0 } = record ?? {};
  const since = Math.min(attendedAt ?? Infinity, answeredAt ?? Infinity);
  const outbound = stack.dialogs
    .filter((dialog) => trunk && stack.answered.includes(dialog))
    .reduce((total, dialog) => total + Math.max(0, Math.min(dialog.until, endedAt) - dialog.since), 0);
  return { inbound: since === Infinity ? 0 : endedAt - since, outbound };
}

test('whatever a plan says and people do, a call ends once, holds nothing, and whispers to nobody but buyers', async () => {
  let sales = 0;
  await fc.assert(
    fc.asyncProperty(script, async (scripted) => {
      const call = await playPlan(scripted);
      const { journal, media, caps, funds, bugs, stack, invite, finished, record, auctioned } = call;
      expect(bugs).toEqual([]);
      expect(finished).toBe(1);
      expect(journal.ended_).toHaveLength(1);
      expect(journal.events.filter(({ type }) => type === 'call.ended')).toHaveLength(1);
      expect(invite.finals).toHaveLength(1);
      expect(invite.answers).toBeLessThanOrEqual(1);
      expect(invite.finals[0] !== 200 || invite.dialog.ended).toBe(true);
      expect(media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
      expect(media.recordings).toBe(0);
      expect(media.playing.size).toBe(0);
      expect(jest.getTimerCount()).toBe(0);
      expect([...caps.held.values()].every((held) => held === 0)).toBe(true);
      expect([...funds.states.values()].filter((state) => state !== 'released')).toEqual(
        scripted.wallets === true && record?.sale ? ['settled'] : [],
      );
      expect(stack.dialogs.every(({ ended }) => ended)).toBe(true);
      // Nobody is rung for a call that no auction has sold, and a call is sold once.
      if (auctioned.length === 0) expect(stack.rung.filter((uri) => !ELSEWHERE.includes(uri))).toEqual([]);
      expect(journal.answered_.length).toBeLessThanOrEqual(1);
      expect(journal.attended_.length).toBeLessThanOrEqual(1);
      const took = record?.answeredAt !== undefined || record?.attendedAt !== undefined;
      expect(record?.state === 'completed').toBe(took);
      expect(record?.sale !== undefined).toBe(record?.answeredAt !== undefined);
      if (record?.sale) sales++;
      expect(JSON.stringify(call.heardBy('caller'))).not.toMatch(/whisper|accept/);
      expect(meteredOf(call)).toEqual(upFor(call, scripted.trunk === true));
    }),
    { numRuns: 300 },
  );
  expect(sales).toBeGreaterThan(5);
});
