import * as fc from 'fast-check';
import { issueCreditNote, issueInvoice } from '../../../../src/billing';
import type { Database } from '../../../../src/storage';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { until } from '../../../support/until';
import { BillingRoom } from './support/billing-room';

let room: BillingRoom;

beforeEach(async () => {
  room = await BillingRoom.open();
});
afterEach(() => room.close());

type Step =
  | { readonly do: 'calls'; readonly count: number; readonly campaign: 'campaign-1' | 'campaign-2' }
  | {
      readonly do: 'move';
      readonly amount: number;
      readonly kind: 'adjustment' | 'top_up' | 'refund' | 'reversal';
    }
  | { readonly do: 'hold' }
  | { readonly do: 'invoice'; readonly gap: boolean }
  | { readonly do: 'fail' }
  | { readonly do: 'credit' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('calls'),
      count: fc.integer({ min: 1, max: 3 }),
      campaign: fc.constantFrom('campaign-1', 'campaign-2'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('move'),
      amount: fc.integer({ min: -9e9, max: 9e9 }).filter((n) => n !== 0),
      kind: fc.constantFrom('adjustment', 'top_up', 'refund', 'reversal'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hold') }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('invoice'), gap: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('credit') }) },
) as fc.Arbitrary<Step>;

/** A database whose transactions fail just before they would be committed. */
const failing = (db: Database): Database =>
  Object.create(db, {
    transaction: {
      value: (work: (tx: unknown) => Promise<unknown>) =>
        db.transaction(async (tx) => {
          await work(tx);
          throw new Error('killed');
        }),
    },
  }) as Database;

test('whatever is posted and however it is invoiced, each entry is on one document and the sums are those of the ledger', async () => {
  let invoicedTo = 0;
  let holds = 0;
  const perform = async (one: Step): Promise<void> => {
    if (one.do === 'calls') await room.calls(one.count, one.campaign);
    else if (one.do === 'move')
      await room.move(one.amount, {
        kind: one.kind,
        against: one.kind === 'adjustment' ? 'adjustments' : 'cash',
      });
    else if (one.do === 'hold') {
      await room.own.query(
        `with t as (insert into ledger_transactions (idempotency_key, kind) values ($2, 'hold') returning id)
         insert into ledger_entries (transaction_id, ledger_account_id, amount)
         select t.id, a.id, case a.purpose when 'held' then -7 else 7 end
         from t, ledger_accounts a where a.account_id = $1 and a.purpose in ('wallet', 'held')`,
        [BUYER_ACCOUNT, `hold-${++holds}`],
      );
    } else if (one.do === 'credit') {
      const [last] = await room.own.query<{ number: string }>(
        `select number from billing_documents where kind = 'invoice' order by id desc limit 1`,
      );
      if (!last) return;
      await issueCreditNote(room.db, {
        invoiceNumber: last.number,
        reason: 'all',
        credit: { kind: 'rest' },
        now: Date.now(),
      }).catch((error: { code?: string }) => expect(error.code).toBe('not_creditable'));
    } else {
      const asked = await room.untilNow(one.do === 'invoice' && one.gap ? await room.pause() : invoicedTo);
      const request = { accountId: BUYER_ACCOUNT, ...asked };
      if (one.do === 'fail') {
        await expect(issueInvoice(failing(room.db), request)).rejects.toThrow('killed');
        return;
      }
      const issued = await issueInvoice(room.db, request);
      if (issued.ok) invoicedTo = asked.period.to;
      else expect(issued.reason).toBe('nothing');
    }
  };
  // Both ledger accounts are there from the beginning.
  await room.own.query(
    `insert into ledger_accounts (account_id, purpose, currency) values ($1, 'held', 'USD'), ($1, 'wallet', 'USD')`,
    [BUYER_ACCOUNT],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14, size: 'max' }), async (steps) => {
      for (const one of steps) await perform(one);
      await perform({ do: 'invoice', gap: false });
      const [books] = await room.own.query<Record<string, string>>(
        `with moved as (
           select e.transaction_id, sum(e.amount) as amount from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
           where a.account_id = $1 and a.purpose in ('wallet', 'held') group by 1 having sum(e.amount) <> 0),
         covered as (
           select transaction_id, count(*) as documents, sum(amount) as amount from billing_document_transactions
           where account_id = $1 group by 1)
         select (select count(*) from moved full join covered c using (transaction_id)
             where c.documents is distinct from 1 or c.amount is distinct from moved.amount) as wrong,
           (select coalesce(sum(amount), 0) from moved) as owed,
           (select closing from billing_documents where account_id = $1 order by position desc limit 1) as closing,
           (select coalesce(sum(movements), 0) from billing_documents where account_id = $1) as movements`,
        [BUYER_ACCOUNT],
      );
      const owed = String(await room.balance());
      expect(books).toMatchObject({ wrong: '0', owed, movements: owed });
      if (books?.['closing'] !== null) expect(books?.['closing']).toBe(owed);
      const numbers = await room.own.query<{ kind: string; year: number; missing: number }>(
        `select kind, year, max(sequence) - count(*) as missing from billing_documents group by kind, year having max(sequence) <> count(*)`,
      );
      expect(numbers).toEqual([]);
    }),
    { numRuns: 12 },
  );
});

test('however many issue at once and whatever fails, numbers have no gap and an account one invoice', async () => {
  const accounts = Array.from({ length: 12 }, (_, n) => `buyer-${n}`);
  await room.own.query(
    `insert into accounts (id, name, type) select id, 'Account ' || id, 'buyer' from unnest($1::text[]) as id`,
    [accounts],
  );
  await room.own.query(
    `insert into invoice_profiles (account_id, legal_name) select id, id from unnest($1::text[]) as id`,
    [accounts],
  );
  for (const accountId of accounts) await room.move(1_234_567, { accountId });
  const asked = await room.untilNow();
  const outcomes = await Promise.allSettled(
    accounts.flatMap((accountId, n) => [
      issueInvoice(n % 3 === 0 ? failing(room.db) : room.db, { accountId, ...asked }),
      issueInvoice(room.db, { accountId, ...asked }),
      issueInvoice(room.db, { accountId, ...asked }),
    ]),
  );
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(4);
  const issued = await room.own.query<{ account: string; sequence: number }>(
    `select account_id as account, sequence from billing_documents order by sequence`,
  );
  expect(issued.map(({ sequence }) => sequence)).toEqual(accounts.map((_, n) => n + 1));
  expect(issued.map(({ account }) => account).sort()).toEqual([...accounts].sort());
});

test('what was under way when an account was looked at is looked for again', async () => {
  const floor = async (): Promise<number> => {
    const [row] = await room.own.query<{ floor: string }>('select floor from billing_document_chains');
    return Number(row?.floor ?? 0);
  };
  let from = 0;
  const invoice = async (): Promise<void> => {
    await room.move(1_000_000);
    const asked = await room.untilNow(from);
    expect(await issueInvoice(room.db, { accountId: BUYER_ACCOUNT, ...asked })).toMatchObject({ ok: true });
    from = asked.period.to;
  };
  const session = await room.db.session();
  await session.query('begin');
  await session.query('select pg_current_xact_id()');
  for (let n = 0; n < 3; n++) await invoice();
  expect(await floor()).toBe(0);
  await session.query('commit');
  session.release();
  await until('the floor to rise', async () => {
    await invoice();
    return (await floor()) > 0;
  });
});
