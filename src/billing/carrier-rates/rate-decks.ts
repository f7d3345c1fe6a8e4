import type { Currency } from '../../domain';
import type { CarrierDirection } from '../../rating';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import { CLOSED_AFTER_MS } from '../terms/account-terms-store';
import type { DeckError, DeckLimits, DeckRates } from './read-rate-deck';
import { readRateDeck } from './read-rate-deck';

/** Rates of one trunk and direction, in force from an instant on. */
export interface RateDeck {
  readonly id: number;
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  /** The carrier. */
  readonly accountId: string;
  readonly name: string;
  readonly currency: Currency;
  /** UTC epoch milliseconds. */
  readonly effectiveFrom: number;
  /** How many there are. */
  readonly rates: number;
  /** Of the file as it came. */
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly createdBy: string | null;
  readonly createdAt: Date;
}

/** What a deck is to be besides its rates. */
export interface NewRateDeck {
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  readonly name: string;
  /** That of the carrier's account when undefined. */
  readonly currency: Currency | undefined;
  /** UTC epoch milliseconds; now when undefined. */
  readonly effectiveFrom: number | undefined;
  /** Id of the API key. */
  readonly createdBy: string | undefined;
}

export type ImportedDeck =
  | { readonly ok: true; readonly deck: RateDeck }
  | { readonly ok: false; readonly reason: 'no_such_trunk' | 'in_the_past' | 'too_large' }
  /** `more`: reading was given up with these. */
  | {
      readonly ok: false;
      readonly reason: 'broken';
      readonly errors: readonly DeckError[];
      readonly more: boolean;
    };

/** Rows of one statement. */
const BATCH = 10_000;

const DECK = `d.id, d.trunk_id as "trunkId", d.direction, d.account_id as "accountId", d.name, d.currency,
  d.effective_from as "effectiveFrom", d.rates, d.bytes, encode(d.sha256, 'hex') as sha256,
  d.created_by as "createdBy", d.created_at as "createdAt"`;

/**
 * Imports a deck of rates from CSV (see {@link readRateDeck}), all of it or nothing. It is read whole before
 * anything is stored, so that no transaction waits for whoever sends it.
 *
 * @param now - UTC epoch milliseconds
 * @throws Error of the source
 */
export async function importRateDeck(
  db: Queryable,
  wanted: NewRateDeck,
  source: AsyncIterable<Buffer | string>,
  now: number,
  limits?: DeckLimits,
): Promise<ImportedDeck> {
  const { trunkId, effectiveFrom = now } = wanted;
  if (effectiveFrom < now - CLOSED_AFTER_MS) return { ok: false, reason: 'in_the_past' };
  if (!(await hasTrunk(db, trunkId))) return { ok: false, reason: 'no_such_trunk' };
  const read = await readRateDeck(source, limits);
  if (!read.ok) return read;
  const deck = await inTransaction(db, async (tx) => {
    const stored = await insertDeck(tx, { ...wanted, effectiveFrom }, read);
    if (stored) await insertRates(tx, stored.id, read.rates);
    return stored;
  });
  return deck ? { ok: true, deck } : { ok: false, reason: 'no_such_trunk' };
}

/** Decks of a trunk, the latest to come into force first. */
export async function listRateDecks(
  db: Queryable,
  trunkId: string,
  page: {
    readonly direction?: CarrierDirection;
    readonly limit: number;
    readonly before?: { readonly at: number; readonly id: number };
  },
): Promise<RateDeck[]> {
  const { direction, limit, before } = page;
  const { rows } = await db.query<RateDeck>(
    `select ${DECK} from rate_decks d
     where d.trunk_id = $1 and ($2::text is null or d.direction = $2)
       and ($3::bigint is null or (d.effective_from, d.id) < ($3, $4))
     order by d.effective_from desc, d.id desc limit $5`,
    [trunkId, direction ?? null, before?.at ?? null, before?.id ?? null, limit],
  );
  return rows;
}

export async function getRateDeck(db: Queryable, id: number): Promise<RateDeck | undefined> {
  const { rows } = await db.query<RateDeck>(`select ${DECK} from rate_decks d where d.id = $1`, [id]);
  return rows[0];
}

/** One rate of a deck. */
export interface CarrierRate {
  readonly prefix: string;
  readonly ratePerMinute: number;
  readonly connectFee: number;
  readonly firstIncrementMs: number;
  readonly nextIncrementMs: number;
  readonly destination: string | null;
}

/** Rates of a deck in the order of their prefixes: those that begin so, from behind one of them on. */
export async function listCarrierRates(
  db: Queryable,
  deckId: number,
  page: { readonly startsWith?: string; readonly limit: number; readonly after?: string },
): Promise<CarrierRate[]> {
  const { startsWith = '', limit, after } = page;
  const { rows } = await db.query<CarrierRate>(
    `select prefix, rate_per_minute as "ratePerMinute", connect_fee as "connectFee",
       first_increment_ms as "firstIncrementMs", next_increment_ms as "nextIncrementMs", destination
     from carrier_rates
     where deck_id = $1 and prefix >= $2 and prefix < $2 || ':' and ($3::text is null or prefix > $3)
     order by prefix limit $4`,
    [deckId, startsWith, after ?? null, limit],
  );
  return rows;
}

async function hasTrunk(db: Queryable, trunkId: string): Promise<boolean> {
  const { rowCount } = await db.query(`select 1 from trunks where id = $1`, [trunkId]);
  return rowCount === 1;
}

/** Undefined when the trunk is not there any more. */
async function insertDeck(
  tx: Queryable,
  deck: NewRateDeck & { readonly effectiveFrom: number },
  file: { readonly rates: DeckRates; readonly bytes: number; readonly sha256: Buffer },
): Promise<RateDeck | undefined> {
  const { rows } = await tx.query<RateDeck>(
    `with d as (
       insert into rate_decks (trunk_id, direction, account_id, name, currency, effective_from, rates, bytes,
         sha256, created_by)
       select t.id, $2, t.account_id, $3, coalesce($4, a.currency), $5, $6, $7, $8, $9
       from trunks t join accounts a on a.id = t.account_id where t.id = $1
       returning *)
     select ${DECK} from d`,
    [
      deck.trunkId,
      deck.direction,
      deck.name,
      deck.currency ?? null,
      deck.effectiveFrom,
      file.rates.prefixes.length,
      file.bytes,
      file.sha256,
      deck.createdBy ?? null,
    ],
  );
  return rows[0];
}

async function insertRates(tx: Queryable, deckId: number, rates: DeckRates): Promise<void> {
  for (let from = 0; from < rates.prefixes.length; from += BATCH) {
    const part = <T>(column: readonly T[]): readonly T[] => column.slice(from, from + BATCH);
    await tx.query(
      `insert into carrier_rates (deck_id, prefix, rate_per_minute, connect_fee, first_increment_ms,
         next_increment_ms, destination)
       select $1, * from unnest($2::text[], $3::bigint[], $4::bigint[], $5::integer[], $6::integer[], $7::text[])`,
      [
        deckId,
        part(rates.prefixes),
        part(rates.ratesPerMinute),
        part(rates.connectFees),
        part(rates.firstIncrementsMs),
        part(rates.nextIncrementsMs),
        part(rates.destinations),
      ],
    );
  }
}
