/** What can be added up of calls; money in micro-units of one currency. */
export interface FigureSums {
  readonly calls: number;
  /** They reached a buyer: it rang there, was busy, or was answered. */
  readonly connected: number;
  readonly answered: number;
  /** Their buyers owe for them. */
  readonly converted: number;
  /** Calls that rang somewhere, and the milliseconds from their INVITE until they did. */
  readonly rang: number;
  readonly pddMs: number;
  /** Milliseconds of conversation. */
  readonly connectedMs: number;
  readonly revenue: number;
  readonly payout: number;
  readonly fees: number;
  readonly taxes: number;
  readonly carrierCost: number;
}

export const NO_FIGURES: FigureSums = {
  calls: 0,
  connected: 0,
  answered: 0,
  converted: 0,
  rang: 0,
  pddMs: 0,
  connectedMs: 0,
  revenue: 0,
  payout: 0,
  fees: 0,
  taxes: 0,
  carrierCost: 0,
};

/** Sums that grow. */
export type GrowingSums = { -readonly [Sum in keyof FigureSums]: FigureSums[Sum] };

/** What one call adds to the figures: the call itself (`n` 0), or what it is to a further buyer or currency. */
export interface CallFact extends FigureSums {
  readonly callId: string;
  readonly n: number;
  /** UTC epoch milliseconds of the INVITE. */
  readonly receivedAt: number;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly trunkId: string;
  readonly carrierAccount: string | null;
  readonly buyerId: string | null;
  readonly buyerAccount: string | null;
  /** Two letters. */
  readonly state: string | null;
  /** Of the money, and of a call without any its campaign's; null where that is not known. */
  readonly currency: string | null;
  /** `calls` and `connected` from the view of the buyer. */
  readonly offered: number;
  readonly reached: number;
  /** How much of the call's books has been seen. */
  readonly settled: boolean;
  readonly revisions: number;
}

/** Column of each sum. */
export const SUM_COLUMNS: Readonly<Record<keyof FigureSums, string>> = {
  calls: 'calls',
  connected: 'connected',
  answered: 'answered',
  converted: 'converted',
  rang: 'rang',
  pddMs: 'pdd_ms',
  connectedMs: 'connected_ms',
  revenue: 'revenue',
  payout: 'payout',
  fees: 'fees',
  taxes: 'taxes',
  carrierCost: 'carrier_cost',
};

/** Column of each field of a fact. */
export const FACT_COLUMNS: Readonly<Record<keyof CallFact, string>> = {
  callId: 'call_id',
  n: 'n',
  receivedAt: 'received_at',
  campaignId: 'campaign_id',
  sellerId: 'seller_id',
  trunkId: 'trunk_id',
  carrierAccount: 'carrier_account',
  buyerId: 'buyer_id',
  buyerAccount: 'buyer_account',
  state: 'state',
  currency: 'currency',
  offered: 'offered',
  reached: 'reached',
  ...SUM_COLUMNS,
  settled: 'settled',
  revisions: 'revisions',
};

export const SUMS = Object.keys(SUM_COLUMNS) as (keyof FigureSums)[];

/** `column as "field"` for each field. */
export function selected(columns: Readonly<Record<string, string>>, of = ''): string {
  return Object.entries(columns)
    .map(([field, column]) => `${of}${column} as "${field}"`)
    .join(', ');
}
