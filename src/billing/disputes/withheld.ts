import type { Currency, Micros } from '../../domain';
import { addMicros, subtractMicros, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import type { SoldBook } from '../revisions/call-book';
import { chargedOf, matchingPart, owedBy, sellerLines } from '../revisions/call-lines';
import type { Dispute } from './dispute';
import { OPEN_STATES } from './dispute';
import { addDisputeEvents, COLUMNS } from './dispute-rows';

/** What of the payouts of an account open disputes claim. */
export interface DisputedPayable {
  readonly accountId: string;
  readonly currency: Currency;
  /** Micro-units, above 0. */
  readonly amount: Micros;
}

/**
 * What accounts would have to give back if every open dispute were accepted at their expense: it is not to be
 * paid out to them. Accounts of which nothing is claimed are left out.
 */
export async function disputedPayable(
  db: Queryable,
  accountIds: readonly string[],
): Promise<DisputedPayable[]> {
  const { rows } = await db.query<DisputedPayable>({
    name: 'disputed-payable',
    text: `select account_id as "accountId", currency, sum(amount)::bigint as amount
      from disputed_payables where account_id = any($1) group by account_id, currency order by account_id, currency`,
    values: [accountIds],
  });
  return rows;
}

/** The same in one currency, by account. */
export async function contestedPayable(
  db: Queryable,
  currency: Currency,
  accountIds: readonly string[],
): Promise<Map<string, Micros>> {
  const disputed = await disputedPayable(db, accountIds);
  return new Map(
    disputed.filter((one) => one.currency === currency).map(({ accountId, amount }) => [accountId, amount]),
  );
}

const READ_OPEN = {
  name: 'disputes-open-of-call',
  text: `select ${COLUMNS} from disputes where call_id = $1 and state = any($2) order by seq`,
};
const GIVE_FREE = {
  name: 'disputed-payables-free',
  text: 'delete from disputed_payables where dispute_id in (select id from disputes where call_id = $1)',
};
const WITHHOLD = {
  name: 'disputed-payables-add',
  text: `insert into disputed_payables (dispute_id, account_id, currency, amount)
    select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[])`,
};

/** Disputes of a call that are not over, the first first. */
export async function openDisputes(db: Queryable, callId: string): Promise<Dispute[]> {
  const { rows } = await db.query<Dispute>({ ...READ_OPEN, values: [callId, OPEN_STATES] });
  return rows;
}

/**
 * Sets aside anew what the open disputes of a call claim of payouts: of all of them together no more than
 * stands.
 * @param book - as it stands, locked by this database transaction
 */
export async function withhold(tx: Queryable, book: SoldBook, open: readonly Dispute[]): Promise<void> {
  await tx.query({ ...GIVE_FREE, values: [book.callId] });
  const rows = withheldBy(book, open);
  if (rows.length === 0) return;
  await tx.query({
    ...WITHHOLD,
    values: [
      rows.map(({ disputeId }) => disputeId),
      rows.map(({ accountId }) => accountId),
      rows.map(() => book.currency),
      rows.map(({ amount }) => amount),
    ],
  });
}

interface Withheld {
  readonly disputeId: string;
  readonly accountId: string;
  readonly amount: Micros;
}

function withheldBy(book: SoldBook, open: readonly Dispute[]): Withheld[] {
  const { standing, borne } = book;
  const charged = chargedOf(book);
  const left = owedBy(sellerLines(standing, book));
  const rows: Withheld[] = [];
  for (const { id, side, claimed } of open) {
    const amount = claimed < charged ? claimed : charged;
    if (side === 'seller' || amount === 0) continue;
    const rest = subtractMicros(addMicros(charged, borne), amount);
    for (const [accountId, owed] of owedBy(matchingPart(standing, book, amount, rest))) {
      const before = left.get(accountId) ?? ZERO_MICROS;
      const now = owed < before ? owed : before;
      left.set(accountId, subtractMicros(before, now));
      if (now > 0) rows.push({ disputeId: id, accountId, amount: now });
    }
  }
  return rows;
}

/**
 * Tells the open disputes of a call that its money has changed: each says so, and what is set aside follows.
 * @param book - as it stands after the change
 */
export async function noteRevision(tx: Queryable, book: SoldBook, open: readonly Dispute[]): Promise<void> {
  const left = chargedOf(book);
  await addDisputeEvents(
    tx,
    open.map(({ id, state, side }) => ({
      disputeId: id,
      event: 'revised',
      was: state,
      state,
      // A seller is not to know what the buyer pays.
      ...(side === 'seller' ? {} : { amount: left }),
      revision: book.revisions,
    })),
  );
  await withhold(tx, book, open);
}
