import { z } from 'zod';
import type { CallReport, CurrencyRow, FigureRatios, Grouping, LiveCounters } from '../../analytics';
import {
  BUCKETS,
  currenciesOf,
  GROUPINGS,
  inCurrency,
  liveScopeOf,
  marginOf,
  MAX_DAYS,
  MAX_ROWS,
  ratiosOf,
  readCallReport,
} from '../../analytics';
import { csvRecord, localTime } from '../../billing';
import type { Role, TenantRole } from '../../domain';
import { AppError, CURRENCIES, OPERATOR_ACCOUNT, zoneOf } from '../../domain';
import type { FigureFilter, Queryable } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { currency, id, queryInstant, timezone } from '../schemas';
import { sendFile } from '../send-file';

/** Who knows what goes on now. */
export type LiveFiguresSource = Pick<LiveCounters, 'figures'>;

const count = z.number().int();
const epoch = count.describe('UTC epoch milliseconds');
const ratio = z.number().nullable();
const money = count.describe('Micro-units of the currency').optional();

const row = z.object({
  start: epoch.describe('Beginning of the bucket: UTC epoch milliseconds'),
  local: z.string().describe("The same on the zone's clock: ISO 8601 with its offset"),
  key: z
    .string()
    .nullable()
    .describe('What it is of; null where that is not known, or nothing is told apart'),
  calls: count.describe('That came in; of a buyer, that it was offered'),
  connected: count.describe("That reached a buyer's people"),
  answered: count,
  converted: count.describe('That their buyers owe for'),
  asr: ratio.describe('Answer-seizure ratio: answered / calls'),
  ner: ratio.describe('Network effectiveness ratio: connected / calls'),
  answerRate: ratio.describe('answered / connected'),
  conversionRate: ratio.describe('converted / answered'),
  acdMs: count.nullable().describe('Average call duration, in milliseconds'),
  pddMs: count.nullable().describe('Post-dial delay, from the INVITE to the first ring, in milliseconds'),
  connectedMs: count.describe('Milliseconds of conversation'),
  minutes: z.number().describe('The same in minutes'),
  revenueMicros: money,
  payoutMicros: money,
  feesMicros: money,
  taxesMicros: money,
  carrierCostMicros: money,
  marginMicros: money.describe('revenue + fees − payout − carrierCost'),
});
type Row = z.output<typeof row>;

const report = z.object({
  zone: z.string(),
  from: epoch,
  to: epoch,
  bucket: z.enum(BUCKETS),
  groupBy: z.enum(GROUPINGS).nullable(),
  currency: z.string().describe('Of every amount'),
  currencies: z
    .array(z.string())
    .describe('Of which there is money; that of others is shown by asking for it'),
  upTo: epoch.describe('What happened before it is counted'),
  wholeSince: epoch.nullable().describe('Calls of before it are still being counted; null once all are'),
  rows: z.array(row).describe('By start and key; where nothing was, there is none'),
});

const query = z.strictObject({
  from: queryInstant.optional().describe('UTC epoch milliseconds; today by the clock of the zone by default'),
  to: queryInstant.optional().describe('UTC epoch milliseconds, the first that is not in it; now by default'),
  bucket: z.enum(BUCKETS).default('day'),
  groupBy: z.enum(GROUPINGS).optional().describe('Nothing is told apart by default'),
  zone: timezone.optional().describe("IANA time zone; the account's own by default"),
  currency: currency.optional().describe("The account's own by default"),
  campaignId: id.optional(),
  buyerId: id.optional(),
  sellerId: id.optional(),
  trunkId: id.optional(),
  format: z.enum(['json', 'csv']).default('json').describe('csv: the rows as a file, RFC 4180'),
});
type Query = z.output<typeof query>;

const liveMoney = z.object({
  currency: z.string(),
  revenueMicros: money,
  payoutMicros: money,
  marginMicros: money,
});

const COUNTS = ['calls', 'connected', 'answered', 'converted'] as const;
const RATIOS = [
  'asr',
  'ner',
  'answerRate',
  'conversionRate',
  'acdMs',
  'pddMs',
] as const satisfies (keyof FigureRatios)[];
const MONEY = [
  'revenueMicros',
  'payoutMicros',
  'feesMicros',
  'taxesMicros',
  'carrierCostMicros',
  'marginMicros',
] as const;
type MoneyField = (typeof MONEY)[number];

