import type { LedgerTransaction, Posting } from '../../../src/billing';
import { postTransaction, postTransactions } from '../../../src/billing';
import { AppError } from '../../../src/domain';

const nobody = { query: () => Promise.reject(new Error('the database was asked')) };

const posting = (more: Partial<Posting> = {}): Posting => ({
  accountId: 'a',
  purpose: 'wallet',
  currency: 'USD',
  amount: 5 as Posting['amount'],
  ...more,
});
const transaction = (more: Partial<LedgerTransaction> = {}): LedgerTransaction => ({
  idempotencyKey: 'key',
  kind: 'adjustment',
  postings: [posting(), posting({ amount: -5 as Posting['amount'] })],
  ...more,
});

async function refusal(one: LedgerTransaction): Promise<unknown> {
  const error: unknown = await postTransaction(nobody, one).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) return error;
  const errors = error.details['errors'] as { pointer: string }[];
  return [error.code, ...errors.map(({ pointer }) => pointer)];
}

test('what is right goes to the database', async () => {
  expect(await refusal(transaction())).toEqual(new Error('the database was asked'));
  const everything = { reason: 'why', callId: 'c', reversesId: 1, effectiveOn: '2024-02-29' };
  expect(await refusal(transaction(everything))).toEqual(new Error('the database was asked'));
});

test.each<[string, Partial<LedgerTransaction>, string[]]>([
  ['no key', { idempotencyKey: '' }, ['/idempotencyKey']],
  ['a key that is too long', { idempotencyKey: 'k'.repeat(201) }, ['/idempotencyKey']],
  ['a key with what no database stores', { idempotencyKey: 'a\0b' }, ['/idempotencyKey']],
  ['half a character', { reason: 'x\ud800' }, ['/reason']],
  ['a reason that is too long', { reason: 'r'.repeat(501) }, ['/reason']],
  ['an empty reason', { reason: '' }, ['/reason']],
  ['another kind', { kind: 'theft' as LedgerTransaction['kind'] }, ['/kind']],
  ['a call without a name', { callId: '' }, ['/callId']],
  ['an id that is none', { reversesId: 1.5 }, ['/reversesId']],
  ['a day that is none', { effectiveOn: '2026-02-29' }, ['/effectiveOn']],
  ['a day of another form', { effectiveOn: '1.2.2026' }, ['/effectiveOn']],
  ['two things', { kind: '' as LedgerTransaction['kind'], reason: '' }, ['/kind', '/reason']],
])('%s is refused with its place', async (_what, more, places) => {
  expect(await refusal(transaction(more))).toEqual(['ledger_invalid', ...places]);
});

test.each<[string, Partial<Posting>, string]>([
  ['an amount of nothing', { amount: 0 as Posting['amount'] }, 'amount'],
  ['a fraction', { amount: 0.5 as Posting['amount'] }, 'amount'],
  ['not a number', { amount: NaN as Posting['amount'] }, 'amount'],
  ['an amount beyond exact numbers', { amount: (2 ** 53) as Posting['amount'] }, 'amount'],
  ['a currency that is not dealt in', { currency: 'XXX' as Posting['currency'] }, 'currency'],
  ['a purpose that is none', { purpose: 'pocket' as Posting['purpose'] }, 'purpose'],
  ['nobody', { accountId: '' }, 'accountId'],
])('a posting of %s is refused with its place', async (_what, more, field) => {
  expect(await refusal(transaction({ postings: [posting(), posting(more)] }))).toEqual([
    'ledger_invalid',
    `/postings/1/${field}`,
  ]);
});

test('what does not balance is refused, also by a micro-unit far beyond exact sums of numbers', async () => {
  const most = Number.MAX_SAFE_INTEGER as Posting['amount'];
  const postings = [
    ...Array.from({ length: 4 }, () => posting({ amount: most })),
    ...Array.from({ length: 3 }, () => posting({ amount: -most as Posting['amount'] })),
    posting({ amount: (1 - most) as Posting['amount'] }),
  ];
  expect(await refusal(transaction({ postings }))).toEqual(['ledger_unbalanced', '/postings']);
});

test('of several the wrong ones are named', async () => {
  const error = await postTransactions(nobody, [
    transaction(),
    transaction({ postings: [posting()] }),
    transaction({ postings: [posting(), posting()] }),
  ]).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'ledger_invalid',
    details: { errors: [{ pointer: '/1/postings' }, { pointer: '/2/postings' }] },
  });
});

test('there are limits to how many', async () => {
  await expect(
    postTransactions(
      nobody,
      Array.from({ length: 1_001 }, () => transaction()),
    ),
  ).rejects.toThrow(RangeError);
  const postings = Array.from({ length: 501 }, () => transaction().postings).flat();
  expect(await refusal(transaction({ postings }))).toEqual(['ledger_invalid', '/postings']);
});
