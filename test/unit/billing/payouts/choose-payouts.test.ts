import fc from 'fast-check';
import { choosePayouts, MAX_ITEMS } from '../../../../src/billing/payouts/prepare-payouts';
import type { DueAccount } from '../../../../src/billing/payouts/what-is-due';
import { micros } from '../../../../src/domain';

const NOBODY = new Map<string, never>();

const account = (more: Partial<DueAccount> = {}): DueAccount => ({
  accountId: 'seller',
  suspended: false,
  minimumAmount: micros(0),
  method: 'IBAN',
  owed: 10_000_000,
  early: 0,
  setAside: 0,
  ...more,
});

test.each<[string, Partial<DueAccount>, number | string]>([
  ['all of it', {}, 10_000_000],
  ['whole cents', { owed: 10_009_999 }, 10_000_000],
  ['what is not early', { early: 4_000_000 }, 6_000_000],
  ['what is not set aside', { setAside: 10_000_000 }, 'nothing_due'],
  ['a part of a cent', { owed: 9_999 }, 'nothing_due'],
  ['a debt', { owed: -1 }, 'nothing_due'],
  ['exactly the minimum', { minimumAmount: micros(10_000_000) }, 10_000_000],
  ['less than the minimum', { minimumAmount: micros(10_000_001) }, 'below_minimum'],
  ['a suspended account', { suspended: true }, 'account_suspended'],
])('%s', (_what, more, expected) => {
  const { chosen, leftOut } = choosePayouts([account(more)], 'USD', NOBODY);
  expect([...chosen.map(({ amount }) => amount), ...leftOut.map(({ reason }) => reason)]).toEqual([expected]);
});

test('no more accounts than one transaction pays', () => {
  const accounts = Array.from({ length: MAX_ITEMS + 2 }, (_, n) => account({ accountId: `seller-${n}` }));
  const { chosen, leftOut } = choosePayouts(accounts, 'USD', NOBODY);
  expect(chosen).toHaveLength(MAX_ITEMS);
  expect(leftOut.map(({ reason }) => reason)).toEqual(['batch_full', 'batch_full']);
});

test('everybody is paid or left out, and nobody more than is left', () => {
  const amount = fc.integer({ min: 0, max: 2 ** 40 });
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          owed: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
          early: amount,
          setAside: amount,
          disputed: amount,
          minimum: amount,
          suspended: fc.boolean(),
        }),
      ),
      fc.constantFrom('USD' as const, 'JPY' as const),
      (rows, currency) => {
        const accounts = rows.map(({ minimum, disputed: _disputed, ...row }, n) =>
          account({ ...row, accountId: `seller-${n}`, minimumAmount: micros(minimum) }),
        );
        const disputed = new Map(rows.map((row, n) => [`seller-${n}`, micros(row.disputed)]));
        const { chosen, leftOut } = choosePayouts(accounts, currency, disputed);
        expect([...chosen, ...leftOut].map(({ accountId }) => accountId).sort()).toEqual(
          accounts.map(({ accountId }) => accountId).sort(),
        );
        for (const { accountId, amount: paid } of chosen) {
          const row = accounts.find((one) => one.accountId === accountId);
          const left =
            (row?.owed ?? 0) - (row?.early ?? 0) - (row?.setAside ?? 0) - (disputed.get(accountId) ?? 0);
          expect(paid).toBeGreaterThan(0);
          expect(paid).toBeLessThanOrEqual(left);
          expect(paid).toBeGreaterThanOrEqual(row?.minimumAmount ?? 0);
          expect(row?.suspended).toBe(false);
        }
      },
    ),
  );
});
