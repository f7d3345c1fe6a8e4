import type { Currency, Micros } from '../../domain';
import type { RatedLine } from '../../rating';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { listRows } from '../../storage';

/** What a call came to when it was settled, and why. */
export interface Settlement {
  readonly callId: string;
  /** Null when no money moved. */
  readonly transactionId: number | null;
  readonly connectedMs: number;
  readonly currency: Currency;
  /** Sums of the lines, in the currency of the sale; of a call that nobody bought, in that of the first line. */
  readonly revenue: Micros;
  readonly payout: Micros;
  readonly fees: Micros;
  readonly taxes: Micros;
  readonly carrierCost: Micros;
  /** What was held for it and taken over. */
  readonly held: Micros;
  /** The rules that decided revenue and payout. */
  readonly priced: string;
  readonly earned: string;
  readonly lines: readonly RatedLine[];
  readonly settledAt: Date;
}

const COLUMNS = `call_id as "callId", transaction_id as "transactionId", connected_ms as "connectedMs", currency,
  revenue, payout, fees, taxes, carrier_cost as "carrierCost", held, priced, earned, lines,
  settled_at as "settledAt"`;

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'settlements',
  columns: {
    currency: { column: 'currency', kind: 'text' },
    priced: { column: 'priced', kind: 'text' },
    earned: { column: 'earned', kind: 'text' },
    revenue: { column: 'revenue', kind: 'number' },
    settledAt: { column: 'settled_at', kind: 'instant' },
  },
  tie: { column: 'call_id', kind: 'text', descending: true },
};

/** What calls came to, in any order; see {@link ListQuery}. */
export function listSettlements(db: Queryable, query: ListQuery): Promise<ListedRow<Settlement>[]> {
  return listRows(db, LISTED, query);
}

/** @returns undefined when the call is not settled, or cost and earned nobody anything, being not sold */
export async function getSettlement(db: Queryable, callId: string): Promise<Settlement | undefined> {
  const { rows } = await db.query<Settlement>({
    name: 'settlement-get',
    text: `select ${COLUMNS} from settlements where call_id = $1`,
    values: [callId],
  });
  return rows[0];
}
