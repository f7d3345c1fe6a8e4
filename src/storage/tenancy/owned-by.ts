import type { MarketEntity } from '../../market';

/**
 * Which rows of a kind an account may see: a condition in SQL, of the place where the account stands. The
 * first wall narrows by it; the policies of migration 0029 say the same behind it. What is not here is the
 * exchange's alone.
 */
const OWNED_BY: Partial<Readonly<Record<MarketEntity, (account: string) => string>>> = {
  account: (account) => `id = ${account}`,
  trunk: (account) => `account_id = ${account}`,
  seller: (account) => `id = ${account}`,
  number: (account) => `seller_id = ${account}`,
  campaign: (account) => `(status = 'active'
    or id in (select b.campaign_id from bids b join buyers y on y.id = b.buyer_id where y.account_id = ${account})
    or id in (select n.campaign_id from did_numbers n where n.seller_id = ${account}))`,
  buyer: (account) => `account_id = ${account}`,
  target: ofOwnBuyers,
  agent: ofOwnBuyers,
  team: ofOwnBuyers,
  bid: ofOwnBuyers,
};

function ofOwnBuyers(account: string): string {
  return `buyer_id in (select y.id from buyers y where y.account_id = ${account})`;
}

/** @param place - of the account among the values of a statement, e.g. `$1` */
export function ownedBy(entity: MarketEntity, place: string): string {
  return OWNED_BY[entity]?.(place) ?? 'false';
}
