import type { Currency, Micros } from '../../domain';
import { AppError, formatMoney, micros, subtractMicros } from '../../domain';
import { splitMicros } from '../../rating';
import type { Queryable } from '../../storage';
import type { DocumentContent, DocumentLine } from './document';
import { documentNotFound } from './document-queries';
import { taxKey, taxRule } from './tax-rule';

/** What a credit note is to document. */
export type CreditWanted =
  /** Transactions of the ledger that gave back something of calls on the invoice. */
  | { readonly kind: 'transactions'; readonly ids: readonly number[] }
  /** So much of these lines. */
  | { readonly kind: 'lines'; readonly lines: readonly { readonly no: number; readonly amount: Micros }[] }
  /** All that is left. */
  | { readonly kind: 'rest' };

/** A line of an invoice, and what no credit note has taken back of it. */
export type CreditableLine = DocumentLine & { readonly left: Micros };

export interface CreditSource {
  readonly id: number;
  readonly number: string;
  readonly accountId: string;
  readonly currency: Currency;
  readonly left: Micros;
  readonly lines: readonly CreditableLine[];
}

/** What is taken back of one line. */
export interface CreditedPart {
  readonly line: CreditableLine;
  readonly amount: Micros;
  readonly quantity: number;
  /** JSON pointer of what asked for it. */
  readonly place: string;
}

/** An invoice with what is left of it. @throws AppError `not_found`, or `unprocessable` for a credit note */
export async function invoiceToCredit(tx: Queryable, number: string): Promise<CreditSource> {
  const { rows } = await tx.query<{
    id: number;
    kind: string;
    accountId: string;
    currency: Currency;
    left: Micros;
    content: DocumentContent;
    credited: Readonly<Record<string, number>> | null;
  }>(
    `select d.id, d.kind, d.account_id as "accountId", d.currency, d.content,
       d.charged - (select coalesce(sum(n.charged), 0)::bigint from billing_documents n where n.invoice_id = d.id) as left,
       (select jsonb_object_agg(c.credits_line, c.amount) from (
          select l.credits_line, sum(l.amount) as amount
          from billing_documents n join billing_document_lines l on l.document_id = n.id
          where n.invoice_id = d.id group by l.credits_line) c) as credited
     from billing_documents d where d.number = $1`,
    [number],
  );
  const [row] = rows;
  if (!row) throw documentNotFound(number);
  if (row.kind !== 'invoice') {
    throw new AppError(
      'unprocessable',
      'not_an_invoice',
      `${number} is a credit note, and credits nothing but invoices`,
    );
  }
  const { id, accountId, currency, left, content, credited } = row;
  return {
    id,
    number,
    accountId,
    currency,
    left,
    lines: content.lines
      .filter(({ kind }) => kind !== 'payment')
      .map((line) => ({ ...line, left: subtractMicros(line.amount, micros(credited?.[line.no] ?? 0)) })),
  };
}

/** What is taken back of which line. @throws AppError `unprocessable` with the place of everything that is wrong */
export async function partsOf(
  tx: Queryable,
  source: CreditSource,
  wanted: CreditWanted,
): Promise<CreditedPart[]> {
  if (wanted.kind === 'lines') return linesWanted(source, wanted.lines);
  if (wanted.kind === 'rest') return restOf(source);
  return transactionsWanted(tx, source, wanted.ids);
}

function linesWanted(
  source: CreditSource,
  wanted: readonly { readonly no: number; readonly amount: Micros }[],
): CreditedPart[] {
  const seen = new Set<number>();
  const errors: { pointer: string; message: string }[] = [];
  const parts: CreditedPart[] = [];
  wanted.forEach(({ no, amount }, index) => {
    const place = `/credit/lines/${index}`;
    const line = source.lines.find((one) => one.no === no);
    if (!line)
      errors.push({ pointer: `${place}/no`, message: `${source.number} has no line ${no} to credit` });
    else if (seen.has(no)) errors.push({ pointer: `${place}/no`, message: `line ${no} is there twice` });
    else if (amount <= 0) errors.push({ pointer: `${place}/amount`, message: 'must be above 0' });
    else parts.push({ line, amount, quantity: 1, place });
    seen.add(no);
  });
  if (errors.length > 0) throw notCreditable(errors);
  return parts;
}

