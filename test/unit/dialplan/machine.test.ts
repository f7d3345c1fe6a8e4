import fc from 'fast-check';
import type { Plan, PlanEvent, PlanFacts, PlanState, Turn } from '../../../src/dialplan';
import { advancePlan, answersTo, beginPlan, openTags, planSchema } from '../../../src/dialplan';

const NOTHING: PlanFacts = { tags: {}, score: undefined, attestation: undefined };
/** A Monday, 10:00 in New York. */
const MONDAY = Date.parse('2026-11-23T15:00:00Z');

type Steps = Record<string, Record<string, unknown>>;
const BYE = { do: 'hangup', code: 486, detail: 'bye' };

function planOf(steps: Steps, more: Record<string, unknown> = {}): Plan {
  return planSchema.parse({
    dialplan: 1,
    name: 'tried',
    start: 'a',
    steps: { ...steps, bye: BYE },
    ...more,
  });
}

/** A call that goes through a plan, with what is done on the way. */
class Call {
  readonly #plan: Plan;
  turn: Turn;

  constructor(plan: Plan, facts: PlanFacts = NOTHING, at = MONDAY) {
    this.#plan = plan;
    this.turn = beginPlan(plan, facts, at);
  }

  get wish(): PlanState['wish'] {
    return this.turn.state.wish;
  }

  get step(): string {
    return this.turn.state.step;
  }

