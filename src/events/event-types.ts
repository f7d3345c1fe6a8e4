import { z } from 'zod';
import type { TenantRole } from '../domain';
import { CALL_ORIGINS, END_REASONS, FRAUD_LEVELS, RECORDING_KINDS } from '../domain';

/** What can be watched. `board` is no stream of events: once a second it is what is, as figures. */
export const TOPICS = ['calls', 'bids', 'auctions', 'presence', 'alerts', 'money', 'board'] as const;
export type Topic = (typeof TOPICS)[number];

/** What an event is about. */
export const SUBJECT_KINDS = [
  'call',
  'bid',
  'campaign',
  'buyer',
  'target',
  'dialplan',
  'agent',
  'alert',
  'wallet',
  'payment',
  'dispute',
  'invoice',
  'payout',
  'callback',
] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** What somebody should look at. One list for the console, the log and this stream. */
export const ALERTS = [
  'part.degraded',
  'media.server_away',
  'media.servers_away',
  'call.one_way_audio',
  'bidder.paused',
  'fraud.case_opened',
  'wallet.low',
  'wallet.stopped',
  'wallet.overrun',
  'payment.failed',
  'dispute.opened',
  'webhook.dead',
  'target.paused',
  'recording.failed',
  'dialplan.refused',
] as const;
export type AlertCode = (typeof ALERTS)[number];

/** What a tenant sees of an event: these fields. Where nothing is said the event is not for that role. */
type Views<Shape> = Readonly<Partial<Record<TenantRole, readonly (keyof Shape & string)[]>>>;

/** One kind of event: what it says, how it travels, and what of it is whose. */
export interface EventType<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly about: string;
  /** Grows with every change that a reader of before would not understand. */
  readonly version: number;
  readonly topic: Exclude<Topic, 'board'>;
  readonly subject: SubjectKind;
  /**
   * `outbox`: written by the transaction that makes it true, and never lost. `live`: told as it happens, and
   * not again. `state`: news of what can be asked for at any time; it is not kept in the stream.
   */
  readonly source: 'outbox' | 'live' | 'state';
  readonly data: z.ZodObject<Shape>;
  readonly views: Views<Shape>;
}

const define = <Shape extends z.ZodRawShape>(type: EventType<Shape>): EventType<Shape> => type;

/** How most events travel. */
const LIVE_CALL = { version: 1, topic: 'calls', subject: 'call', source: 'live' } as const;
const STORED_CALL = { ...LIVE_CALL, source: 'outbox' } as const;
const MARKET = { version: 1, topic: 'bids', source: 'outbox' } as const;
const MONEY = { version: 1, topic: 'money', source: 'outbox' } as const;

const id = z.string();
const epoch = z.number().int().describe('UTC epoch milliseconds');
const amount = z.number().int().describe('Micro-units of the currency');
const currency = z.string().describe('ISO 4217');
const ms = z.number().int().nonnegative().describe('Milliseconds');
/** Who is meant, by the account that may see it. */
const target = { buyerId: id, buyerAccountId: id, targetId: id, bidId: id };
/** Whom a call is brought by, and to. */
const whose = { campaignId: id.nullable(), sellerId: id.nullable() };
/** Whose conversation it is. */
const talk = { campaignId: id.nullable(), buyerId: id.nullable() };
const TALK = ['campaignId', 'buyerId'] as const;
/** Parties hear of recordings that their campaign lets them listen to. */
const recorded = {
  recordingId: id,
  kind: z.enum(RECORDING_KINDS),
  campaignId: id.nullable(),
  buyerId: id.nullable(),
};
const RECORDED = ['recordingId', 'kind', 'campaignId'] as const;
const ownPayouts = z
  .array(z.object({ accountId: id, amountMicros: amount }))
  .describe('What each account earns that shares in the payout; a tenant sees its own');

/** Fields of a buyer's view, as of webhooks: never the payout, nor who sold the call. */
const BOUGHT = ['campaignId', 'buyerId', 'targetId', 'bidId'] as const;

const marketChange = {
  op: z.enum(['insert', 'update', 'delete']),
  name: z.string().nullable(),
  status: z.string().nullable(),
};

