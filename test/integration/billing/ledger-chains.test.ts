import { OPERATOR_ACCOUNT } from '../../../src/domain';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { verifyLedger, verifyNewestBlocks } from '../../../src/billing';
import { BUYER_ACCOUNT, SELLER_ACCOUNT } from '../../support/call-records';
import { Books, posting, sale } from './support/ledger-books';

let books: Books;
const LINE = `ledger_line(t.id, t.idempotency_key, t.kind, t.call_id, t.reason, t.reverses_id, t.posted_at,
  t.effective_on, e.id, a.purpose, a.currency, e.amount)`;
const ids: number[] = [];

beforeAll(async () => {
  books = await Books.open();
  for (let n = 0; n < 4; n++)
    ids.push((await books.post(`sale ${n}`, sale(100 + n), { callId: `call-${n}` })) as number);
  await books.remember();
});
afterEach(() => books.restore());
afterAll(() => books.close());

interface Block {
  readonly seq: string;
  readonly transaction_ids: string[];
  readonly prev_hash: Buffer;
  readonly hash: Buffer;
}
const blocksOf = (accountId: string): Promise<Block[]> =>
  books.own.query<Block>('select * from ledger_blocks where account_id = $1 order by seq', [accountId]);

describe('a chain', () => {
  test('has a block for each statement, of each account that it moved something of', async () => {
    await books.postAll(
      Array.from({ length: 3 }, (_, n) => ({
        idempotencyKey: `call ${n}`,
        kind: 'call_settlement' as const,
        postings: [
          ...sale(50),
          posting(OPERATOR_ACCOUNT, 'payout', 20),
          posting(SELLER_ACCOUNT, 'payable', -20),
        ],
      })),
    );
    const seller = await blocksOf(SELLER_ACCOUNT);
    expect(seller.map(({ seq, transaction_ids }) => [seq, transaction_ids.length])).toEqual([['1', 3]]);
    const operator = await blocksOf(OPERATOR_ACCOUNT);
    expect(operator.map(({ transaction_ids }) => transaction_ids.length)).toEqual([1, 1, 1, 1, 3]);
    expect(await verifyLedger(books.db)).toEqual({
      ok: true,
      chains: 3,
      blocks: 11,
      entries: 20,
      findings: [],
      more: false,
    });
  });

  test('can be hashed by anybody who knows how: so', async () => {
    await books.post('with words', sale(7), {
      reason: 'a "quoted"\nreason',
      callId: 'c',
      effectiveOn: '2024-02-03',
    });
    const blocks = await blocksOf(BUYER_ACCOUNT);
    const [before, last] = blocks.slice(-2) as [Block, Block];
    const [entry] = await books.own.query<{ id: string; micros: string; transaction_id: string }>(
      `select e.id, e.transaction_id, (extract(epoch from e.posted_at) * 1000000)::bigint as micros
       from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
       where e.transaction_id = $1 and a.account_id = $2`,
      [last.transaction_ids[0], BUYER_ACCOUNT],
    );
    const text = [
      `["${BUYER_ACCOUNT}", 5]`,
      `[${entry?.transaction_id}, "with words", "adjustment", "c", "a \\"quoted\\"\\nreason", null, ${entry?.micros}, "2024-02-03", ${entry?.id}, "wallet", "USD", 7]`,
    ].join('\n');
    expect(last.prev_hash).toEqual(before.hash);
    expect(last.hash).toEqual(createHash('sha256').update(before.hash).update(text).digest());
  });

  test('is the same to the database and to who verifies it, whatever words are in it', async () => {
    const words = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .filter((text) => !text.includes('\0'));
    let count = 0;
    await fc.assert(
      fc.asyncProperty(words, words, async (reason, callId) => {
        await books.post(`${count++} ${reason}`, sale(1), { reason, callId });
      }),
      { numRuns: 60 },
    );
    expect(await books.findings()).toEqual([]);
  });

  test('is read in parts when its blocks are long', async () => {
    await books.postAll(
      Array.from({ length: 900 }, (_, n) => ({
        idempotencyKey: `many ${n}`,
        kind: 'adjustment' as const,
        postings: sale(n + 1),
      })),
    );
    // One block of five thousand transactions, as that of before there were chains.
    await books.tamper('truncate ledger_blocks', 'truncate ledger_chains');
    for (let n = 0; n < 5; n++) {
      await books.tamper(`insert into ledger_transactions (idempotency_key, kind)
        select 'old ' || ${n} || ' ' || n, 'adjustment' from generate_series(1, 900) n`);
    }
    await books.tamper(
      `insert into ledger_entries (transaction_id, posted_at, ledger_account_id, amount)
       select t.id, t.posted_at, a.id, case a.purpose when 'wallet' then 3 else -3 end
       from ledger_transactions t, ledger_accounts a where t.idempotency_key like 'old %'`,
      `update ledger_accounts a set balance = (select sum(amount) from ledger_entries where ledger_account_id = a.id)`,
      `insert into ledger_blocks select a.account_id, 1, array_agg(distinct t.id), zero, ledger_hash(zero, a.account_id, 1,
         string_agg(${LINE}, E'\\n' order by t.id, e.id))
       from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
       join ledger_accounts a on a.id = e.ledger_account_id, decode(repeat('00', 32), 'hex') zero
       group by a.account_id, zero`,
      `insert into ledger_chains select account_id, 1, hash from ledger_blocks`,
    );
    expect(await verifyLedger(books.db)).toMatchObject({
      ok: true,
      chains: 2,
      blocks: 2,
      entries: 2 * 5_404,
    });
    await books.tamper(`update ledger_entries set amount = amount * 2 where transaction_id =
      (select id from ledger_transactions where idempotency_key = 'old 4 900')`);
    expect((await books.findings()).filter(({ problem }) => problem === 'block_changed')).toHaveLength(2);
  });
});

