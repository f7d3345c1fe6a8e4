import { factsOf } from '../../../src/analytics/facts-of-call';
import type { CountedCall } from '../../../src/storage';

const MONEY = { currency: 'USD', revenue: 30, payout: 20, fees: 3, taxes: 2, carrierCost: 1 };

function call(more: Partial<CountedCall> = {}): CountedCall {
  return {
    callId: 'c',
    receivedAt: 1_000,
    trunkId: 't',
    carrierAccount: 'k',
    campaignId: 'c1',
    sellerId: 's1',
    buyerId: null,
    buyerAccount: null,
    caller: null,
    claimedState: null,
    claimedZip: null,
    knownState: null,
    endReason: 'no_buyer',
    firstRingAt: null,
    answered: false,
    connectedMs: 0,
    rung: [],
    settled: false,
    campaignCurrency: 'USD',
    revisions: 0,
    money: [],
    ...more,
  };
}

const SOLD = call({
  buyerId: 'b2',
  buyerAccount: 'a2',
  firstRingAt: 1_700,
  answered: true,
  connectedMs: 60_000,
  rung: [
    { buyerId: 'b1', accountId: 'a1', reached: false },
    { buyerId: 'b2', accountId: 'a2', reached: true },
  ],
  settled: true,
  revisions: 2,
  money: [MONEY, { ...MONEY, currency: 'GBP', revenue: 0, payout: 0, fees: 0, taxes: 0 }],
});

test('a call that nobody took counts as a call, and nothing else', () => {
  const [fact, ...others] = factsOf(call());
  expect(others).toEqual([]);
  expect(fact).toMatchObject({
    n: 0,
    calls: 1,
    connected: 0,
    offered: 0,
    answered: 0,
    rang: 0,
    pddMs: 0,
    currency: 'USD',
  });
});

test('a sold call is one call, its buyer has it, who was rung before was offered it', () => {
  const facts = factsOf(SOLD);
  expect(facts).toMatchObject([
    {
      n: 0,
      buyerId: 'b2',
      buyerAccount: 'a2',
      currency: 'USD',
      calls: 1,
      connected: 1,
      offered: 1,
      reached: 1,
      answered: 1,
      converted: 1,
      rang: 1,
      pddMs: 700,
      connectedMs: 60_000,
      revenue: 30,
      carrierCost: 1,
    },
    { n: 1, buyerId: 'b2', currency: 'GBP', calls: 0, offered: 0, revenue: 0, carrierCost: 1 },
    {
      n: 2,
      buyerId: 'b1',
      currency: 'USD',
      calls: 0,
      offered: 1,
      reached: 0,
      answered: 0,
      revenue: 0,
      connectedMs: 0,
    },
  ]);
  expect(facts.every(({ settled, revisions }) => settled && revisions === 2)).toBe(true);
});

test('a call whose price came to nothing did not convert', () => {
  expect(factsOf({ ...SOLD, money: [{ ...MONEY, revenue: 0 }] })[0]).toMatchObject({
    answered: 1,
    converted: 0,
  });
});

test('a clock that was set back makes no negative delay', () => {
  expect(factsOf({ ...SOLD, firstRingAt: 500 })[0]).toMatchObject({ rang: 1, pddMs: 0 });
});

test('the state is claimed, or the area code’s, and stays what it was once found to be', () => {
  const stateOf = (more: Partial<CountedCall>) => factsOf(call(more))[0]?.state;
  expect(stateOf({ caller: '+12125550123' })).toBe('NY');
  expect(stateOf({ caller: '+12125550123', claimedState: 'tx' })).toBe('TX');
  expect(stateOf({ caller: '+12125550123', claimedZip: '94105' })).toBe('CA');
  expect(stateOf({ caller: '+442071838750' })).toBeNull();
  expect(stateOf({ caller: 'h:3f9a', knownState: 'FL' })).toBe('FL');
  expect(stateOf({ caller: 'h:3f9a' })).toBeNull();
});
