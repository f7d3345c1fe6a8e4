import type { Queryable } from '../../src/storage';

/** Makes bids, each with a buyer, an account and a target of its own, in one campaign. */
export async function insertBids(
  db: Queryable,
  ids: readonly string[],
  discipline: object | null = null,
): Promise<void> {
  await db.query(
    `insert into campaigns (id, name, status, currency, auction_type, reserve_price, routing, ring_timeout_ms,
       max_attempts, max_duration_ms, payout)
     values ('campaign-1', 'Campaign', 'active', 'USD', 'first_price', 0, 'auction', 20000, 3, 3600000,
       '{"kind": "per_call", "amount": 0, "afterMs": 0}') on conflict do nothing`,
  );
  await db.query(
    `insert into accounts (id, name, type) select 'account-of-' || id, 'Account ' || id, 'buyer' from unnest($1::text[]) as id`,
    [ids],
  );
  await db.query(
    `insert into buyers (id, account_id, name, discipline)
     select 'buyer-of-' || id, 'account-of-' || id, 'Buyer ' || id, $2 from unnest($1::text[]) as id`,
    [ids, discipline && JSON.stringify(discipline)],
  );
  await db.query(
    `insert into targets (id, buyer_id, name, kind, uri)
     select 'target-of-' || id, 'buyer-of-' || id, 'Target', 'sip', 'sip:a@192.0.2.1' from unnest($1::text[]) as id`,
    [ids],
  );
  await db.query(
    `insert into bids (id, campaign_id, buyer_id, target_id, plan, price)
     select id, 'campaign-1', 'buyer-of-' || id, 'target-of-' || id,
       '{"kind": "per_call", "amount": 20000000, "afterMs": 0}', 20000000 from unnest($1::text[]) as id`,
    [ids],
  );
}