describe('verification finds', () => {
  const changedBlocks = (block: number): object[] => [
    { problem: 'block_changed', accountId: BUYER_ACCOUNT, block },
    { problem: 'block_changed', accountId: OPERATOR_ACCOUNT, block },
  ];
  const found = async (accountId?: string): Promise<object[]> => books.findings(accountId);

  test.each([
    ['key', `idempotency_key = 'other'`],
    ['kind', `kind = 'refund'`],
    ['call', `call_id = null`],
    ['reason', `reason = 'because'`],
    ['accounting date', `effective_on = '2020-01-01'`],
    ['reversal', `reverses_id = id - 1`],
  ])('another %s of a transaction', async (_what, change) => {
    await books.tamper(`update ledger_transactions set ${change} where id = ${ids[2]}`);
    expect(await found()).toEqual(changedBlocks(3));
  });

  test('another time of a transaction', async () => {
    await books.tamper(
      `update ledger_transactions set posted_at = posted_at - interval '1 microsecond' where id = ${ids[2]}`,
    );
    expect(await found()).toEqual([
      ...changedBlocks(3),
      { problem: 'entry_unplaced', accountId: BUYER_ACCOUNT, transactionId: ids[2] },
      { problem: 'entry_unplaced', accountId: OPERATOR_ACCOUNT, transactionId: ids[2] },
    ]);
  });

  test('amounts that were changed, also when the sums are made right', async () => {
    await books.tamper(
      `update ledger_entries set amount = amount * 2 where transaction_id = ${ids[0]}`,
      `update ledger_accounts a set balance = (select sum(amount) from ledger_entries where ledger_account_id = a.id)`,
    );
    expect(await found()).toEqual(changedBlocks(1));
  });

  test('an amount that was changed alone', async () => {
    await books.tamper(
      `update ledger_entries set amount = amount + 1 where transaction_id = ${ids[0]} and amount > 0`,
    );
    expect(await found()).toEqual([
      { problem: 'block_changed', accountId: BUYER_ACCOUNT, block: 1 },
      { problem: 'transaction_unbalanced', transactionId: ids[0], currency: 'USD', found: 1n, expected: 0n },
      {
        problem: 'balance_differs',
        accountId: BUYER_ACCOUNT,
        purpose: 'wallet',
        currency: 'USD',
        found: 406n,
        expected: 407n,
      },
    ]);
  });

  test('money that was moved to another account', async () => {
    await books.post('seller', [
      posting(OPERATOR_ACCOUNT, 'payout', 5),
      posting(SELLER_ACCOUNT, 'payable', -5),
    ]);
    await books.tamper(`update ledger_entries set ledger_account_id =
      (select id from ledger_accounts where account_id = '${SELLER_ACCOUNT}')
      where transaction_id = ${ids[3]} and amount > 0`);
    expect(await found(SELLER_ACCOUNT)).toEqual([
      { problem: 'entry_in_no_block', accountId: SELLER_ACCOUNT, transactionId: ids[3] },
      expect.objectContaining({
        problem: 'balance_differs',
        accountId: SELLER_ACCOUNT,
        found: -5n,
        expected: 98n,
      }),
    ]);
    expect(await found(BUYER_ACCOUNT)).toEqual([
      { problem: 'block_changed', accountId: BUYER_ACCOUNT, block: 4 },
      { problem: 'entry_missing', accountId: BUYER_ACCOUNT, transactionId: ids[3] },
      expect.objectContaining({
        problem: 'balance_differs',
        accountId: BUYER_ACCOUNT,
        found: 406n,
        expected: 303n,
      }),
    ]);
  });

  test('a balance that was changed', async () => {
    await books.tamper(
      `update ledger_accounts set balance = balance + 1 where account_id = '${BUYER_ACCOUNT}'`,
    );
    expect(await found()).toEqual([
      {
        problem: 'balance_differs',
        accountId: BUYER_ACCOUNT,
        purpose: 'wallet',
        currency: 'USD',
        found: 407n,
        expected: 406n,
      },
    ]);
  });

  test('a transaction that was removed with all its entries', async () => {
    await books.tamper(
      `delete from ledger_entries where transaction_id = ${ids[1]}`,
      `delete from ledger_transactions where id = ${ids[1]}`,
      `update ledger_accounts a set balance = (select sum(amount) from ledger_entries where ledger_account_id = a.id)`,
    );
    expect(await found()).toEqual([
      ...changedBlocks(2),
      { problem: 'entry_missing', accountId: BUYER_ACCOUNT, transactionId: ids[1] },
      { problem: 'entry_missing', accountId: OPERATOR_ACCOUNT, transactionId: ids[1] },
    ]);
  });

  test('entries of a transaction or a ledger account that is gone', async () => {
    await books.tamper(`delete from ledger_transactions where id = ${ids[1]}`);
    expect(await found()).toEqual([
      ...changedBlocks(2),
      { problem: 'entry_unplaced', accountId: BUYER_ACCOUNT, transactionId: ids[1] },
      { problem: 'entry_unplaced', accountId: OPERATOR_ACCOUNT, transactionId: ids[1] },
    ]);
    await books.tamper(`delete from ledger_accounts where account_id = '${BUYER_ACCOUNT}'`);
    const unplaced = (await books.findings()).filter(
      (one) => one.problem === 'entry_unplaced' && !one.accountId,
    );
    expect(unplaced.map((one) => one.transactionId).sort()).toEqual([...ids].sort());
  });

  test('entries that were smuggled in, balances and all', async () => {
    await books.tamper(
      `insert into ledger_transactions (idempotency_key, kind) values ('smuggled', 'top_up')`,
      `insert into ledger_entries (transaction_id, posted_at, ledger_account_id, amount)
       select t.id, t.posted_at, a.id, case a.purpose when 'wallet' then -9 else 9 end
       from ledger_transactions t, ledger_accounts a where t.idempotency_key = 'smuggled'`,
      `update ledger_accounts a set balance = (select sum(amount) from ledger_entries where ledger_account_id = a.id)`,
    );
    const [row] = await books.own.query<{ id: string }>(`select max(id) as id from ledger_transactions`);
    expect(await found()).toEqual([
      { problem: 'entry_in_no_block', accountId: BUYER_ACCOUNT, transactionId: Number(row?.id) },
      { problem: 'entry_in_no_block', accountId: OPERATOR_ACCOUNT, transactionId: Number(row?.id) },
    ]);
  });

  test('a transaction without entries', async () => {
    await books.tamper(`insert into ledger_transactions (idempotency_key, kind) values ('hollow', 'top_up')`);
    const [row] = await books.own.query<{ id: string }>(`select max(id) as id from ledger_transactions`);
    expect(await found()).toEqual([{ problem: 'transaction_empty', transactionId: Number(row?.id) }]);
  });

  test('a transaction in two blocks', async () => {
    await books.tamper(
      `update ledger_blocks set transaction_ids = transaction_ids || ${ids[0]}::bigint
       where account_id = '${BUYER_ACCOUNT}' and seq = 3`,
    );
    expect(await found()).toEqual([
      { problem: 'block_changed', accountId: BUYER_ACCOUNT, block: 3 },
      { problem: 'entry_in_two_blocks', accountId: BUYER_ACCOUNT, transactionId: ids[0] },
    ]);
  });

  test('a block that was changed, and one that was hashed anew', async () => {
    await books.tamper(
      `update ledger_blocks set hash = sha256(hash) where account_id = '${BUYER_ACCOUNT}' and seq = 2`,
    );
    expect(await found()).toEqual([
      { problem: 'block_changed', accountId: BUYER_ACCOUNT, block: 2 },
      { problem: 'block_unlinked', accountId: BUYER_ACCOUNT, block: 3 },
    ]);
  });

  test('a block that was taken out, a chain that was cut short, and one with something behind its end', async () => {
    await books.tamper(`delete from ledger_blocks where account_id = '${BUYER_ACCOUNT}' and seq = 2`);
    expect(await found(BUYER_ACCOUNT)).toEqual([
      { problem: 'block_missing', accountId: BUYER_ACCOUNT, block: 2 },
      { problem: 'entry_in_no_block', accountId: BUYER_ACCOUNT, transactionId: ids[1] },
    ]);
    await books.tamper(`delete from ledger_blocks where account_id = '${OPERATOR_ACCOUNT}' and seq = 4`);
    expect(await found(OPERATOR_ACCOUNT)).toEqual([
      { problem: 'block_missing', accountId: OPERATOR_ACCOUNT, block: 4 },
      { problem: 'entry_in_no_block', accountId: OPERATOR_ACCOUNT, transactionId: ids[3] },
    ]);
    await books.tamper(`update ledger_chains set length = 2 where account_id = '${OPERATOR_ACCOUNT}'`);
    expect(await found(OPERATOR_ACCOUNT)).toEqual([
      { problem: 'head_differs', accountId: OPERATOR_ACCOUNT, block: 2 },
      { problem: 'head_differs', accountId: OPERATOR_ACCOUNT, block: 3 },
      { problem: 'entry_in_no_block', accountId: OPERATOR_ACCOUNT, transactionId: ids[3] },
    ]);
  });

  test('a head that was changed, and a chain that is gone', async () => {
    await books.tamper(
      `update ledger_chains set head = sha256(head) where account_id = '${BUYER_ACCOUNT}'`,
      `delete from ledger_chains where account_id = '${OPERATOR_ACCOUNT}'`,
    );
    expect(await found()).toEqual([
      { problem: 'head_differs', accountId: BUYER_ACCOUNT, block: 4 },
      { problem: 'chain_missing', accountId: OPERATOR_ACCOUNT, block: 4 },
    ]);
  });

  test('a past that was written anew, by the head that somebody kept', async () => {
    const heads = new Map<string, string>();
    await verifyLedger(books.db, { onChain: ({ accountId, head }) => void heads.set(accountId, head) });
    const rehash = (seq: number): string =>
      `update ledger_blocks b set prev_hash = x.prev, hash = x.hash from (
         select a.account_id, p.prev, ledger_hash(p.prev, a.account_id, ${seq},
           string_agg(${LINE}, E'\\n' order by t.id, e.id)) as hash
         from ledger_blocks c join ledger_accounts a using (account_id)
         join ledger_entries e on e.ledger_account_id = a.id and e.transaction_id = any(c.transaction_ids)
         join ledger_transactions t on t.id = e.transaction_id
         cross join lateral (select coalesce((select o.hash from ledger_blocks o where o.account_id = c.account_id
           and o.seq = ${seq} - 1), decode(repeat('00', 32), 'hex')) as prev) p
         where c.seq = ${seq} group by a.account_id, p.prev) x
       where b.account_id = x.account_id and b.seq = ${seq}`;
    await books.tamper(
      `update ledger_transactions set reason = 'never mind' where id = ${ids[1]}`,
      ...[1, 2, 3, 4].map(rehash),
      `update ledger_chains c set head = (select hash from ledger_blocks b where b.account_id = c.account_id and seq = 4)`,
    );
    const now = new Map<string, string>();
    const { ok } = await verifyLedger(books.db, {
      onChain: ({ accountId, head }) => void now.set(accountId, head),
    });
    expect(ok).toBe(true);
    for (const account of [BUYER_ACCOUNT, OPERATOR_ACCOUNT])
      expect(now.get(account)).not.toBe(heads.get(account));
  });

  test('no more than is wanted, and says that there is more', async () => {
    await books.tamper(
      'update ledger_accounts set balance = balance + 1',
      'update ledger_blocks set hash = sha256(hash)',
    );
    const { findings, more } = await verifyLedger(books.db, { maxFindings: 3 });
    expect([findings.length, more]).toEqual([3, true]);
    const few = await verifyLedger(books.db, { maxFindings: 100 });
    expect(few.more).toBe(false);
    expect(few.findings.length).toBeGreaterThan(3);
  });
});

describe('the newest blocks', () => {
  test('are hashed anew, and no more of them than asked for', async () => {
    expect(await verifyNewestBlocks(books.db, BUYER_ACCOUNT, 3)).toMatchObject({
      length: 4,
      blocks: 3,
      entries: 3,
      findings: [],
    });
    await books.tamper(`update ledger_transactions set reason = 'x' where id = ${ids[0]}`);
    expect(await verifyNewestBlocks(books.db, BUYER_ACCOUNT, 3)).toMatchObject({ findings: [] });
    expect(await verifyNewestBlocks(books.db, BUYER_ACCOUNT, 9)).toMatchObject({
      blocks: 4,
      findings: [{ problem: 'block_changed', accountId: BUYER_ACCOUNT, block: 1 }],
    });
  });

  test('of an account that nothing was posted to there are none', async () => {
    expect(await verifyNewestBlocks(books.db, SELLER_ACCOUNT, 3)).toBeUndefined();
  });
});
