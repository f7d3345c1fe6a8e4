import { postTransactions } from '../../../src/billing';
import type { CallEndedRecord } from '../../../src/domain';
import { micros } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../support/call-records';

/** Parties of the calls: an exchange of some size. */
const BUYERS = 100;
const SELLERS = 100;
const BATCH = 500;
const HELD = micros(30_000_000);

const two = (n: number): string => String(n).padStart(2, '0');

/** Accounts with wallets, fees and taxes, a carrier with its rates. */
export async function prepareParties(db: Database): Promise<void> {
  const buyers = Array.from({ length: BUYERS }, (_, n) => `buyer-${two(n)}`);
  const sellers = Array.from({ length: SELLERS }, (_, n) => `seller-${two(n)}`);
  const accounts = [...buyers, ...sellers, 'carrier'];
  await db.query(
    `insert into accounts (id, name, type) select id, 'Account ' || id, 'buyer' from unnest($1::text[]) id`,
    [accounts],
  );
  await db.query(
    `insert into wallets (account_id, currency, kind, credit_limit) select id, 'USD', 'credit', 1000000000000 from unnest($1::text[]) id`,
    [buyers],
  );
  const fees = [
    { code: 'platform', name: 'Platform', basis: 'per_call', amount: 150_000, shareBp: 0, on: 'connected' },
  ];
  const taxes = [{ code: 'vat', name: 'VAT', ratePpm: 70_000, on: ['revenue', 'fees'] }];
  await db.query(
    `insert into account_terms (account_id, effective_from, fees, taxes) select id, 0, $2, $3 from unnest($1::text[]) id`,
    [buyers, JSON.stringify(fees), JSON.stringify(taxes)],
  );
  await db.query(
    `insert into trunks (id, account_id, name, sources, origin) values ('trunk-1', 'carrier', 'Trunk', '{192.0.2.1}', 'inbound_consumer')`,
  );
  await db.query(
    `insert into rate_decks (trunk_id, direction, account_id, name, currency, effective_from, rates, bytes, sha256)
     values ('trunk-1', 'inbound', 'carrier', 'Rates', 'USD', 0, 3, 1, sha256('rates'))`,
  );
  await db.query(
    `insert into carrier_rates (deck_id, prefix, rate_per_minute, connect_fee, first_increment_ms, next_increment_ms)
     select id, prefix, 12000, 0, 6000, 6000 from rate_decks, unnest(array['1', '1800', '1212']) prefix`,
  );
}

/**
 * Calls that are over, sold, rated by the minute, with 30.00 of their buyers' money held for each, and the
 * carrier's leg on top: what a settlement of them writes is told by {@link rowsPerSettlement}.
 */
export async function prepareCalls(db: Database, prefix: string, count: number): Promise<void> {
  for (let first = 0; first < count; first += BATCH) {
    const calls = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) => callOf(prefix, first + n));
    const ids = calls.map(({ callId }) => callId);
    const buyers = calls.map(({ sale }) => sale?.target.buyerAccountId ?? '');
    await db.transaction(async (tx) => {
      await tx.query(
        `insert into holds (id, call_id, account_id, currency, amount, node_id, boot_id)
         select call_id || '/1', call_id, account_id, 'USD', $3, 'n', 'b'
         from unnest($1::text[], $2::text[]) as h(call_id, account_id)`,
        [ids, buyers, HELD],
      );
      await postTransactions(
        tx,
        ids.map((callId, n) => ({
          idempotencyKey: `hold:${callId}/1`,
          kind: 'hold',
          callId,
          postings: [
            { accountId: buyers[n] ?? '', purpose: 'wallet', currency: 'USD', amount: HELD },
            { accountId: buyers[n] ?? '', purpose: 'held', currency: 'USD', amount: micros(-HELD) },
          ],
        })),
      );
    });
    await storeEnded(db, calls);
  }
}

function callOf(prefix: string, n: number): CallEndedRecord {
  const connectedMs = 20_000 + ((n * 7_919) % 300_000);
  const perMinute = {
    kind: 'per_minute',
    firstIncrementMs: 30_000,
    nextIncrementMs: 6_000,
    afterMs: 0,
  } as const;
  return endedRecord(`${prefix}-${String(n).padStart(8, '0')}`, {
    connectedMs,
    sale: {
      target: ringTarget({
        buyerId: `buyer-${two(n % BUYERS)}`,
        buyerAccountId: `buyer-${two(n % BUYERS)}`,
        plan: { ...perMinute, ratePerMinute: micros(4_200_000) },
      }),
      terms: saleTerms({
        sellerId: `seller-${two((n * 37) % SELLERS)}`,
        payout: { ...perMinute, ratePerMinute: micros(2_900_000) },
      }),
      setupMs: 4_000,
      ringMs: 2_000,
    },
  });
}

/** What the settlement of one of these calls has written. */
export async function rowsPerSettlement(
  db: Database,
): Promise<{ entries: number; lines: number; held: number }> {
  const { rows } = await db.query<{ entries: number; lines: number; held: number }>(
    `select (select count(*) from ledger_entries e where e.transaction_id = s.transaction_id)::integer as entries,
       jsonb_array_length(lines) as lines, held::float8 as held
     from settlements s limit 1`,
  );
  return rows[0] ?? { entries: 0, lines: 0, held: 0 };
}
