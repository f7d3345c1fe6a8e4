import { z } from 'zod';
import type { PayoutSplit, Seller } from '../../domain';
import { AppError, CALL_ORIGINS } from '../../domain';
import type { Queryable } from '../../storage';
import { EntityStore } from '../../storage';
import { payoutConversions, payoutPlan } from '../price-schemas';
import type { Route } from '../route';
import { capSet, id } from '../schemas';
import { entityRoutes } from './entity-resource';
import { sellerTenancy } from './views/market-views';

const origin = z.enum(CALL_ORIGINS);
const WHOLE_BP = 10_000;

const payouts = z
  .record(id, z.strictObject({ payout: payoutPlan, conversions: payoutConversions.optional() }))
  .refine((prices) => Object.keys(prices).length <= 200, 'more than 200 campaigns')
  .describe("Its own prices, by campaign; elsewhere the campaign's hold");
const splits = z
  .array(
    z.strictObject({
      accountId: id,
      shareBp: z.number().int().min(1).max(WHOLE_BP).describe('Basis points of what the seller earns'),
    }),
  )
  .max(20)
  .describe('Other accounts that share in what it earns; the rest is its own');

const schema = z.strictObject({
  status: z.enum(['active', 'paused', 'archived']).default('active'),
  origin: origin
    .optional()
    .describe("Who starts its calls, by contract; absent = the contract is silent, and the trunk's says it"),
  claims: z
    .array(origin)
    .max(CALL_ORIGINS.length)
    .default([])
    .describe('Origins it may claim call by call (`X-Call-Origin`), besides its own'),
  caps: capSet.default({}).describe('Most calls taken from it'),
  bidRequestsPerSecond: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Bid requests a second that it may send; 0 = none'),
  payouts: payouts.optional(),
  splits: splits.optional(),
});

/** Contracts of sellers (publishers). */
export function sellerRoutes(): Route[] {
  return entityRoutes({
    entity: 'seller',
    path: 'sellers',
    singular: 'Seller',
    plural: 'Sellers',
    schema,
    filters: ['status', 'origin'],
    archivedAs: 'archived',
    tenancy: sellerTenancy,
    givenId: "Id of the seller's account",
    check: checkSeller,
  });
}

/** @throws AppError `unprocessable` for what fields cannot say of each other */
async function checkSeller(seller: Seller, db: Queryable): Promise<void> {
  const account = await new EntityStore(db, 'account').get(seller.id);
  if (account && account.type !== 'seller') {
    throw new AppError('unprocessable', 'not_a_seller', 'the account is not that of a seller', {
      errors: [{ pointer: '/id', message: 'is not the account of a seller' }],
    });
  }
  await checkSplits(seller.id, seller.splits ?? [], db);
  const campaignIds = Object.keys(seller.payouts ?? {});
  const campaigns = await existing(db, 'campaign', campaignIds);
  const errors = [];
  for (const campaignId of campaignIds) {
    if (campaigns.has(campaignId)) continue;
    const place = campaignId.replaceAll('~', '~0').replaceAll('/', '~1');
    errors.push({ pointer: `/payouts/${place}`, message: 'names no campaign that there is' });
  }
  if (errors.length > 0) throw refused('payout_of_no_campaign', 'a price is for no campaign', errors);
}

async function checkSplits(sellerId: string, splits: readonly PayoutSplit[], db: Queryable): Promise<void> {
  const accountIds = splits.map(({ accountId }) => accountId);
  const accounts = await existing(db, 'account', accountIds);
  const errors = [];
  let shared = 0;
  for (const [index, { accountId, shareBp }] of splits.entries()) {
    const pointer = `/splits/${index}/accountId`;
    const named = splits.findIndex((split) => split.accountId === accountId) < index;
    if (accountId === sellerId) errors.push({ pointer, message: 'is the seller, to whom the rest belongs' });
    else if (named) errors.push({ pointer, message: 'has a share already' });
    else if (!accounts.has(accountId)) errors.push({ pointer, message: 'names nothing that there is' });
    shared += shareBp;
    if (shared > WHOLE_BP && shared - shareBp <= WHOLE_BP) {
      const message = `is more than is left: all shares together come to ${WHOLE_BP} at most`;
      errors.push({ pointer: `/splits/${index}/shareBp`, message });
    }
  }
  if (errors.length > 0) throw refused('shares_impossible', 'these accounts cannot share so', errors);
}

/** Those of the ids that there are, by one look-up for all of them. */
async function existing(
  db: Queryable,
  entity: 'account' | 'campaign',
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const rows = await new EntityStore(db, entity).byIds(ids);
  return new Set(rows.map((row) => row.id));
}

function refused(
  code: string,
  message: string,
  errors: readonly { readonly pointer: string; readonly message: string }[],
): AppError {
  return new AppError('unprocessable', code, message, { errors });
}
