import { z } from 'zod';
import type { LedgerLine } from '../../../billing';
import type { BidOutcome, Principal, TenantRole } from '../../../domain';
import type { CallParty, Queryable, TenantCall } from '../../../storage';
import { asExchange, CALL_VIEWS, EntityStore, getDecision } from '../../../storage';

/** Which party asks for calls; undefined: the exchange, which sees all of all. */
export function partyOf({ role }: Principal, own: string | undefined): CallParty | undefined {
  return own === undefined ? undefined : { accountId: own, role: role as TenantRole };
}

/** The replies of parties, beside the whole call: each the fields that its role is shown. */
export function callViews<S extends z.ZodObject>(
  whole: S,
  more: z.ZodRawShape = {},
): [z.ZodObject, z.ZodObject, z.ZodObject] {
  const pick = (role: TenantRole): z.ZodObject => {
    const fields = ['id', ...CALL_VIEWS[role]].map((field) => [field, true] as const);
    return whole.pick(Object.fromEntries(fields) as never).extend(more) as unknown as z.ZodObject;
  };
  return [pick('buyer'), pick('seller'), pick('carrier')];
}

export const ownBid = z.object({
  bidId: z.string(),
  price: z.number().int().describe('What it stands for, micro-units'),
  offer: z.number().int().optional().describe('What it offered for this call, where that differs'),
  latencyMs: z.number().optional(),
  rank: z.number().int().nullable().describe('In the ring plan, from 1'),
  ineligible: z.string().nullable().describe('Why it was not in it'),
});

/** What parties are told of the ledger: the movements of their own accounts, not how they are booked. */
export const ownLine = z.object({
  transactionId: z.number().int(),
  kind: z.string(),
  purpose: z.string(),
  amountMicros: z.number().int().describe('Positive debits, negative credits'),
  currency: z.string(),
  postedAt: z.iso.datetime(),
});

/** A party's lines of a call's lines. */
export function ownLines(lines: readonly LedgerLine[], accountId: string): z.input<typeof ownLine>[] {
  return lines
    .filter((line) => line.accountId === accountId)
    .map(({ transactionId, kind, purpose, amountMicros, currency, postedAt }) => ({
      ...{ transactionId, kind, purpose, amountMicros, currency },
      postedAt: postedAt.toISOString(),
    }));
}

/**
 * What the decision about a call says of a buyer's own bids. Decisions are the exchange's: they tell who else bid,
 * what the seller earns and how the call was screened.
 */
export async function ownBids(
  db: Queryable,
  { accountId, role }: CallParty,
  { id }: TenantCall,
): Promise<z.input<typeof ownBid>[]> {
  if (role !== 'buyer') return [];
  const stored = await asExchange(db, (all) => getDecision(all, id));
  const trace = (stored?.decision as { trace?: { bids?: { listed?: readonly BidOutcome[] } } } | undefined)
    ?.trace;
  const listed = trace?.bids?.listed ?? [];
  const own = await new EntityStore(db, 'bid', { accountId, fields: [] }).byIds(
    listed.map((one) => one.bidId),
  );
  const ids = new Set(own.map((bid) => bid.id));
  return listed
    .filter(({ bidId }) => ids.has(bidId))
    .map(({ bidId, price, offer, latencyMs, rank, ineligible }) => ({
      ...{ bidId, price },
      ...(offer === undefined ? {} : { offer }),
      ...(latencyMs === undefined ? {} : { latencyMs }),
      ...{ rank: rank ?? null, ineligible: ineligible ?? null },
    }));
}
