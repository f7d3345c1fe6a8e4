import { zoneOf } from '../domain';
import type { Queryable } from '../storage';
import { readCallReport } from './call-report';
import { hasMoney, marginOf } from './figures';
import type { LiveScope, MoneyToday } from './live-counters';

/** The exchange's own clock, or an account's. */
const ZONE = {
  name: 'analytics-zone',
  text: `select timezone from accounts where id = $1`,
};
const OPERATOR = 'operator';

/**
 * Money of the calls that came in since midnight of the account's own zone, as far as it is booked.
 * @param now - UTC epoch milliseconds
 */
export async function moneyToday(db: Queryable, scope: LiveScope, now: number): Promise<MoneyToday[]> {
  const { rows: accounts } = await db.query<{ timezone: string }>({
    ...ZONE,
    values: [scope?.accountId ?? OPERATOR],
  });
  const zone = accounts[0]?.timezone ?? 'UTC';
  const midnight = zoneOf(zone).startOfDay(zoneOf(zone).dayNumber(now));
  const account = scope && {
    of: scope.role === 'carrier' ? ('trunk' as const) : scope.role,
    id: scope.accountId,
  };
  const range = { from: midnight, to: Math.max(now, midnight + 1) };
  const { rows } = await readCallReport(db, { range, bucket: 'total', zone, filter: { account }, now });
  return rows.flatMap(({ currency, sums }) =>
    currency === null || !hasMoney(sums)
      ? []
      : [
          {
            currency,
            revenueMicros: sums.revenue,
            payoutMicros: sums.payout,
            marginMicros: marginOf(sums),
          },
        ],
  );
}
