import type { Micros } from '../../domain';
import { micros } from '../../domain';
import type { Queryable } from '../../storage';
import type { Items } from './covered-transactions';
import type { DocumentLine, DocumentTotals, LineKind } from './document';
import { taxKey, taxRule } from './tax-rule';

/** Payments and corrections are told one by one up to so many, and by their kind beyond. */
const MAX_SINGLE = 200;

type Row = Omit<DocumentLine, 'no' | 'creditsLine'>;

/**
 * What the items are about. Settlements, and what revised them, say it line by line; every other transaction
 * is one line, or one of many of its kind.
 * - The settlement of a call is its price, by campaign, its fees and its taxes, by code.
 * - What revised calls (re-ratings, what was given back) corrects their price, by campaign; the fees and taxes
 *   in it are among the others of their code, so that each tax is told in one sum.
 * - What touches cash (top-ups, refunds to a card, chargebacks, and what takes them back) is a payment.
 * - The rest are adjustments.
 */
const breakdown = (items: string, account: string): string => `
  with items as materialized (${items}),
  moved as materialized (
    select i.transaction_id, i.amount, t.kind, t.call_id, t.reason, t.posted_at, s.connected_ms, l.price, l.fees,
      case when s.call_id is not null then 'call'
        when v.call_id is not null then case when v.kind in ('rerating', 'correction') then 'rerating' else 'adjustment' end end as of_call,
      -- Of a settlement it must come to what the ledger says, or nothing is issued.
      case when s.call_id is not null then s.lines when l.amount = i.amount then v.lines end as lines,
      case when t.kind = 'call_settlement' then 'call'
        when coalesce(r.kind, t.kind) in ('top_up', 'refund', 'chargeback') then 'payment'
        when t.kind = 'call_rerating' then 'rerating'
        else 'adjustment' end as line
    from items i
    join ledger_transactions t on t.id = i.transaction_id
    left join ledger_transactions r on t.kind = 'reversal' and r.id = t.reverses_id
    left join settlements s on s.call_id = t.call_id and s.transaction_id = t.id
    left join settlement_revisions v on v.transaction_id = t.id
    cross join lateral (
      select coalesce(sum(x.amount), 0) as amount, coalesce(sum(x.amount) filter (where x.kind = 'revenue'), 0) as price,
        coalesce(sum(x.amount) filter (where x.kind = 'fee'), 0) as fees
      from jsonb_to_recordset(coalesce(s.lines, v.lines, '[]')) as x(kind text, "accountId" text, amount bigint)
      where x."accountId" = ${account} and x.kind in ('revenue', 'fee', 'tax')) l),
  priced as (
    select m.of_call as kind, coalesce(c.campaign_id, '') as campaign, count(*) as quantity, sum(m.connected_ms) as duration,
      sum(m.price) as amount
    from moved m left join calls c on c.id = m.call_id
    where m.lines is not null
    group by 1, 2),
  by_campaign as (
    select p.kind, p.kind || '/' || p.campaign as key,
      case p.kind when 'rerating' then 'Re-rated: ' when 'adjustment' then 'Given back: ' else '' end
        || coalesce(k.name, nullif(p.campaign, ''), 'calls') as text,
      p.quantity, p.duration, null::bigint as rate, null::numeric as base, p.amount
    from priced p left join campaigns k on k.id = p.campaign
    where p.kind = 'call' or p.amount <> 0),
  parts as (
    select m.of_call, l.kind, l.text, l.amount, r.rate,
      case when l.kind = 'tax' then ${taxKey('l.code', 'r.rate')} else 'fee/' || l.code end as key,
      case when r.rate is not null then
        (case when r.taxed ? 'revenue' then m.price else 0 end) + (case when r.taxed ? 'fees' then m.fees else 0 end) end as base
    from moved m
    cross join lateral jsonb_to_recordset(m.lines) as l(kind text, "accountId" text, code text, text text, amount bigint)
    left join calls c on l.kind = 'tax' and c.id = m.call_id
    left join lateral (${taxRule(account, 'coalesce(c.answered_at, c.received_at)', 'l.code')}) r on l.kind = 'tax'
    where m.lines is not null and l."accountId" = ${account} and l.kind in ('fee', 'tax')),
  besides as (
    select kind, key, min(text), count(*) filter (where of_call = 'call'), null::numeric, rate, sum(base), sum(amount)
    from parts group by kind, key, rate),
  numbered as (
    select m.*, count(*) over (partition by m.line) > ${MAX_SINGLE} as many
    from moved m where m.lines is null and m.line <> 'call'),
  others as (
    select line, line || '/' || case when many then kind else transaction_id::text end,
      min(case kind when 'top_up' then 'Payment' when 'refund' then 'Refund to card or bank' when 'chargeback' then 'Chargeback'
          when 'reversal' then 'Reversal' when 'adjustment' then 'Adjustment' else replace(kind, '_', ' ') end
        || case when many then '' else ', ' || to_char(posted_at at time zone 'UTC', 'YYYY-MM-DD')
          || coalesce(': ' || reason, '') || coalesce(' (call ' || call_id || ')', '') end),
      count(*), null::numeric, null::bigint, null::numeric, sum(amount)
    from numbered group by 1, 2)
  select kind, key, text, quantity::bigint as quantity, duration::bigint as "durationMs", rate as "ratePpm",
    base::bigint as base, amount::bigint as amount
  from (select * from by_campaign union all select * from besides union all select * from others) all_lines
  order by array_position(array['call', 'fee', 'rerating', 'adjustment', 'tax', 'payment'], kind), text, key`;

/** The lines that the items come to, numbered from 1. */
export async function breakDown(db: Queryable, items: Items, accountId: string): Promise<DocumentLine[]> {
  const account = `$${items.values.length + 1}`;
  const { rows } = await db.query<Row & { kind: LineKind }>(breakdown(items.text, account), [
    ...items.values,
    accountId,
  ]);
  return rows.map((row, index) => ({ ...row, no: index + 1, creditsLine: null }));
}

/** Sums of lines by what they are about. @throws RangeError on overflow */
export function totalsOf(lines: readonly DocumentLine[]): DocumentTotals {
  const sum = (...kinds: readonly LineKind[]): Micros =>
    micros(lines.reduce((total, { kind, amount }) => (kinds.includes(kind) ? total + amount : total), 0));
  return {
    calls: sum('call'),
    fees: sum('fee'),
    taxes: sum('tax'),
    reratings: sum('rerating'),
    adjustments: sum('adjustment'),
    charges: sum('call', 'fee', 'tax', 'rerating', 'adjustment'),
    payments: sum('payment'),
  };
}

/** What is never rounded away: lines that do not come to what the ledger says are issued by nobody. */
export function differenceOf(lines: readonly DocumentLine[], ledger: Micros): Micros {
  return micros(lines.reduce((total, { amount }) => total + amount, 0) - ledger);
}