const SUM_OF = {
  revenueMicros: 'revenue',
  payoutMicros: 'payout',
  feesMicros: 'fees',
  taxesMicros: 'taxes',
  carrierCostMicros: 'carrierCost',
} as const;

/** What parties may see and ask of their own calls: never who the other side is, nor what it pays or earns. */
const VIEWS: Readonly<Record<TenantRole, View>> = {
  buyer: {
    money: ['revenueMicros'],
    groupings: ['campaign', 'buyer', 'state', 'hour'],
    filters: ['campaignId', 'buyerId'],
  },
  seller: {
    money: ['payoutMicros'],
    groupings: ['campaign', 'seller', 'state', 'hour'],
    filters: ['campaignId', 'sellerId'],
  },
  carrier: { money: [], groupings: ['trunk', 'hour'], filters: ['trunkId'] },
};
const EVERYTHING: View = {
  money: MONEY,
  groupings: GROUPINGS,
  filters: ['campaignId', 'buyerId', 'sellerId', 'trunkId'],
};

interface View {
  readonly money: readonly MoneyField[];
  readonly groupings: readonly Grouping[];
  readonly filters: readonly ('campaignId' | 'buyerId' | 'sellerId' | 'trunkId')[];
}

const SUMMARY = `Figures of calls by time and one thing more, as of now; at most ${MAX_DAYS} days and ${MAX_ROWS} rows at once`;
const CSV_ROWS = 500;

/**
 * What calls came to, and what goes on.
 * @param live - without it there are no live figures
 * @param now - UTC epoch milliseconds
 */
export function analyticsRoutes(live: LiveFiguresSource | undefined, now: () => number): Route[] {
  return [
    route({
      method: 'get',
      path: '/analytics/calls',
      operationId: 'getCallFigures',
      tag: 'analytics',
      summary: SUMMARY,
      scope: 'analytics:read',
      tenants: ['buyer', 'seller', 'carrier'],
      query,
      reply: report,
      handle: async ({ db, own, caller, query: wanted, response }) => {
        const view = viewOf(caller.role);
        assertVisible(view, caller.role, wanted);
        const account = await accountOf(db, own ?? OPERATOR_ACCOUNT);
        const zone = wanted.zone ?? account.timezone;
        const shown = wanted.currency ?? currencyOf(account.currency);
        const found = await readCallReport(db, {
          range: rangeOf(wanted, zone, now()),
          bucket: wanted.bucket,
          groupBy: wanted.groupBy,
          zone,
          filter: filterOf(wanted, own, caller.role),
          now: now(),
        });
        const rows = rowsOf(inCurrency(found.rows, shown), zone, view);
        if (wanted.format === 'csv') {
          const name = `calls-by-${wanted.groupBy ?? 'time'}.csv`;
          await sendFile(response, { type: 'text/csv; charset=utf-8', name }, (write) =>
            writeCsv(rows, view, shown, write),
          );
        }
        return { body: { ...headOf(found, wanted, zone, shown, view), rows } };
      },
    }),
    ...(live ? [liveRoute(live)] : []),
  ];
}

function liveRoute(live: LiveFiguresSource): Route {
  const rate = z.number().nullable();
  return route({
    method: 'get',
    path: '/analytics/live',
    operationId: 'getLiveFigures',
    tag: 'analytics',
    summary: 'What goes on now, over all nodes',
    scope: 'analytics:read',
    tenants: ['buyer', 'seller', 'carrier'],
    reply: z.object({
      at: epoch,
      calls: z
        .object({ deciding: count, attended: count, ringing: count, answered: count })
        .describe('That are up, by state; `attended` are with their plan, before a buyer or after one'),
      attemptsPerSecond: z.number().describe('Of the last ten seconds'),
      auctionsPerSecond: z.number(),
      answerRate5m: rate.describe('Answered calls of those answered or over, in the last five minutes'),
      answerRate60m: rate,
      today: z
        .array(liveMoney)
        .nullable()
        .describe('Booked for calls since midnight; null while it cannot be read'),
      nodes: count,
      degraded: z.boolean().describe('Calls of other nodes are not known at present'),
    }),
    handle: async ({ own, caller: { role } }) => {
      const scope = own === undefined ? undefined : liveScopeOf({ accountId: own, role });
      const { today, ...figures } = await live.figures(scope);
      return {
        body: { ...figures, today: today ? (today as z.input<typeof liveMoney>[]) : null },
      };
    },
  });
}

