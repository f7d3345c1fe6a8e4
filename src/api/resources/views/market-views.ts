import type { Bid, Target } from '../../../domain';
import { AppError } from '../../../domain';
import type { EntityTenancy } from '../entity-tenancy';

/** What parties see and change of the market: all of it in one place. The rest is the exchange's. */

const ACCOUNT = ['name', 'type', 'status', 'currency', 'timezone', 'funding', 'funds'] as const;

export const accountTenancy: EntityTenancy<'account'> = {
  sees: { buyer: ACCOUNT, seller: ACCOUNT, carrier: ACCOUNT },
};

export const trunkTenancy: EntityTenancy<'trunk'> = {
  sees: { carrier: ['accountId', 'name', 'status', 'sources', 'origin', 'maxCps', 'maxChannels'] },
};

/** Not who shares in what it earns: those are accounts of others. */
export const sellerTenancy: EntityTenancy<'seller'> = {
  sees: { seller: ['status', 'origin', 'claims', 'caps', 'bidRequestsPerSecond', 'payouts'] },
};

export const numberTenancy: EntityTenancy<'number'> = {
  sees: { seller: ['number', 'campaignId', 'sellerId', 'status', 'dialplan'] },
};

/** Of a campaign what a party must know to trade in it: not its margin, its reserve, or how it screens. */
export const campaignTenancy: EntityTenancy<'campaign'> = {
  sees: {
    buyer: [
      'name',
      'status',
      'currency',
      'auctionType',
      'ringTimeoutMs',
      'maxDurationMs',
      'shortCallMs',
      'ringback',
      'duplicates',
      'skillTag',
    ],
    seller: [
      'name',
      'status',
      'currency',
      'payout',
      'conversions',
      'maxDurationMs',
      'shortCallMs',
      'duplicates',
    ],
  },
};

/**
 * When its targets are paused for not answering is for the exchange to say, and where its people are is what its
 * contract says: that may make a recording lawful.
 */
export const buyerTenancy: EntityTenancy<'buyer'> = {
  sees: { buyer: ['accountId', 'name', 'status', 'caps', 'settings', 'discipline', 'recording', 'states'] },
  changes: { role: 'buyer', fields: ['name', 'status', 'caps', 'settings', 'recording'] },
  check: ({ status }) => {
    if (status === 'archived') throw exchangeOnly('/status', 'a buyer is archived by the exchange');
  },
};

const TARGET = ['name', 'status', 'uri', 'caps', 'settings', 'skills'] as const;

/** What a minute costs the exchange, and over whose trunk, is the exchange's to know. */
export const targetTenancy: EntityTenancy<'target'> = {
  sees: { buyer: ['buyerId', 'kind', 'pausedUntil', ...TARGET] },
  changes: { role: 'buyer', fields: TARGET, made: ['buyerId', 'kind'] },
  names: { buyerId: 'buyer' },
  check: assertOwnKind,
};

/** A telephone number costs the exchange what a carrier asks for it. */
function assertOwnKind({ kind, uri }: Target, before: Target | undefined): void {
  if (kind !== 'pstn' || (before && before.uri === uri)) return;
  throw exchangeOnly(before ? '/uri' : '/kind', 'telephone numbers are set up by the exchange');
}

export const agentTenancy: EntityTenancy<'agent'> = {
  sees: {
    buyer: ['buyerId', 'name', 'username', 'status', 'skills', 'maxContacts', 'wrapUpMs', 'signedOutAt'],
  },
  changes: {
    role: 'buyer',
    fields: ['name', 'status', 'skills', 'maxContacts', 'wrapUpMs'],
    made: ['buyerId', 'username'],
  },
  names: { buyerId: 'buyer' },
};

export const teamTenancy: EntityTenancy<'team'> = {
  sees: { buyer: ['buyerId', 'name', 'status', 'agentIds', 'distribution', 'ringMs', 'queue'] },
  changes: {
    role: 'buyer',
    fields: ['name', 'status', 'agentIds', 'distribution', 'ringMs', 'queue'],
    made: ['buyerId'],
  },
  names: { buyerId: 'buyer' },
};

const BID = [
  'targetId',
  'status',
  'plan',
  'conversions',
  'price',
  'targeting',
  'caps',
  'expiresAt',
  'modifiers',
  'ping',
] as const satisfies readonly (keyof Bid)[];

/** Who is tried first where no price decides is for the exchange to say. */
export const bidTenancy: EntityTenancy<'bid'> = {
  sees: { buyer: ['campaignId', 'buyerId', 'priority', 'weight', 'fallback', ...BID] },
  changes: { role: 'buyer', fields: BID, made: ['campaignId', 'buyerId'] },
  names: { campaignId: 'campaign', buyerId: 'buyer', targetId: 'target' },
};

function exchangeOnly(pointer: string, message: string): AppError {
  return new AppError('unprocessable', 'field_of_exchange', message, { errors: [{ pointer, message }] });
}
