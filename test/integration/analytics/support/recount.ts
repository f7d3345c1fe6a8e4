import type { Bucket, Grouping, ReportRow } from '../../../../src/analytics';
import type { ModelCall } from './histories';
import { accountOf, CARRIERS, CURRENCIES } from './histories';

/** What is asked of both, the report and the recount. */
export interface Question {
  readonly bucket: Bucket;
  readonly groupBy?: Grouping | undefined;
  readonly zone: string;
  readonly from: number;
  readonly to: number;
  readonly buyerId?: string | undefined;
  readonly campaignId?: string | undefined;
  readonly account?: { readonly of: 'buyer' | 'seller' | 'trunk'; readonly id: string } | undefined;
}

const REACHED = new Set(['answered', 'busy', 'no_answer', 'declined', 'canceled', 'queue_timeout']);
const RUNG = (outcome: string): boolean => outcome !== 'cap_reached' && outcome !== 'no_funds';

/** One line for each bucket, key and currency, in no order: counted call by call, by another way than the house's. */
export function recount(calls: readonly ModelCall[], question: Question): string[] {
  const sums = new Map<string, number[]>();
  const { from, to, buyerId, campaignId, account, groupBy } = question;
  const forBuyer = groupBy === 'buyer' || buyerId !== undefined || account?.of === 'buyer';
  const add = (call: ModelCall, key: string | null, currency: string | null, numbers: number[]): void => {
    const hour = groupBy === 'hour' ? localHour(call.receivedAt, question.zone) : key;
    const place = [bucketOf(call.receivedAt, question), hour ?? '-', currency ?? '-'].join(' | ');
    const before = sums.get(place) ?? numbers.map(() => 0);
    sums.set(
      place,
      before.map((value, n) => value + (numbers[n] ?? 0)),
    );
  };
  for (const call of calls) {
    if (call.receivedAt < from || call.receivedAt >= to) continue;
    if (campaignId !== undefined && call.campaign !== campaignId) continue;
    if (account?.of === 'seller' && call.seller !== account.id) continue;
    if (account?.of === 'trunk' && CARRIERS[call.trunk] !== account.id) continue;
    const rung = call.rung.filter(({ outcome }) => RUNG(outcome));
    const own = call.answered ? rung.at(-1) : rung[0];
    const wanted = (buyer: string): boolean =>
      (buyerId === undefined || buyer === buyerId) &&
      (account?.of !== 'buyer' || accountOf(buyer) === account.id);
    const connected = rung.some(({ outcome }) => REACHED.has(outcome)) ? 1 : 0;
    const { currency, ...money } = moneyOf(call);
    const answered = [
      call.answered ? 1 : 0,
      money.revenue > 0 ? 1 : 0,
      call.ringMs === null ? 0 : 1,
      call.ringMs ?? 0,
      call.connectedMs,
      money.revenue,
      money.payout,
      money.fees,
      money.carrierCost,
    ];
    const nothing = answered.map(() => 0);
    const foreign = [...nothing.slice(0, -1), call.money?.foreign ?? 0];
    if (!forBuyer) {
      const key = keyOf(call, groupBy);
      add(call, key, currency, [1, connected, ...answered]);
      if (foreign.some((value) => value > 0)) add(call, key, 'GBP', [0, 0, ...foreign]);
      continue;
    }
    for (const { buyer, outcome } of rung.filter((one) => wanted(one.buyer))) {
      const key = groupBy === 'buyer' ? buyer : keyOf(call, groupBy);
      const mine = buyer === own?.buyer;
      add(call, key, currency, [1, REACHED.has(outcome) ? 1 : 0, ...(mine ? answered : nothing)]);
      if (mine && foreign.some((value) => value > 0)) add(call, key, 'GBP', [0, 0, ...foreign]);
    }
  }
  return [...sums].map(([place, numbers]) => `${place} | ${numbers.join(' ')}`).sort();
}

/** The same lines of a report. */
export function told(rows: readonly ReportRow[], question: Question): string[] {
  return rows
    .map(({ start, key, currency, sums }) => {
      const { calls, connected, answered, converted, rang, pddMs, connectedMs } = sums;
      const { revenue, payout, fees, carrierCost } = sums;
      const numbers = [
        calls,
        connected,
        answered,
        converted,
        rang,
        pddMs,
        connectedMs,
        revenue,
        payout,
        fees,
        carrierCost,
      ];
      return `${bucketOf(start, question)} | ${key ?? '-'} | ${currency ?? '-'} | ${numbers.join(' ')}`;
    })
    .sort();
}

function moneyOf({ money, revisions, campaign }: ModelCall) {
  const {
    currency = CURRENCIES[campaign ?? ''] ?? null,
    revenue = 0,
    payout = 0,
    fees = 0,
    carrierCost = 0,
  } = money ?? {};
  const changed = { currency, revenue, payout, fees, carrierCost };
  for (const change of revisions) {
    changed.revenue += change.revenue;
    changed.payout += change.payout;
  }
  return changed;
}

function keyOf(call: ModelCall, groupBy: Grouping | undefined): string | null {
  switch (groupBy) {
    case 'campaign':
      return call.campaign;
    case 'seller':
      return call.seller;
    case 'trunk':
      return call.trunk;
    case 'state':
      return call.state;
    default:
      return null;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-01 01 GMT-04:00` of a zone, as the platform says it. */
function local(instant: number, zone: string): { day: string; hour: string; offset: string } {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone: zone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, value]));
  const day = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`;
  return { day, hour: parts.get('hour') ?? '', offset: parts.get('timeZoneName') ?? '' };
}

function localHour(instant: number, zone: string): string {
  return local(instant, zone).hour;
}

function bucketOf(instant: number, { bucket, zone }: Question): string {
  const { day, hour, offset } = local(instant, zone);
  switch (bucket) {
    case 'total':
      return 'all';
    case 'day':
      return day;
    case 'hour':
      return `${day} ${hour} ${offset}`;
    case 'quarter':
      return String(Math.floor(instant / 900_000));
  }
}
