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
    select i.transaction_id, i.amount, t.kind, t.call_id, t.reason, t.posted_at,
      case when t.kind = 'call_settlement' then 'call'
        when coalesce(r.kind, t.kind) in ('top_up', 'refund', 'chargeback') then 'payment'
        when t.kind = 'call_rerating' then 'rerating'
        else 'adjustment' end as line
    from items i
    join ledger_transactions t on t.id = i.transaction_id
    left join ledger_transactions r on t.kind = 'reversal' and r.id = t.reverses_id),
  explained as materialized (
    select m.transaction_id, m.amount, 'call' as kind, m.call_id, s.connected_ms, s.lines
    from moved m join settlements s on s.call_id = m.call_id and s.transaction_id = m.transaction_id
    union all
    select m.transaction_id, m.amount, case when r.kind in ('rerating', 'correction') then 'rerating' else 'adjustment' end,
      m.call_id, null, r.lines
    from moved m join settlement_revisions r on r.transaction_id = m.transaction_id
    where m.line <> 'call' and m.amount = (
      select coalesce(sum((l ->> 'amount')::bigint), 0) from jsonb_array_elements(r.lines) as l
      where l ->> 'accountId' = ${account} and l ->> 'kind' in ('revenue', 'fee', 'tax'))),
  sums as materialized (
    select x.transaction_id, coalesce(sum(l.amount) filter (where l.kind = 'revenue'), 0) as price,
      coalesce(sum(l.amount) filter (where l.kind = 'fee'), 0) as fees
    from explained x
    cross join lateral jsonb_to_recordset(x.lines) as l(kind text, "accountId" text, amount bigint)
    where l."accountId" = ${account} and l.kind in ('revenue', 'fee')
    group by x.transaction_id),
  parts as materialized (
    select x.transaction_id, x.kind as source, l.kind, l.text, l.amount, r.rate,
      case when l.kind = 'tax' then ${taxKey('l.code', 'r.rate')} else 'fee/' || l.code end as key,
      case when r.rate is not null then
        (case when r.taxed ? 'revenue' then coalesce(s.price, 0) else 0 end)
        + (case when r.taxed ? 'fees' then coalesce(s.fees, 0) else 0 end) end as base
    from explained x
    cross join lateral jsonb_to_recordset(x.lines) as l(kind text, "accountId" text, code text, text text, amount bigint)
    left join sums s on s.transaction_id = x.transaction_id
    left join calls c on c.id = x.call_id and l.kind = 'tax'
    left join lateral (${taxRule(account, 'coalesce(c.answered_at, c.received_at)', 'l.code')}) r on l.kind = 'tax'
    where l."accountId" = ${account} and l.kind in ('fee', 'tax')),
  priced as (
    select x.kind, coalesce(c.campaign_id, '') as campaign, count(*) as quantity, sum(x.connected_ms) as duration,
      coalesce(sum(p.price), 0) as amount
    from explained x
    left join calls c on c.id = x.call_id
    left join sums p on p.transaction_id = x.transaction_id
    group by 1, 2),
  by_campaign as (
    select p.kind, p.kind || '/' || p.campaign as key,
      case p.kind when 'rerating' then 'Re-rated: ' when 'adjustment' then 'Given back: ' else '' end
        || coalesce(k.name, nullif(p.campaign, ''), 'calls') as text,
      p.quantity, p.duration, null::bigint as rate, null::numeric as base, p.amount
    from priced p left join campaigns k on k.id = p.campaign
    where p.kind = 'call' or p.amount <> 0),
  besides as (
    select kind, key, min(text), count(*) filter (where source = 'call'), null::numeric, rate, sum(base), sum(amount)
    from parts group by kind, key, rate),
  numbered as (
    select m.*, count(*) over (partition by m.line) > ${MAX_SINGLE} as many from moved m
    where m.line <> 'call' and not exists (select 1 from explained x where x.transaction_id = m.transaction_id)),
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
