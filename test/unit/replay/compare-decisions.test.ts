import fc from 'fast-check';
import type { Decision } from '../../../src/domain';
import { compareDecisions, MAX_DIFFERENCES } from '../../../src/replay';

const decisionOf = (trace: unknown): Decision =>
  ({ ok: false, reason: 'no_buyer', sipStatus: 480, detail: 'nobody', trace }) as Decision;

test('a decision is the same as itself, read back', () => {
  fc.assert(
    fc.property(fc.object({ withNullPrototype: true }), (trace) => {
      const decision = decisionOf(trace);
      expect(compareDecisions(JSON.parse(JSON.stringify(decision)) as Decision, decision)).toEqual([]);
    }),
  );
});

test('each field that differs is told by its path, with both values', () => {
  const stored = decisionOf({
    seed: 1,
    findings: [{ rule: 'a' }, { rule: 'b' }],
    attempt: { tags: { x: '1' } },
  });
  const replayed = decisionOf({ seed: 2, findings: [{ rule: 'a' }], attempt: { tags: { x: '1', y: '2' } } });
  expect(compareDecisions(stored, { ...replayed, sipStatus: 603 } as Decision)).toEqual([
    { path: 'sipStatus', stored: 480, replayed: 603 },
    { path: 'trace.attempt.tags.y', stored: undefined, replayed: '2' },
    { path: 'trace.findings[1]', stored: { rule: 'b' }, replayed: undefined },
    { path: 'trace.seed', stored: 1, replayed: 2 },
  ]);
});

test('null is not nothing, and a list is no object', () => {
  const paths = (a: unknown, b: unknown): string[] =>
    compareDecisions(decisionOf({ a }), decisionOf({ a: b })).map(({ path }) => path);
  expect(paths(null, undefined)).toEqual(['trace.a']);
  expect(paths([], {})).toEqual(['trace.a']);
  expect(paths(0, '0')).toEqual(['trace.a']);
  expect(paths({ toString: 1 }, {})).toEqual(['trace.a.toString']);
});

test('the number of the market on one node, and the order of bids in no plan, are nothing', () => {
  const bid = (bidId: string, rank?: number): object => ({
    bidId,
    rank,
    ineligible: rank ? undefined : 'state',
  });
  const capped = [
    { bidId: 'x', reason: 'cap_total' },
    { bidId: 'y', reason: 'cap_total' },
  ];
  const trace = (marketVersion: number, listed: object[], hints: object[]): Decision =>
    decisionOf({ marketVersion, bids: { listed }, facts: { activity: { capped: hints } } });
  const one = trace(7, [bid('r1', 1), bid('r2', 2), bid('a'), bid('b')], capped);
  const two = trace(9, [bid('r1', 1), bid('r2', 2), bid('b'), bid('a')], [...capped].reverse());
  expect(compareDecisions(one, two)).toEqual([]);
  const other = trace(7, [bid('r2', 1), bid('r1', 2), bid('a'), bid('b')], capped);
  expect(compareDecisions(one, other).map(({ path }) => path)).toEqual([
    'trace.bids.listed[0].bidId',
    'trace.bids.listed[1].bidId',
  ]);
});

test('of very many differences the first are told', () => {
  const many = (n: number): Decision => decisionOf({ findings: Array.from({ length: 1_000 }, () => n) });
  expect(compareDecisions(many(1), many(2))).toHaveLength(MAX_DIFFERENCES);
});