const alert = {
  code: z.enum(ALERTS),
  severity: z.enum(['info', 'warning', 'critical']),
  detail: z.string().describe('One clause, for people'),
  nodeId: id.optional(),
  part: z.string().optional().describe('Which part of a node works in its fallback'),
  server: z.string().optional().describe('Which media server'),
  callId: id.optional(),
  campaignId: id.optional(),
  bidId: id.optional(),
  accountId: id.optional(),
  currency: currency.optional(),
  amountMicros: amount.optional(),
  score: z.number().optional(),
  webhookId: id.optional(),
  targetId: id.optional(),
  until: epoch.optional().describe('When it is over by itself'),
};
const ALERT_OF_TENANT = [
  'code',
  'severity',
  'detail',
  'accountId',
  'currency',
  'amountMicros',
  'webhookId',
  'targetId',
  'until',
] as const;

const wallet = {
  accountId: id,
  currency,
  availableMicros: amount.nullable(),
  lowBalanceAtMicros: amount.nullable(),
  stopBelowMicros: amount.nullable(),
};
const WALLET = Object.keys(wallet) as (keyof typeof wallet)[];

const settled = {
  connectedMs: ms,
  currency,
  revenueMicros: amount,
  payoutMicros: amount,
  feesMicros: amount,
  taxesMicros: amount,
  carrierCostMicros: amount,
  campaignId: id.nullable(),
  sellerId: id.nullable(),
  buyerId: id.nullable(),
  buyerAccountId: id.nullable(),
  payouts: ownPayouts,
};