  then(event: PlanEvent): this {
    this.turn = advancePlan(this.#plan, this.turn.state, event, MONDAY);
    return this;
  }

  keys(keys: string): this {
    return this.then({ kind: 'keys', keys });
  }
}

describe('a menu', () => {
  const plan = planOf({
    a: {
      do: 'menu',
      play: ['which'],
      keys: { '1': 'one', '#': 'bye' },
      again: ['what'],
      tries: 2,
      otherwise: 'other',
    },
    one: { do: 'announce', play: ['one'], next: 'bye' },
    other: { do: 'announce', play: ['other'], next: 'bye' },
  });

  test('leads where the key says', () => {
    expect(new Call(plan).keys('1').step).toBe('one');
    expect(new Call(plan).keys('#').wish).toEqual({ kind: 'hangup', code: 486, detail: 'bye' });
  });

  test.each(['', '5', '11', 'constructor', '__proto__'])(
    'is read again after %j, as often as it says',
    (keys) => {
      const call = new Call(plan);
      expect(call.wish).toMatchObject({ kind: 'gather', prompts: ['which'], max: 1, firstMs: 5_000 });
      call.keys(keys);
      expect(call.wish).toMatchObject({ kind: 'gather', prompts: ['what', 'which'] });
      expect(call.keys(keys).step).toBe('other');
    },
  );

  test('goes on where it cannot be played', () => {
    expect(new Call(plan).then({ kind: 'failed' }).step).toBe('other');
  });

  test('counts its tries anew for each time a call comes to it', () => {
    const twice = planOf({
      a: { do: 'menu', play: ['x'], keys: { '1': 'b' }, tries: 2, otherwise: 'bye' },
      b: { do: 'announce', play: ['y'], next: 'a' },
    });
    const call = new Call(twice).keys('9').keys('1').then({ kind: 'done' });
    expect(call.keys('9').step).toBe('a');
    expect(call.keys('9').wish.kind).toBe('hangup');
  });
});

describe('keys that are gathered', () => {
  const gather = { do: 'gather', play: ['x'], as: 'zip', tries: 1, next: 'sell', otherwise: 'bye' };
  const sell = { do: 'auction', sold: 'bye', refused: 'bye' };
  const digits = { min: 2, max: 5, end: '#' };

  test.each([
    ['12', 'sell'],
    ['12345', 'sell'],
    ['1', 'bye'],
    ['123456', 'bye'],
    ['', 'bye'],
  ])('%j leads to %s', (keys, step) => {
    expect(
      new Call(planOf({ a: { ...gather, digits }, sell }, { tags: { zip: 'digits' } })).keys(keys).step,
    ).toBe(step);
  });

  test('are one of the values that their tag may have', () => {
    const plan = planOf({ a: { ...gather, digits }, sell }, { tags: { zip: ['10001', '10002'] } });
    expect(new Call(plan).keys('10002').step).toBe('sell');
    expect(new Call(plan).keys('10003').step).toBe('bye');
  });

  test('become a tag, which is told and goes into the auction', () => {
    const call = new Call(planOf({ a: { ...gather, digits }, sell }, { tags: { zip: 'digits' } }), {
      ...NOTHING,
      tags: { sub: 'x1', zip: '00000' },
    }).keys('10001');
    expect(call.turn.deeds).toEqual([{ kind: 'tags', tags: { zip: '10001' } }]);
    expect(call.wish).toEqual({ kind: 'auction', tags: { sub: 'x1', zip: '10001' } });
  });

  test('that are secret are told nobody, and can be branched on', () => {
    const plan = planOf(
      {
        a: { ...gather, digits, secret: true, next: 'b' },
        b: { do: 'branch', on: [{ when: { tag: 'zip', is: ['123'] }, go: 'sell' }], otherwise: 'bye' },
        sell,
      },
      { tags: { zip: 'digits' } },
    );
    const call = new Call(plan);
    expect(call.wish).toMatchObject({ kind: 'gather', secret: true });
    call.keys('123');
    expect(call.turn.deeds).toEqual([]);
    expect(call.wish).toEqual({ kind: 'auction', tags: {} });
    expect(openTags(call.turn.state)).toEqual({});
  });
});

describe('the answer', () => {
  const kinds = (turn: Turn): string[] => turn.deeds.map(({ kind }) => kind);
  const play = (more = {}) => ({ do: 'announce', play: ['x'], next: 'bye', ...more });

  test.each<[string, Steps]>([
    ['an announcement', { a: play() }],
    ['a menu', { a: { do: 'menu', play: ['x'], keys: { '1': 'bye' }, otherwise: 'bye' } }],
    ['a message', { a: { do: 'voicemail', play: ['x'], next: 'bye' } }],
    ['a queue', { a: { do: 'queue', maxWaitMs: 5_000, timeout: 'bye' } }],
    ['a callback that is confirmed', { a: { do: 'callback', play: ['x'], next: 'bye', otherwise: 'bye' } }],
  ])('comes before %s', (_, steps) => {
    expect(kinds(new Call(planOf(steps)).turn)).toEqual(['answer']);
  });

  test.each<[string, Steps]>([
    ['an early announcement', { a: play({ early: true }) }],
    ['an auction', { a: { do: 'auction', sold: 'bye', refused: 'bye' } }],
    ['ringing', { a: { do: 'ring', exhausted: 'bye' } }],
    ['a transfer', { a: { do: 'transfer', target: 't', failed: 'bye' } }],
    ['a callback without a word', { a: { do: 'callback', next: 'bye', otherwise: 'bye' } }],
    ['a hang-up', { a: BYE }],
  ])('does not come before %s', (_, steps) => {
    expect(kinds(new Call(planOf(steps)).turn)).toEqual([]);
  });

  test('comes once', () => {
    const call = new Call(planOf({ a: play({ next: 'b' }), b: play() }));
    expect(kinds(call.then({ kind: 'done' }).turn)).toEqual([]);
  });

  test('does not come where a buyer has answered', () => {
    const call = new Call(planOf({ a: { do: 'ring', ended: 'b', exhausted: 'bye' }, b: play() }));
    expect(kinds(call.then({ kind: 'ended' }).turn)).toEqual([]);
  });
});

describe('a branch takes the first that holds', () => {
  const branch = (when: unknown): Plan =>
    planOf(
      { a: { do: 'branch', on: [{ when, go: 'yes' }], otherwise: 'bye' }, yes: { ...BYE, detail: 'yes' } },
      { tags: { zip: 'text' } },
    );
  const open = { zone: 'America/New_York', days: ['mon'], from: '09:00', to: '17:00' };
  const at = (text: string): number => Date.parse(text);

  test.each<[string, unknown, Partial<PlanFacts>, string, boolean]>([
    ['a tag', { tag: 'zip', is: ['1', '2'] }, { tags: { zip: '2' } }, '2026-11-23', true],
    ['another value', { tag: 'zip', is: ['1', '2'] }, { tags: { zip: '3' } }, '2026-11-23', false],
    ['a tag that is not there', { tag: 'zip', is: ['1'] }, {}, '2026-11-23', false],
    ['a name that every object has', { tag: 'constructor', known: true }, {}, '2026-11-23', false],
    ['a tag that is known', { tag: 'zip', known: true }, { tags: { zip: '3' } }, '2026-11-23', true],
    ['a tag that is not known', { tag: 'zip', known: false }, {}, '2026-11-23', true],
    ['a score', { score: 0.6 }, { score: 0.6 }, '2026-11-23', true],
    ['a lower score', { score: 0.6 }, { score: 0.59 }, '2026-11-23', false],
    ['no score', { score: 0 }, {}, '2026-11-23', false],
    ['an attestation', { attestation: ['A', 'B'] }, { attestation: 'B' }, '2026-11-23', true],
    ['no attestation', { attestation: ['none'] }, {}, '2026-11-23', true],
    ['not', { not: { score: 0.6 } }, {}, '2026-11-23', true],
    ['all', { all: [{ score: 0.1 }, { tag: 'zip', known: true }] }, { score: 0.5 }, '2026-11-23', false],
    ['any', { any: [{ score: 0.1 }, { tag: 'zip', known: true }] }, { score: 0.5 }, '2026-11-23', true],
    ['the first minute', { open }, {}, '2026-11-23T14:00:00Z', true],
    ['the minute before', { open }, {}, '2026-11-23T13:59:59Z', false],
    ['the last minute', { open }, {}, '2026-11-23T21:59:59Z', true],
    ['the minute after', { open }, {}, '2026-11-23T22:00:00Z', false],
    ['another day', { open }, {}, '2026-11-24T15:00:00Z', false],
    ['summer time', { open }, {}, '2026-07-20T13:00:00Z', true],
    [
      'a day that is excepted',
      { open: { ...open, except: ['2026-11-23'] } },
      {},
      '2026-11-23T15:00:00Z',
      false,
    ],
    ['past midnight', { open: { ...open, from: '22:00', to: '02:00' } }, {}, '2026-11-24T06:59:00Z', true],
    [
      'the night before',
      { open: { ...open, from: '22:00', to: '02:00' } },
      {},
      '2026-11-23T06:59:00Z',
      false,
    ],
    [
      'past midnight of a day that is excepted',
      { open: { ...open, from: '22:00', to: '02:00', except: ['2026-11-23'] } },
      {},
      '2026-11-24T06:59:00Z',
      false,
    ],
    [
      'past midnight into a day that is excepted',
      { open: { ...open, from: '22:00', to: '02:00', except: ['2026-11-24'] } },
      {},
      '2026-11-24T06:59:00Z',
      true,
    ],
    ['all day', { open: { ...open, from: '00:00', to: '24:00' } }, {}, '2026-11-24T04:59:59Z', true],
    [
      'the week around',
      { open: { ...open, days: ['sat'], from: '22:00', to: '02:00' } },
      {},
      '2026-11-22T06:00:00Z',
      true,
    ],
  ])('%s', (_, when, facts, instant, holds) => {
    const call = new Call(branch(when), { ...NOTHING, ...facts }, at(instant));
    expect(call.wish).toMatchObject({ detail: holds ? 'yes' : 'bye' });
  });
});

describe('recording and tags', () => {
  test('are done on the way, in their order', () => {
    const plan = planOf(
      {
        a: { do: 'set', tags: { line: 'auto' }, next: 'b' },
        b: { do: 'record', set: 'on', next: 'c' },
        c: { do: 'announce', play: ['x'], next: 'bye' },
      },
      { tags: { line: 'text' } },
    );
    const { turn } = new Call(plan);
    expect(turn.entered).toEqual(['a', 'b', 'c']);
    expect(turn.deeds).toEqual([
      { kind: 'tags', tags: { line: 'auto' } },
      { kind: 'record', set: 'on' },
      { kind: 'answer' },
    ]);
  });
});

describe('an end', () => {
  test('comes with the conversation where the plan says nothing else', () => {
    const call = new Call(planOf({ a: { do: 'ring', exhausted: 'bye' } })).then({ kind: 'ended' });
    expect(call.wish).toEqual({ kind: 'hangup', code: 480, detail: 'the conversation is over' });
  });

  test('comes when the time is up, whatever is waited for', () => {
    const call = new Call(planOf({ a: { do: 'queue', maxWaitMs: 60_000, timeout: 'bye' } }));
    expect(call.then({ kind: 'time_up' }).wish).toMatchObject({
      kind: 'hangup',
      detail: 'the plan took too long',
    });
  });

  test('comes when the steps are used up', () => {
    const plan = planOf({ a: { do: 'announce', play: ['x'], next: 'a' } }, { limits: { steps: 3 } });
    const call = new Call(plan).then({ kind: 'done' }).then({ kind: 'done' });
    expect(call.wish.kind).toBe('play');
    expect(call.then({ kind: 'done' }).wish).toMatchObject({ detail: 'the plan took too many steps' });
  });

  test('is the end', () => {
    const call = new Call(planOf({ a: BYE }));
    expect(() => call.then({ kind: 'done' })).toThrow('done is no answer to hangup');
    expect(() => call.then({ kind: 'time_up' })).toThrow('time_up is no answer to hangup');
  });

  test('what cannot come of a wish is a bug', () => {
    const call = new Call(planOf({ a: { do: 'auction', sold: 'bye', refused: 'bye' } }));
    expect(() => call.keys('1')).toThrow('keys is no answer to auction');
  });
});

describe('every plan that the schema admits', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const to = fc.constantFrom(...names);
  const play = fc.constant(['x']);
  const sometimes = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.option(value, { nil: undefined });
  const when = fc.oneof(
    fc.record({ tag: fc.constantFrom('t', 'u'), is: fc.constant(['1']) }),
    fc.record({ tag: fc.constantFrom('t', 'u'), known: fc.boolean() }),
    fc.record({ score: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ not: fc.record({ attestation: fc.constant(['A']) }) }),
  );
  const step = fc.oneof(
    fc.record({ do: fc.constant('announce'), play, early: fc.boolean(), next: to, otherwise: sometimes(to) }),
    fc.record({
      do: fc.constant('menu'),
      play,
      keys: fc.record({ '1': to, '2': to }),
      tries: fc.integer({ min: 1, max: 5 }),
      otherwise: to,
    }),
    fc.record({
      do: fc.constant('gather'),
      play,
      as: fc.constantFrom('t', 'u'),
      digits: fc.constant({ min: 1, max: 2 }),
      secret: fc.boolean(),
      tries: fc.integer({ min: 1, max: 5 }),
      next: to,
      otherwise: to,
    }),
    fc.record({ do: fc.constant('set'), tags: fc.constant({ t: '1' }), next: to }),
    fc.record({
      do: fc.constant('branch'),
      on: fc.array(fc.record({ when, go: to }), { minLength: 1, maxLength: 3 }),
      otherwise: to,
    }),
    fc.record({ do: fc.constant('auction'), sold: to, refused: to }),
    fc.record({ do: fc.constant('ring'), ended: sometimes(to), exhausted: to }),
    fc.record({ do: fc.constant('queue'), maxWaitMs: fc.constant(5_000), ended: sometimes(to), timeout: to }),
    fc.record({ do: fc.constant('record'), set: fc.constantFrom('on', 'paused', 'off'), next: to }),
    fc.record({ do: fc.constant('voicemail'), play, next: to }),
    fc.record({ do: fc.constant('callback'), next: to, otherwise: to }),
    fc.record({ do: fc.constant('transfer'), target: fc.constant('x'), ended: sometimes(to), failed: to }),
    fc.record({ do: fc.constant('hangup') }),
  );
  const plans = fc
    .record({
      steps: fc.record(Object.fromEntries(names.map((name) => [name, step]))),
      most: fc.integer({ min: 1, max: 60 }),
    })
    .map(({ steps, most }) =>
      planSchema.parse({
        dialplan: 1,
        name: 'any',
        tags: { t: 'digits', u: ['1', '2'] },
        limits: { steps: most },
        start: 'a',
        steps,
      }),
    );
  const facts = fc.record({
    tags: fc.dictionary(fc.constantFrom('t', 'u', 'v'), fc.constantFrom('1', '2')),
    score: sometimes(fc.double({ min: 0, max: 1, noNaN: true })),
    attestation: sometimes(fc.constantFrom('A' as const, 'B' as const, 'C' as const)),
  });

  /** What comes of a wish, by a number. */
  function eventFor({ wish }: PlanState, choice: number): PlanEvent {
    const kinds = answersTo(wish);
    const kind = kinds[choice % kinds.length] as PlanEvent['kind'];
    return kind === 'keys' ? { kind, keys: ['', '1', '2', '12', '99', '*'][choice % 6] as string } : { kind };
  }

  test('ends every call, within its limits, whatever people do', () => {
    fc.assert(
      fc.property(plans, facts, fc.infiniteStream(fc.nat(1_000)), (plan, known, choices) => {
        // No step is tried more than five times before it is left.
        const most = plan.limits.steps * 5;
        let turn = beginPlan(plan, known, MONDAY);
        let answers = turn.deeds.filter(({ kind }) => kind === 'answer').length;
        for (let turns = 0; turn.state.wish.kind !== 'hangup'; turns++) {
          expect(turns).toBeLessThanOrEqual(most);
          expect(turn.state.steps).toBeLessThanOrEqual(plan.limits.steps);
          const event = eventFor(turn.state, choices.next().value as number);
          const before = JSON.stringify(turn.state);
          const next = advancePlan(plan, turn.state, event, MONDAY);
          // The same again gives the same, and nothing that was is changed.
          expect(advancePlan(plan, turn.state, event, MONDAY)).toEqual(next);
          expect(JSON.stringify(turn.state)).toBe(before);
          turn = next;
          answers += turn.deeds.filter(({ kind }) => kind === 'answer').length;
        }
        expect(answers).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  test('is over at once when its time is up', () => {
    fc.assert(
      fc.property(plans, facts, fc.array(fc.nat(1_000), { maxLength: 20 }), (plan, known, choices) => {
        let { state } = beginPlan(plan, known, MONDAY);
        for (const choice of choices) {
          if (state.wish.kind === 'hangup') return;
          state = advancePlan(plan, state, eventFor(state, choice), MONDAY).state;
        }
        if (state.wish.kind === 'hangup') return;
        expect(advancePlan(plan, state, { kind: 'time_up' }, MONDAY).state.wish.kind).toBe('hangup');
      }),
    );
  });
});
