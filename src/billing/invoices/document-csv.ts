import type { Micros } from '../../domain';
import { decimalText, minorDecimals, zoneOf } from '../../domain';
import type { Queryable } from '../../storage';
import type { WriteText } from './csv-text';
import { csvRecord, localTime, maskNumber } from './csv-text';
import type { IssuedDocument } from './document-queries';

interface Row {
  readonly transactionId: number;
  readonly amount: Micros;
  readonly kind: string;
  readonly callId: string | null;
  readonly reason: string | null;
  /** UTC epoch milliseconds. */
  readonly postedAt: number;
  readonly calledAt: number | null;
  readonly campaignId: string | null;
  readonly dialled: string | null;
  readonly caller: string | null;
  readonly connectedMs: number | null;
  readonly priced: string | null;
  readonly price: Micros | null;
  readonly fees: Micros | null;
  readonly taxes: Micros | null;
}

const BATCH = 2_000;
const COLUMNS = [
  'document',
  'transaction',
  'kind',
  'posted_at',
  'call_id',
  'call_time',
  'campaign',
  'did',
  'caller',
  'duration_seconds',
  'priced_by',
  'price',
  'fees',
  'taxes',
  'amount',
  'currency',
  'text',
];

const READ = {
  name: 'document-csv',
  text: `select d.transaction_id as "transactionId", d.amount, t.kind, t.call_id as "callId", t.reason,
      (extract(epoch from t.posted_at) * 1000)::bigint as "postedAt", coalesce(c.answered_at, c.received_at) as "calledAt",
      c.campaign_id as "campaignId", c.dialled, c.caller, s.connected_ms as "connectedMs", s.priced, p.price, p.fees, p.taxes
    from billing_document_transactions d
    join ledger_transactions t on t.id = d.transaction_id
    left join calls c on c.id = t.call_id
    left join settlements s on s.call_id = t.call_id and s.transaction_id = t.id
    left join settlement_revisions r on r.transaction_id = t.id
    left join lateral (
      select coalesce(sum(l.amount) filter (where l.kind = 'revenue'), 0)::bigint as price,
        coalesce(sum(l.amount) filter (where l.kind = 'fee'), 0)::bigint as fees,
        coalesce(sum(l.amount) filter (where l.kind = 'tax'), 0)::bigint as taxes
      from jsonb_to_recordset(coalesce(s.lines, r.lines)) as l(kind text, "accountId" text, amount bigint)
      where l."accountId" = d.account_id) p on s.call_id is not null or r.call_id is not null
    where d.document_id = $1 and d.transaction_id > $2
    order by d.transaction_id limit $3`,
};

/**
 * Writes every transaction of a document as CSV: each call with what it cost, each payment, each correction.
 * A batch at a time, however many there are.
 *
 * @param showCallers - whole numbers of callers; else country and area alone
 */
export async function writeDocumentCsv(
  db: Queryable,
  document: IssuedDocument,
  showCallers: boolean,
  write: WriteText,
): Promise<void> {
  const { number, currency, content } = document;
  const zone = zoneOf(content.timezone);
  const time = (instant: number): string => localTime(instant, zone.offsetAt(instant));
  const money = (amount: Micros | null): string | null =>
    amount === null ? null : decimalText(amount, minorDecimals(currency));
  await write(csvRecord(COLUMNS));
  let after = 0;
  for (;;) {
    const { rows } = await db.query<Row>({ ...READ, values: [document.id, after, BATCH] });
    let text = '';
    for (const row of rows) {
      const caller = row.caller === null || showCallers ? row.caller : maskNumber(row.caller);
      text += csvRecord([
        number,
        row.transactionId,
        row.kind,
        time(row.postedAt),
        row.callId,
        row.calledAt === null ? null : time(row.calledAt),
        row.campaignId,
        row.dialled,
        caller,
        row.connectedMs === null ? null : (row.connectedMs / 1_000).toFixed(3),
        row.priced,
        money(row.price),
        money(row.fees),
        money(row.taxes),
        money(row.amount),
        currency,
        row.reason,
      ]);
    }
    if (text !== '') await write(text);
    if (rows.length < BATCH) return;
    after = rows.at(-1)?.transactionId ?? after;
  }
}