/** Every event of the exchange. */
const EVENT_TYPES = {
  'call.received': define({
    about: 'A call came in',
    ...LIVE_CALL,
    data: z.object({
      from: z.string().nullable().describe('E.164; null when withheld'),
      to: z.string(),
      trunkId: id,
      origin: z.enum(CALL_ORIGINS),
    }),
    views: { carrier: ['from', 'to', 'trunkId', 'origin'] },
  }),
  'call.routed': define({
    about: 'It was decided whether and to whom the call is offered',
    ...LIVE_CALL,
    data: z.object({
      ok: z.boolean(),
      reason: z.enum(END_REASONS).optional().describe('Why it is offered to nobody'),
      sipStatus: z.number().int().optional(),
      ...whose,
      trunkId: id,
      targets: z.number().int().describe('Places of the ring plan'),
      fraudScore: z.number().optional(),
      fraudLevel: z.enum(FRAUD_LEVELS).optional(),
      decisionMicroseconds: z.number().int(),
    }),
    views: {
      seller: ['ok', 'reason', 'sipStatus', 'campaignId', 'sellerId'],
      carrier: ['ok', 'sipStatus', 'trunkId'],
    },
  }),
  'call.ringing': define({
    about: 'A target rings',
    ...LIVE_CALL,
    data: z.object({
      ...target,
      ...whose,
      attempt: z.number().int(),
      priceMicros: amount,
    }),
    views: { buyer: [...BOUGHT, 'priceMicros'], seller: ['campaignId', 'sellerId', 'attempt'] },
  }),
  'call.ring_failed': define({
    about: 'A target did not take the call; the next one is rung',
    ...LIVE_CALL,
    data: z.object({
      ...target,
      campaignId: id.nullable(),
      outcome: z.string(),
      sipStatus: z.number().int(),
    }),
    views: { buyer: [...BOUGHT, 'outcome', 'sipStatus'] },
  }),
  'call.queued': define({
    about: 'The caller waits for an agent of a team',
    ...LIVE_CALL,
    data: z.object({ ...target, campaignId: id.nullable(), position: z.number().int() }),
    views: { buyer: [...BOUGHT, 'position'] },
  }),
  'call.answered': define({
    about: 'A buyer answered',
    ...LIVE_CALL,
    data: z.object({
      ...target,
      ...whose,
      trunkId: id.nullable(),
      agentId: id.nullable(),
      pddMs: ms.describe('Post-dial delay in milliseconds'),
      priceMicros: amount,
    }),
    views: {
      buyer: [...BOUGHT, 'agentId', 'priceMicros'],
      seller: ['campaignId', 'sellerId', 'pddMs'],
      carrier: ['trunkId', 'pddMs'],
    },
  }),
  'call.returned': define({
    about: 'A call is its plan’s again: the buyer hung up and the caller stays, or nobody took it',
    ...LIVE_CALL,
    data: z.object({
      ...whose,
      buyerId: id.nullable().describe('Of who had it; null where nobody did'),
      from: z.enum(['ringing', 'answered']).describe('What it was before'),
    }),
    views: { buyer: ['campaignId', 'buyerId', 'from'], seller: ['campaignId', 'sellerId', 'from'] },
  }),
  'call.transferred': define({
    about: 'The buyer handed the conversation on, or tried to',
    ...LIVE_CALL,
    data: z.object({
      how: z.enum(['blind', 'attended', 'operator', 'plan']),
      outcome: z.string(),
      fromAgentId: id.nullable(),
      toAgentId: id.nullable(),
      toTargetId: id.nullable(),
    }),
    views: { buyer: ['how', 'outcome', 'fromAgentId', 'toAgentId', 'toTargetId'] },
  }),
  'call.held': heldOrResumed('An answered call was put on hold from outside: both sides hear that they wait'),
  'call.resumed': heldOrResumed('A call that was on hold goes on'),
  'call.sound_played': define({
    about: 'A sound began to be played into an answered call',
    ...LIVE_CALL,
    data: z.object({
      ...talk,
      sound: z.string().describe('Its name, as it was asked for'),
      to: z.array(z.enum(['caller', 'buyer'])).describe('Who hears it'),
    }),
    views: { buyer: [...TALK, 'sound', 'to'] },
  }),
  'call.recording': define({
    about: 'A call begins to be recorded, pauses, goes on, is recorded no more, or may not be',
    ...LIVE_CALL,
    data: z.object({
      ...talk,
      recordingId: id.nullable().describe('Null where it may not be'),
      state: z.enum(['on', 'paused', 'off', 'refused']),
      detail: z.string().nullable().describe('Why it may not be, or did not go on'),
      by: z
        .string()
        .nullable()
        .describe('Who asked for it; null: a plan, the campaign, or a pause that was over'),
      resumesAt: epoch.nullable().describe('When a pause ends by itself'),
    }),
    views: { buyer: [...TALK, 'state', 'resumesAt'] },
  }),
  'call.monitored': define({
    about: 'Somebody listens in to a call, goes on otherwise, or listens no more; or asked to and does not',
    ...LIVE_CALL,
    version: 2,
    data: z.object({
      ...talk,
      mode: z
        .enum(['listen', 'whisper', 'barge', 'failed', 'ended'])
        .describe('`failed`: the phone that was rung for it was not answered, or the media engine could not'),
      detail: z
        .string()
        .nullable()
        .describe('Why it failed: `busy`, `declined`, `no_answer`, `unreachable`, `failed`, `media`'),
      by: z.string().describe('Who asked for it'),
      accountId: id.describe('Whose people they are'),
    }),
    views: { buyer: [...TALK, 'mode', 'accountId', 'detail'] },
  }),
  'call.refused': define({
    about: 'A call was turned away before anything was spent on it',
    ...LIVE_CALL,
    data: z.object({
      reason: z.enum(END_REASONS),
      sipStatus: z.number().int(),
      source: z.string(),
      more: z.number().int().describe('Refusals before this one that were not told of: there were too many'),
    }),
    views: {},
  }),
  'call.ended': define({
    about: 'A call is over, and its record is stored',
    ...STORED_CALL,
    data: z.object({
      state: z.string(),
      reason: z.string().nullable(),
      sipStatus: z.number().int().nullable(),
      trunkId: id,
      ...whose,
      buyerId: id.nullable(),
      targetId: id.nullable(),
      bidId: id.nullable(),
      agentId: id.nullable(),
      receivedAt: epoch,
      firstRingAt: epoch.nullable(),
      answeredAt: epoch.nullable(),
      endedAt: epoch,
      connectedMs: ms,
      sold: z.boolean(),
    }),
    views: {
      buyer: [...BOUGHT, 'agentId', 'state', 'reason', 'answeredAt', 'endedAt', 'connectedMs', 'sold'],
      seller: [
        'campaignId',
        'sellerId',
        'state',
        'reason',
        'receivedAt',
        'answeredAt',
        'endedAt',
        'connectedMs',
        'sold',
      ],
      carrier: ['trunkId', 'state', 'sipStatus', 'receivedAt', 'answeredAt', 'endedAt', 'connectedMs'],
    },
  }),
  'call.sold': define({
    about: 'A call that is over was bought: by whom, and at which price of the auction',
    ...STORED_CALL,
    data: z.object({
      ...target,
      ...whose,
      currency,
      priceMicros: amount,
      connectedMs: ms,
    }),
    views: {
      buyer: [...BOUGHT, 'currency', 'priceMicros', 'connectedMs'],
      seller: ['campaignId', 'sellerId', 'connectedMs'],
    },
  }),
  'call.settled': define({
    about: 'What a call costs and earns was booked',
    ...STORED_CALL,
    data: z.object(settled),
    views: {
      buyer: ['connectedMs', 'currency', 'revenueMicros', 'campaignId', 'buyerId'],
      seller: ['connectedMs', 'currency', 'campaignId', 'sellerId', 'payouts'],
    },
  }),
  'call.rerated': define({
    about: 'What a call costs and earns was booked anew: a signal, a dispute, a refund',
    ...STORED_CALL,
    data: z.object({
      ...settled,
      n: z.number().int().describe('Number of the revision'),
      reason: z.string(),
      revenueChangeMicros: amount,
      payoutChangeMicros: amount,
    }),
    views: {
      buyer: [
        'n',
        'connectedMs',
        'currency',
        'revenueMicros',
        'revenueChangeMicros',
        'campaignId',
        'buyerId',
      ],
      seller: ['n', 'connectedMs', 'currency', 'campaignId', 'sellerId', 'payouts'],
    },
  }),
  'recording.saved': define({
    about: 'A conversation or a message was recorded, and can be listened to',
    ...STORED_CALL,
    data: z.object({
      ...recorded,
      durationMs: ms,
      lost: z.string().nullable().describe('Why it is not all of it; null of one that is'),
    }),
    views: { buyer: [...RECORDED, 'durationMs', 'lost'], seller: [...RECORDED, 'durationMs', 'lost'] },
  }),
  'recording.failed': define({
    about: 'A recording that was begun is lost; its call went on',
    ...STORED_CALL,
    data: z.object({ ...recorded, lost: z.string().nullable().describe('Why') }),
    views: {},
  }),
  'voicemail.left': define({
    about: 'A caller left a message, which can be listened to',
    ...STORED_CALL,
    data: z.object({ recordingId: id, campaignId: id.nullable(), durationMs: ms }),
    views: { seller: ['recordingId', 'campaignId', 'durationMs'] },
  }),
  'callback.requested': define({
    about: 'A caller wants to be called back; at which number, who may know asks for',
    ...STORED_CALL,
    subject: 'callback',
    data: z.object({
      callId: id,
      campaignId: id.nullable(),
      ownNumber: z.boolean().describe('The number that they called from; else one that they keyed in'),
      notAfter: epoch,
    }),
    views: {},
  }),
  'auction.cleared': define({
    about: 'The bids for a call were ranked',
    version: 1,
    topic: 'auctions',
    subject: 'call',
    source: 'live',
    data: z.object({
      ...whose,
      currency: currency.nullable(),
      total: z.number().int().describe('Bids of the campaign'),
      ranked: z.number().int().describe('Bids that may have the call'),
      bids: z
        .array(
          z.object({ accountId: id, buyerId: id, bidId: id, rank: z.number().int(), priceMicros: amount }),
        )
        .describe('In the order in which they are rung; a tenant sees its own'),
    }),
    views: {
      buyer: ['campaignId', 'currency', 'ranked', 'bids'],
      seller: ['campaignId', 'sellerId', 'ranked'],
    },
  }),
  'bid.changed': define({
    about: 'A bid was made, changed or taken away',
    ...MARKET,
    subject: 'bid',
    data: z.object({
      ...marketChange,
      campaignId: id.nullable(),
      buyerId: id.nullable(),
      targetId: id.nullable(),
      priceMicros: amount.nullable(),
      caps: z.unknown().describe('Limits of the bid, as the API shows them'),
    }),
    views: { buyer: ['op', 'status', 'campaignId', 'buyerId', 'targetId', 'priceMicros', 'caps'] },
  }),
  'buyer.changed': define({
    about: 'A buyer, its status or its limits changed',
    ...MARKET,
    subject: 'buyer',
    data: z.object({ ...marketChange, buyerId: id, caps: z.unknown() }),
    views: { buyer: ['op', 'name', 'status', 'buyerId', 'caps'] },
  }),
  'target.changed': define({
    about: 'A target, its status or its limits changed',
    ...MARKET,
    subject: 'target',
    data: z.object({ ...marketChange, buyerId: id.nullable(), caps: z.unknown() }),
    views: { buyer: ['op', 'name', 'status', 'buyerId', 'caps'] },
  }),
  'campaign.changed': define({
    about: 'A campaign, its status or its reserve price changed',
    ...MARKET,
    subject: 'campaign',
    data: z.object({ ...marketChange, currency: currency.nullable(), reservePriceMicros: amount.nullable() }),
    views: {},
  }),
  'dialplan.published': define({
    about: 'A version of a dialplan is what calls take from now on',
    ...MARKET,
    subject: 'dialplan',
    data: z.object({
      name: z.string(),
      number: z.number().int().describe('Of the version'),
      accountId: id.nullable().describe('The seller whose numbers take it; null: the exchange'),
    }),
    views: { seller: ['name', 'number', 'accountId'] },
  }),
  'presence.changed': define({
    about: 'An agent does something else from now on',
    version: 1,
    topic: 'presence',
    subject: 'agent',
    source: 'state',
    data: z.object({ agentId: id, buyerId: id.nullable(), state: z.string(), since: epoch }),
    views: { buyer: ['agentId', 'buyerId', 'state', 'since'] },
  }),
  'alert.raised': alertEvent('Somebody should look at this'),
  'alert.cleared': alertEvent('What an alert of the same subject told of is over'),
  'wallet.low': moneyOfWallet('A wallet holds less than its owner wants to be told of'),
  'wallet.stopped': moneyOfWallet('A wallet covers no calls: none is offered to its buyers'),
  'wallet.resumed': moneyOfWallet('A wallet covers calls again'),
  'wallet.overrun': define({
    about: 'A call cost more than was held for it',
    ...MONEY,
    subject: 'wallet',
    data: z.object({ accountId: id, currency, callId: id.nullable(), heldMicros: amount.nullable() }),
    views: {},
  }),
  'payment.succeeded': moneyOfPayment('A payment came in, or went back'),
  'payment.failed': moneyOfPayment('A payment did not come about, or was charged back'),
  'dispute.opened': moneyOfDispute('A party disputes what a call costs or earns'),
  'dispute.resolved': moneyOfDispute('A dispute was decided'),
  'invoice.issued': define({
    about: 'An invoice or a credit note was issued',
    ...MONEY,
    subject: 'invoice',
    data: z.object({
      number: z.string(),
      kind: z.string(),
      accountId: id,
      currency,
      chargedMicros: amount,
      balanceMicros: amount,
    }),
    views: {
      buyer: ['number', 'kind', 'accountId', 'currency', 'chargedMicros', 'balanceMicros'],
      seller: ['number', 'kind', 'accountId', 'currency', 'chargedMicros', 'balanceMicros'],
    },
  }),
  'payout.paid': define({
    about: 'A seller was paid',
    ...MONEY,
    subject: 'payout',
    data: z.object({ itemId: id, batchId: id, accountId: id, currency, amountMicros: amount }),
    views: { seller: ['itemId', 'batchId', 'accountId', 'currency', 'amountMicros'] },
  }),
};