function isTenant(role: Role): role is TenantRole {
  return role in VIEWS;
}

function viewOf(role: Role): View {
  return isTenant(role) ? VIEWS[role] : EVERYTHING;
}

/** @throws AppError `forbidden` for what would tell of the other side */
function assertVisible(view: View, role: Role, wanted: Query): void {
  const hidden = EVERYTHING.filters.filter(
    (name) => wanted[name] !== undefined && !view.filters.includes(name),
  );
  const byHidden = wanted.groupBy !== undefined && !view.groupings.includes(wanted.groupBy);
  const [pointer] = byHidden ? ['groupBy'] : hidden;
  if (pointer === undefined) return;
  throw new AppError('forbidden', 'role_forbidden', `this is not for a ${role}`, {
    errors: [{ in: 'query', pointer: `/${pointer}`, message: `not for a ${role}` }],
  });
}

interface AccountBasics {
  readonly timezone: string;
  readonly currency: string;
}

async function accountOf(db: Queryable, accountId: string): Promise<AccountBasics> {
  const { rows } = await db.query<AccountBasics>({
    name: 'analytics-account',
    text: 'select timezone, currency from accounts where id = $1',
    values: [accountId],
  });
  return rows[0] ?? { timezone: 'UTC', currency: 'USD' };
}

function currencyOf(own: string): Query['currency'] & string {
  return CURRENCIES.find((one) => one === own) ?? 'USD';
}

function rangeOf({ from, to }: Query, zone: string, now: number): { from: number; to: number } {
  const clock = zoneOf(zone);
  const end = to ?? Math.max(now, (from ?? now) + 1);
  return { from: from ?? Math.min(clock.startOfDay(clock.dayNumber(now)), end - 1), to: end };
}

function filterOf(
  { campaignId, buyerId, sellerId, trunkId }: Query,
  own: string | undefined,
  role: Role,
): FigureFilter {
  const of = role === 'carrier' ? 'trunk' : role;
  const account =
    own !== undefined && (of === 'buyer' || of === 'seller' || of === 'trunk') ? { of, id: own } : undefined;
  if (own !== undefined && !account)
    throw new AppError('forbidden', 'role_forbidden', `this is not for a ${role}`);
  return { campaignId, buyerId, sellerId, trunkId, account } as FigureFilter;
}

function headOf(found: CallReport, wanted: Query, zone: string, shown: string, { money: seen }: View) {
  return {
    zone,
    ...found.range,
    bucket: wanted.bucket,
    groupBy: wanted.groupBy ?? null,
    currency: shown,
    currencies: currenciesOf(
      found.rows,
      // Margin is made of the others.
      seen.flatMap((field) => (field === 'marginMicros' ? [] : [SUM_OF[field]])),
    ),
    upTo: found.upTo,
    wholeSince: found.wholeSince,
  };
}

/** Rows as they are shown: a report has thousands of them, so that nothing is worked out twice. */
function rowsOf(rows: readonly CurrencyRow[], zone: string, { money: seen }: View): Row[] {
  const clock = zoneOf(zone);
  let local = { start: NaN, text: '' };
  return rows.map(({ start, key, sums }) => {
    if (start !== local.start) local = { start, text: localTime(start, clock.offsetAt(start)) };
    const { calls, connected, answered, converted, connectedMs } = sums;
    const row: Row = {
      ...{ start, local: local.text, key, calls, connected, answered, converted },
      ...ratiosOf(sums),
      connectedMs,
      minutes: Math.round(connectedMs / 600) / 100,
    };
    for (const field of seen) row[field] = amountOf(sums, field);
    return row;
  });
}

function amountOf(sums: CurrencyRow['sums'], field: MoneyField): number {
  return field === 'marginMicros' ? marginOf(sums) : sums[SUM_OF[field]];
}

async function writeCsv(
  rows: readonly Row[],
  { money: seen }: View,
  shown: string,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const columns = ['start', 'local', 'key', ...COUNTS, ...RATIOS, 'connectedMs', 'minutes', ...seen] as const;
  await write(csvRecord([...columns, ...(seen.length > 0 ? ['currency'] : [])]));
  for (let first = 0; first < rows.length; first += CSV_ROWS) {
    const lines = rows
      .slice(first, first + CSV_ROWS)
      .map((one) =>
        csvRecord([...columns.map((column) => one[column] ?? null), ...(seen.length > 0 ? [shown] : [])]),
      );
    await write(lines.join(''));
  }
}
