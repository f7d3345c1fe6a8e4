import type { Currency, Micros } from '../../domain';
import type { Queryable } from '../../storage';

/** `open` while it is set aside; `captured` by the settlement of its call; `released` to its wallet. */
export const HOLD_STATES = ['open', 'captured', 'released'] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** Money of a buyer that is set aside for one ring attempt. */
export interface Hold {
  /** `<call>/<number of the attempt>`. */
  readonly id: string;
  readonly callId: string;
  readonly accountId: string;
  readonly currency: Currency;
  /** Micro-units; grows while the call is up. */
  readonly amount: Micros;
  readonly state: HoldState;
  readonly placedAt: Date;
  readonly closedAt: Date | null;
}

/** What was held for a call and is the settlement's now. */
export interface CapturedHold {
  readonly holdId: string;
  readonly callId: string;
  readonly accountId: string;
  readonly currency: Currency;
  readonly amount: Micros;
}

/**
 * Takes over what is held for calls, of the account that each was sold to: whoever asks moves that money
 * from `held` in the same transaction. What is held of other accounts stays for its release, which is
 * under way. Locks the holds in the order of their ids; ledger accounts may be locked afterwards, not before.
 *
 * @param callIds - calls that are over
 * @returns every hold that was open, the first time; a call may have several, or none
 */
export async function captureHolds(tx: Queryable, callIds: readonly string[]): Promise<CapturedHold[]> {
  const { rows } = await tx.query<CapturedHold>({
    name: 'holds-capture',
    text: `with open as (
        select h.id from holds h join calls c on c.id = h.call_id
        where h.call_id = any($1) and h.state = 'open'
          and h.account_id = c.sale -> 'target' ->> 'buyerAccountId'
        order by h.id for update of h)
      update holds h set state = 'captured', closed_at = now()
      from open where h.id = open.id
      returning h.id as "holdId", h.call_id as "callId", h.account_id as "accountId", h.currency, h.amount`,
    values: [callIds],
  });
  return rows;
}

/** Where the books and the holds say different things; nowhere, unless something is wrong. */
export interface HeldDifference {
  readonly accountId: string;
  readonly currency: Currency;
  /** Sum of its open holds, in micro-units. */
  readonly holds: number;
  /** What its ledger account `held` has, in micro-units. */
  readonly held: number;
}

/** Selects the {@link HeldDifference}s. */
export const HELD_DIFFERENCES = `select coalesce(h.account_id, l.account_id) as "accountId",
    coalesce(h.currency, l.currency) as currency, coalesce(h.amount, 0)::bigint as holds,
    coalesce(-l.balance, 0)::bigint as held
  from (select account_id, currency, sum(amount) as amount from holds where state = 'open'
        group by account_id, currency) h
  full join (select account_id, currency, balance from ledger_accounts where purpose = 'held') l
    using (account_id, currency)
  where coalesce(h.amount, 0) <> coalesce(-l.balance, 0)`;

/** Compares open holds with the ledger, account by account, as of one instant. */
export async function heldDifferences(db: Queryable): Promise<HeldDifference[]> {
  const { rows } = await db.query<HeldDifference>(`${HELD_DIFFERENCES} order by 1, 2`);
  return rows;
}

/** Which holds are wanted. */
export interface HoldFilter {
  readonly accountId: string;
  readonly currency: Currency;
  readonly state?: HoldState | undefined;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: { readonly placedAt: Date; readonly id: string } | undefined;
}

/** Holds of a wallet, newest first. */
export async function listHolds(db: Queryable, filter: HoldFilter): Promise<Hold[]> {
  const { accountId, currency, state, limit, after } = filter;
  const { rows } = await db.query<Hold>(
    `select id, call_id as "callId", account_id as "accountId", currency, amount, state,
       placed_at as "placedAt", closed_at as "closedAt"
     from holds
     where account_id = $1 and currency = $2 and ($3::text is null or state = $3)
       and ($4::timestamptz is null or (placed_at, id) < ($4, $5))
     order by placed_at desc, id desc limit $6`,
    [accountId, currency, state ?? null, after?.placedAt ?? null, after?.id ?? null, limit],
  );
  return rows;
}