export type EventName = keyof typeof EVENT_TYPES;
/** What an event of a type says. */
export type EventData<Name extends EventName> = z.output<(typeof EVENT_TYPES)[Name]['data']>;

export const EVENT_NAMES = Object.keys(EVENT_TYPES) as EventName[];

/** What is known of a type, whichever it is. */
export function eventType(name: EventName): EventType {
  return EVENT_TYPES[name] as unknown as EventType;
}

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(EVENT_TYPES, name);
}

function heldOrResumed(about: string): EventType<typeof talk> {
  return { about, ...LIVE_CALL, data: z.object(talk), views: { buyer: TALK } };
}

function alertEvent(about: string): EventType<typeof alert> {
  return {
    about,
    version: 1,
    topic: 'alerts',
    subject: 'alert',
    source: 'live',
    data: z.object(alert),
    views: { buyer: ALERT_OF_TENANT, seller: ALERT_OF_TENANT },
  };
}

function moneyOfWallet(about: string): EventType<typeof wallet> {
  const data = z.object(wallet);
  return {
    about,
    ...MONEY,
    subject: 'wallet',
    data,
    views: { buyer: WALLET },
  };
}

function moneyOfPayment(about: string) {
  return define({
    about,
    ...MONEY,
    subject: 'payment',
    data: z.object({
      paymentId: id,
      kind: z.string(),
      state: z.string(),
      accountId: id,
      currency,
      amountMicros: amount,
    }),
    views: { buyer: ['paymentId', 'kind', 'state', 'accountId', 'currency', 'amountMicros'] },
  });
}

function moneyOfDispute(about: string) {
  const fields = [
    'disputeId',
    'callId',
    'kind',
    'accountId',
    'state',
    'reason',
    'currency',
    'amountMicros',
  ] as const;
  return define({
    about,
    ...MONEY,
    subject: 'dispute',
    data: z.object({
      disputeId: id,
      callId: id,
      kind: z.string().describe('Whose side disputes: buyer or seller'),
      accountId: id,
      state: z.string(),
      reason: z.string().nullable(),
      currency,
      amountMicros: amount,
    }),
    views: { buyer: fields, seller: fields },
  });
}