/** Lines that took something back already leave less to the others. */
function restOf(source: CreditSource): CreditedPart[] {
  const open = source.lines.filter(({ left }) => left > 0);
  if (source.left <= 0 || open.length === 0) {
    throw notCreditable([{ pointer: '/credit', message: `nothing is left of ${source.number}` }]);
  }
  const parts = splitMicros(
    source.left,
    open.map(({ left }) => left),
  );
  return open.flatMap((line, index) => {
    const amount = parts[index] ?? micros(0);
    return amount > 0 ? [{ line, amount, quantity: line.quantity, place: '/credit' }] : [];
  });
}

interface Revision {
  readonly id: number;
  readonly amount: Micros | null;
  readonly documented: string | null;
  /** The call is on the invoice. */
  readonly invoiced: boolean;
  readonly parts: readonly { readonly key: string; readonly amount: number }[] | null;
}

/** What transactions gave back of calls on the invoice, by its lines: revisions of settlements say it exactly. */
async function transactionsWanted(
  tx: Queryable,
  source: CreditSource,
  ids: readonly number[],
): Promise<CreditedPart[]> {
  const { rows } = await tx.query<Revision>(
    `select w.id, moved.amount, d.number as documented,
       exists (select 1 from settlements s
         join billing_document_transactions i on i.transaction_id = s.transaction_id and i.document_id = $2
         where s.call_id = t.call_id) as invoiced,
       (select jsonb_agg(jsonb_build_object('amount', (l ->> 'amount')::bigint, 'key', case l ->> 'kind'
            when 'revenue' then 'call/' || coalesce(c.campaign_id, '')
            when 'fee' then 'fee/' || (l ->> 'code')
            else ${taxKey(`(l ->> 'code')`, 'rule.rate')} end))
        from settlement_revisions r cross join lateral jsonb_array_elements(r.lines) as l
        left join lateral (${taxRule('$3', 'coalesce(c.answered_at, c.received_at)', `l ->> 'code'`)}) rule on true
        where r.transaction_id = w.id and l ->> 'accountId' = $3 and l ->> 'kind' in ('revenue', 'fee', 'tax')) as parts
     from unnest($1::bigint[]) with ordinality as w(id, place)
     left join ledger_transactions t on t.id = w.id
     left join calls c on c.id = t.call_id
     left join lateral (
       select sum(e.amount)::bigint as amount
       from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
       where e.transaction_id = w.id and a.account_id = $3 and a.currency = $4 and a.purpose in ('wallet', 'held')) moved on true
     left join billing_document_transactions b
       on b.account_id = $3 and b.currency = $4 and b.transaction_id = w.id
     left join billing_documents d on d.id = b.document_id
     order by w.place`,
    [ids, source.id, source.accountId, source.currency],
  );
  const errors: { pointer: string; message: string }[] = [];
  const sums = new Map<number, CreditedPart>();
  rows.forEach((row, index) => {
    const place = `/credit/ids/${index}`;
    const why = refusalOf(row, source) ?? (ids.indexOf(row.id) < index ? 'is there twice' : undefined);
    if (why !== undefined) {
      errors.push({ pointer: place, message: why });
      return;
    }
    for (const part of row.parts ?? []) {
      const { key } = part;
      const line = source.lines.find((one) => one.key === key);
      if (!line) errors.push({ pointer: place, message: `gives back ${key}, of which there is no line` });
      else {
        const before = sums.get(line.no);
        const amount = micros((before?.amount ?? 0) - part.amount);
        sums.set(line.no, { line, amount, quantity: (before?.quantity ?? 0) + 1, place });
      }
    }
  });
  if (errors.length > 0) throw notCreditable(errors);
  return [...sums.values()].filter(({ amount }) => amount !== 0).sort((a, b) => a.line.no - b.line.no);
}

function refusalOf(
  { amount, documented, invoiced, parts }: Revision,
  source: CreditSource,
): string | undefined {
  if (amount === null) return `is no transaction of ${source.accountId} in ${source.currency}`;
  if (documented !== null) return `is on ${documented}`;
  if (amount >= 0) return 'gives nothing back';
  if (!invoiced || parts === null)
    return `gives back nothing of a call on ${source.number}: it is on the next invoice`;
  const said = parts.reduce((sum, part) => sum + part.amount, 0);
  if (said !== amount) {
    const money = formatMoney({ amount: micros(said - amount), currency: source.currency });
    return `differs from what revised the call by ${money}`;
  }
  return undefined;
}

function notCreditable(errors: readonly { pointer: string; message: string }[]): AppError {
  return new AppError('unprocessable', 'not_creditable', 'that cannot be credited', { errors });
}
