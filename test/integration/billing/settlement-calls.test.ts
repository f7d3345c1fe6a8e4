import * as fc from 'fast-check';
import type { Posting, Settled, SettlementSources } from '../../../src/billing';
import {
  ledgerBalances,
  postTransaction,
  settleCall,
  settleCalls,
  STORED_SOURCES,
} from '../../../src/billing';
import type { AccountTerms, CallEndedRecord } from '../../../src/domain';
import { OPERATOR_ACCOUNT, micros } from '../../../src/domain';
import type { CarrierLeg } from '../../../src/rating';
import type { Database } from '../../../src/storage';
import {
  BUYER_ACCOUNT,
  endedRecord,
  insertParties,
  ringTarget,
  saleTerms,
  SELLER_ACCOUNT,
  storeEnded,
  unsoldRecord,
} from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { linesOfCall, theBooks } from './support/books';

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { poolSize: 10 });
  await insertParties(db, ['carrier-account', 'friend-account']);
});
afterAll(async () => {
  expect(await theBooks(db)).toMatchObject({ imbalance: 0, wrongBalances: 0 });
  await db.close();
  await own.drop();
});

const end = (...records: CallEndedRecord[]): Promise<void> => storeEnded(db, records);
const openRows = async (callId: string): Promise<number> =>
  (
    await own.query(`select 1 from outbox where type = 'call.ended' and subject = $1 and done_at is null`, [
      callId,
    ])
  ).length;
const told = (results: ReadonlyMap<string, Settled>): Record<string, string> =>
  Object.fromEntries(
    [...results].map(([callId, result]) => [callId, result.ok ? result.outcome : result.error.message]),
  );
const doomed = (callId: string): CallEndedRecord =>
  endedRecord(callId, { sale: { target: ringTarget(), terms: saleTerms({ sellerId: 'gone' }) } });
const post = (key: string): Promise<number | undefined> =>
  db.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: key,
      kind: 'adjustment',
      postings: [
        { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'USD', amount: micros(1) },
        { accountId: OPERATOR_ACCOUNT, purpose: 'revenue', currency: 'USD', amount: micros(-1) },
      ],
    }),
  );

describe('one call', () => {
  test('twenty who settle it at once settle it once', async () => {
    await end(endedRecord('rush'));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => settleCall(db, 'rush')));
    expect(outcomes.sort()).toEqual([...Array<string>(19).fill('already_settled'), 'settled']);
    expect(await own.query(`select connected_ms, revenue, payout, currency from settlements`)).toEqual([
      { connected_ms: '60000', revenue: '25000000', payout: '8000000', currency: 'USD' },
    ]);
    const lines = await linesOfCall(own, 'rush');
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.transactionId)).size).toBe(1);
    expect(await openRows('rush')).toBe(0);
  });

  test('too short for money, it is settled without any', async () => {
    const late = { kind: 'per_call', amount: micros(25_000_000), afterMs: 90_000 } as const;
    await end(endedRecord('short', { sale: { target: ringTarget({ plan: late }), terms: saleTerms() } }));
    expect(await settleCall(db, 'short')).toBe('settled');
    expect(await settleCall(db, 'short')).toBe('already_settled');
    expect(await linesOfCall(own, 'short')).toEqual([]);
    expect(await openRows('short')).toBe(0);
  });

  test('not sold, it has no money', async () => {
    await end(unsoldRecord('unsold'));
    expect(await settleCall(db, 'unsold')).toBe('not_sold');
    expect(await openRows('unsold')).toBe(0);
  });

  test('not over, it is not settled', async () => {
    await expect(settleCall(db, 'unheard-of')).rejects.toThrow('call unheard-of is not over, or not known');
  });

  test('whose accounts are missing, nothing is posted of it and its event stays open', async () => {
    await end(doomed('orphaned'));
    await expect(settleCall(db, 'orphaned')).rejects.toThrow('there is no account gone');
    expect(await linesOfCall(own, 'orphaned')).toEqual([]);
    expect(await own.query(`select 1 from settlements where call_id = 'orphaned'`)).toEqual([]);
    expect(await openRows('orphaned')).toBe(1);
  });

  test('with books that contradict themselves it is left for people', async () => {
    await end(endedRecord('posted'), endedRecord('claimed'));
    await post('call:posted');
    await expect(settleCall(db, 'posted')).rejects.toThrow('was posted without a settlement');
    await own.query(
      `insert into settlements (call_id, connected_ms, revenue, payout, currency) values ('claimed', 1, 1, 1, 'USD')`,
    );
    await expect(settleCall(db, 'claimed')).rejects.toThrow('was settled without its money');
    expect(await linesOfCall(own, 'claimed')).toEqual([]);
    expect(await openRows('posted')).toBe(1);
  });

  test('is told of once, with what it came to', async () => {
    await end(endedRecord('told'));
    await settleCall(db, 'told');
    await settleCall(db, 'told');
    const rows = await own.query<{ payload: object }>(
      `select payload from outbox where type = 'call.settled' and subject = 'told'`,
    );
    expect(rows).toEqual([
      {
        payload: expect.objectContaining({
          callId: 'told',
          revenueMicros: 25_000_000,
          payoutMicros: 8_000_000,
          campaignId: 'campaign-1',
          buyerAccountId: BUYER_ACCOUNT,
        }) as object,
      },
    ]);
  });
});

describe('a batch', () => {
  test('is one transaction of the database', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `together-${n}`);
    await end(...ids.map((id) => endedRecord(id)));
    const results = await settleCalls(db, ids);
    const written = await own.query(
      `select count(*)::integer as rows, count(distinct xmin::text)::integer as transactions
         from settlements where call_id = any($1)`,
      [ids],
    );
    expect(written).toEqual([{ rows: 40, transactions: 1 }]);
    expect(new Set(Object.values(told(results)))).toEqual(new Set(['settled']));
    expect(results.size).toBe(40);
  });

  test('a call that fails does so alone, whatever is wrong with it', async () => {
    await end(endedRecord('fine-1'), doomed('culprit'), endedRecord('fine-2'), unsoldRecord('nothing'));
    await end(endedRecord('before'), endedRecord('odd'));
    await settleCall(db, 'before');
    await post('call:odd');
    expect(
      told(await settleCalls(db, ['fine-1', 'culprit', 'unknown', 'fine-2', 'nothing', 'before', 'odd'])),
    ).toEqual({
      'fine-1': 'settled',
      'fine-2': 'settled',
      nothing: 'not_sold',
      before: 'already_settled',
      culprit: 'there is no account gone',
      unknown: 'call unknown is not over, or not known',
      odd: 'the money of call odd was posted without a settlement',
    });
    expect(await linesOfCall(own, 'culprit')).toEqual([]);
  });

  test('a sale that cannot be read fails that call alone', async () => {
    await end(endedRecord('garbled'), endedRecord('clear'));
    await own.query(`update calls set sale = '{"target": {}, "terms": 7}' where id = 'garbled'`);
    const results = await settleCalls(db, ['garbled', 'clear']);
    expect(results.get('garbled')?.ok).toBe(false);
    expect(results.get('clear')).toEqual({ ok: true, outcome: 'settled' });
  });

  test('a call that somebody else has locked is left for later, and the others do not wait for it', async () => {
    await end(endedRecord('stuck'), endedRecord('free'));
    const holder = await db.session();
    try {
      await holder.query('begin');
      await holder.query(`select 1 from outbox where subject = 'stuck' for update`);
      expect(told(await settleCalls(db, ['stuck', 'free']))).toEqual({
        free: 'settled',
        stuck: 'canceling statement due to lock timeout',
      });
    } finally {
      holder.release();
    }
    expect(await settleCall(db, 'stuck')).toBe('settled');
  });

  test('batches that share calls, in any order, from many sides, settle every call once', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.uniqueArray(fc.integer({ min: 0, max: 14 }), { minLength: 1, size: 'max', maxLength: 15 }),
          {
            minLength: 2,
            maxLength: 6,
            size: 'max',
          },
        ),
        async (batches) => {
          const prefix = `shared-${run++}-`;
          await end(...Array.from({ length: 15 }, (_, n) => endedRecord(`${prefix}${n}`)));
          const results = await Promise.all(
            batches.map((batch) =>
              settleCalls(
                db,
                batch.map((n) => `${prefix}${n}`),
              ),
            ),
          );
          const outcomes = results.flatMap((result) => [...result]);
          const wanted = new Set(batches.flat().map((n) => `${prefix}${n}`));
          for (const callId of wanted) {
            const ofCall = outcomes.filter(([id]) => id === callId).map(([, one]) => one.ok && one.outcome);
            expect(ofCall.filter((outcome) => outcome === 'settled')).toHaveLength(1);
            expect(ofCall.every((outcome) => outcome === 'settled' || outcome === 'already_settled')).toBe(
              true,
            );
          }
          const rows = await own.query(`select 1 from ledger_transactions where call_id like $1`, [
            `${prefix}%`,
          ]);
          expect(rows).toHaveLength(wanted.size);
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe('what a call comes to', () => {
  const terms = (accountId: string, more: Partial<AccountTerms>): AccountTerms => ({
    accountId,
    effectiveFrom: 0,
    fees: [],
    taxes: [],
    ...more,
  });
  const platform = (amount: number) =>
    ({
      code: 'platform',
      name: 'Platform',
      basis: 'per_call',
      amount: micros(amount),
      shareBp: 0,
      on: 'connected',
    }) as const;
  const leg: CarrierLeg = {
    accountId: 'carrier-account',
    trunkId: 'trunk-1',
    direction: 'inbound',
    prefix: '1800',
    nth: 1,
    durationMs: 60_000,
    currency: 'USD',
    plan: {
      kind: 'per_minute',
      ratePerMinute: micros(12_000),
      firstIncrementMs: 60_000,
      nextIncrementMs: 60_000,
      afterMs: 0,
    },
  };
  const sources: SettlementSources = {
    ...STORED_SOURCES,
    termsOf: (_tx, calls) =>
      Promise.resolve(
        new Map(
          calls.map(({ callId }) => [
            callId,
            {
              buyerTerms: terms(BUYER_ACCOUNT, {
                fees: [platform(500_000)],
                taxes: [{ code: 'vat', name: 'VAT', ratePpm: 100_000, on: ['revenue', 'fees'] }],
              }),
              sellerTerms: terms(SELLER_ACCOUNT, { fees: [platform(200_000)] }),
              carrierLegs: [leg],
            },
          ]),
        ),
      ),
  };
  const balances = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await ledgerBalances(db)).map((one) => [`${one.accountId} ${one.purpose}`, Number(one.balanceMicros)]),
    );
  const change = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
    const before = await balances();
    await work();
    const after = await balances();
    return Object.fromEntries(
      Object.entries(after)
        .map(([name, sum]) => [name, sum - (before[name] ?? 0)] as const)
        .filter(([, sum]) => sum !== 0),
    );
  };

  test('fees, taxes, shares and carriers have lines, and each line its place in the books', async () => {
    await end(
      endedRecord('full', {
        sale: {
          target: ringTarget(),
          terms: saleTerms({ splits: [{ accountId: 'friend-account', shareBp: 2_500 }] }),
        },
      }),
    );
    // 25.00 and a fee of 0.50, on both of which a tenth; the seller's 8.00 shared, less its own fee of 0.20.
    expect(await change(() => settleCall(db, 'full', { sources }))).toEqual({
      [`${BUYER_ACCOUNT} wallet`]: 25_000_000 + 500_000 + 2_550_000,
      [`${OPERATOR_ACCOUNT} revenue`]: -25_000_000,
      [`${OPERATOR_ACCOUNT} fees`]: -700_000,
      [`${OPERATOR_ACCOUNT} tax`]: -2_550_000,
      [`${OPERATOR_ACCOUNT} payout`]: 8_000_000,
      [`${SELLER_ACCOUNT} payable`]: -6_000_000 + 200_000,
      'friend-account payable': -2_000_000,
      [`${OPERATOR_ACCOUNT} carrier_cost`]: 12_000,
      'carrier-account payable': -12_000,
    });
    const [row] = await own.query<{ lines: { kind: string; amount: number }[] }>(
      `select revenue, payout, fees, taxes, carrier_cost, held, priced, earned, lines from settlements where call_id = 'full'`,
    );
    expect(row).toMatchObject({
      revenue: '25000000',
      payout: '8000000',
      fees: '700000',
      taxes: '2550000',
      carrier_cost: '12000',
      held: '0',
      priced: 'plan',
      earned: 'plan',
    });
    const sumOf = (kind: string): number =>
      (row?.lines ?? []).filter((line) => line.kind === kind).reduce((sum, line) => sum + line.amount, 0);
    expect(['revenue', 'payout', 'fee', 'tax', 'carrier_cost'].map(sumOf)).toEqual([
      25_000_000, 8_000_000, 700_000, 2_550_000, 12_000,
    ]);
  });

  const heldFor = async (callId: string, ...amounts: number[]): Promise<void> => {
    await own.query(`insert into wallets (account_id, currency) values ($1, 'USD') on conflict do nothing`, [
      BUYER_ACCOUNT,
    ]);
    for (const [n, amount] of amounts.entries()) {
      const id = `${callId}/${n}`;
      await own.query(
        `insert into holds (id, call_id, account_id, currency, amount, node_id, boot_id)
         values ($1, $2, $3, 'USD', $4, 'n1', 'b1')`,
        [id, callId, BUYER_ACCOUNT, amount],
      );
      const postings: Posting[] = [
        { accountId: BUYER_ACCOUNT, purpose: 'wallet', currency: 'USD', amount: micros(amount) },
        { accountId: BUYER_ACCOUNT, purpose: 'held', currency: 'USD', amount: micros(-amount) },
      ];
      await db.transaction((tx) =>
        postTransaction(tx, { idempotencyKey: `hold:${id}`, kind: 'hold', callId, postings }),
      );
    }
  };

  test.each([
    ['more than it cost', [40_000_000]],
    ['less than it cost', [5_000_000, 6_000_000]],
    ['just what it cost', [25_000_000]],
  ])('%s was held: the holds are captured, and the wallet has paid the price', async (what, amounts) => {
    const callId = `held ${what}`.replaceAll(' ', '-');
    await end(endedRecord(callId));
    const moved = await change(async () => {
      await heldFor(callId, ...amounts);
      await settleCall(db, callId);
    });
    expect(moved).toEqual({
      [`${BUYER_ACCOUNT} wallet`]: 25_000_000,
      [`${OPERATOR_ACCOUNT} revenue`]: -25_000_000,
      [`${OPERATOR_ACCOUNT} payout`]: 8_000_000,
      [`${SELLER_ACCOUNT} payable`]: -8_000_000,
    });
    expect(await own.query(`select distinct state from holds where call_id = $1`, [callId])).toEqual([
      { state: 'captured' },
    ]);
    const [row] = await own.query<{ held: string }>(`select held from settlements where call_id = $1`, [
      callId,
    ]);
    expect(Number(row?.held)).toBe(amounts.reduce((sum, amount) => sum + amount, 0));
  });

  test('of a call that costs nothing what was held goes back', async () => {
    const late = { kind: 'per_call', amount: micros(25_000_000), afterMs: 90_000 } as const;
    await end(endedRecord('returned', { sale: { target: ringTarget({ plan: late }), terms: saleTerms() } }));
    const moved = await change(async () => {
      await heldFor('returned', 9_000_000);
      await settleCall(db, 'returned');
    });
    expect(moved).toEqual({});
    expect(await openRows('returned')).toBe(0);
    expect(await settleCall(db, 'returned')).toBe('already_settled');
  });

  test('what is held for a call that fails stays held', async () => {
    await end(doomed('kept'), endedRecord('kept-not'));
    await heldFor('kept', 30_000_000);
    await settleCalls(db, ['kept', 'kept-not']);
    expect(await own.query(`select state from holds where call_id = 'kept'`)).toEqual([{ state: 'open' }]);
  });

  test('a signal decides the price', async () => {
    const conversions = [
      {
        when: { kind: 'keypress', anyOf: ['1'] },
        plan: { kind: 'per_call', amount: micros(60_000_000), afterMs: 0 },
      },
    ] as const;
    await end(endedRecord('pressed', { sale: { target: ringTarget({ conversions }), terms: saleTerms() } }));
    await settleCall(db, 'pressed', {
      sources: {
        ...STORED_SOURCES,
        signalsOf: (_tx, callIds) =>
          Promise.resolve(new Map(callIds.map((id) => [id, [{ kind: 'keypress', value: '1', at: 1 }]]))),
      },
    });
    expect(await own.query(`select revenue, priced from settlements where call_id = 'pressed'`)).toEqual([
      { revenue: '60000000', priced: 'conversions/0' },
    ]);
  });
});

test('calls that take too long fail by themselves, and take none of their batch along', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => (n < 2 ? `slow-${n}` : `quick-${n}`));
  await end(...ids.map((id) => endedRecord(id)));
  await own.query(`create function drag() returns trigger language plpgsql as $$
    begin if new.call_id like 'slow-%' then perform pg_sleep(30); end if; return new; end $$`);
  await own.query(`create trigger drags before insert on settlements for each row execute function drag()`);
  const hasty = openDatabase(own.url, { statementTimeoutMs: 200 });
  try {
    // The slow ones come first.
    const results = told(await settleCalls(hasty, ids));
    expect(new Set(ids.slice(2).map((id) => results[id]))).toEqual(new Set(['settled']));
    for (const id of ids.slice(0, 2))
      expect(results[id]).toBe('canceling statement due to statement timeout');
  } finally {
    await hasty.close();
    await own.query('drop trigger drags on settlements');
  }
  expect(await settleCall(db, 'slow-0')).toBe('settled');
});
