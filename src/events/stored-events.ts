import type { Queryable } from '../storage';
import type { DomainEvent } from './domain-event';
import type { AlertCode, EventData, EventName } from './event-types';
import { domainEvent } from './domain-event';

/** Between two snapshots of the database: what the one sees and the one before did not. */
export interface Window {
  readonly era: number;
  readonly from: string;
  readonly to: string;
  /** Numbers of the outbox and of the market's history up to which it was told. */
  readonly outbox: number;
  readonly history: number;
}

/** What was read of a window. */
export interface StoredEvents {
  readonly events: readonly DomainEvent[];
  /** Undefined when the window was read to its end. */
  readonly rest: Window | undefined;
}

interface OutboxRow {
  readonly id: number;
  readonly type: string;
  readonly subject: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly call: CallRow | null;
  /** What each account earns that shares in the payout, of a call that was settled. */
  readonly payouts: Readonly<Record<string, number>> | null;
}

interface CallRow {
  readonly state: string;
  readonly reason: string | null;
  readonly sipStatus: number | null;
  readonly trunkId: string;
  readonly carrierId: string | null;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly buyerId: string | null;
  readonly targetId: string | null;
  readonly agentId: string | null;
  readonly bidId: string | null;
  readonly buyerAccountId: string | null;
  readonly price: number | null;
  readonly currency: string | null;
  readonly receivedAt: number;
  readonly firstRingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly connectedMs: number;
}

interface HistoryRow {
  readonly seq: number;
  readonly entity: 'bid' | 'buyer' | 'target' | 'campaign';
  readonly id: string;
  readonly op: 'insert' | 'update' | 'delete';
  readonly at: number;
  /** By its columns; of one that is gone, as it was. */
  readonly value: Readonly<Record<string, unknown>> | null;
  readonly accountId: string | null;
}

/** Types of the outbox that events are made of. */
const OUTBOX_TYPES = [
  'call.ended',
  'call.settled',
  'call.rerated',
  'fraud.case_opened',
  'wallet.low',
  'wallet.stopped',
  'wallet.resumed',
  'wallet.overrun',
  'payment.succeeded',
  'payment.failed',
  'dispute.opened',
  'dispute.resolved',
  'invoice.issued',
  'payout.paid',
  'webhook.dead',
  'target.paused',
  'recording.saved',
  'recording.failed',
  'voicemail.left',
  'callback.requested',
  'dialplan.published',
];
const ENTITIES = ['bid', 'buyer', 'target', 'campaign'];

const WITHIN = (row: string): string =>
  `${row}.xid >= pg_snapshot_xmin($1::pg_snapshot) and not pg_visible_in_snapshot(${row}.xid, $1::pg_snapshot)
      and pg_visible_in_snapshot(${row}.xid, $2::pg_snapshot)`;

const READ_OUTBOX = {
  name: 'events-outbox',
  text: `select o.id, o.type, o.subject, o.payload, (extract(epoch from o.created_at) * 1000)::bigint as at,
      case when c.id is not null then json_build_object(
        'state', c.state, 'reason', c.end_reason, 'sipStatus', c.sip_status, 'trunkId', c.trunk_id,
        'carrierId', t.account_id, 'campaignId', c.campaign_id,
        'sellerId', coalesce(c.sale -> 'terms' ->> 'sellerId', n.seller_id),
        'buyerId', c.buyer_id, 'targetId', c.target_id, 'agentId', c.agent_id,
        'bidId', c.sale -> 'target' ->> 'bidId', 'buyerAccountId', c.sale -> 'target' ->> 'buyerAccountId',
        'price', c.sale -> 'target' -> 'price', 'currency', c.sale -> 'terms' ->> 'currency',
        'receivedAt', c.received_at, 'firstRingAt', c.first_ring_at, 'answeredAt', c.answered_at,
        'endedAt', c.ended_at, 'connectedMs', c.connected_ms) end as call,
      case when o.type in ('call.settled', 'call.rerated') then (
        select json_object_agg(account, amount) from (
          select l ->> 'accountId' as account, sum((l ->> 'amount')::bigint) as amount
          from (select lines from settlements s where s.call_id = o.payload ->> 'callId'
              union all select lines from settlement_revisions r where r.call_id = o.payload ->> 'callId'
                and r.n <= coalesce((o.payload ->> 'n')::integer, 0)) booked, jsonb_array_elements(booked.lines) l
          where l ->> 'kind' = 'payout' and l ->> 'currency' = o.payload ->> 'currency' group by 1) earned) end as payouts
    from outbox o
    left join calls c on o.type = 'call.ended' and c.id = o.subject
    left join did_numbers n on n.number = c.dialled
    left join trunks t on t.id = c.trunk_id
    where ${WITHIN('o')} and o.id > $3 and o.type = any($4)
    order by o.id limit $5`,
};

const READ_HISTORY = {
  name: 'events-market-history',
  text: `select h.seq, h.entity, h.id, h.op, (extract(epoch from h.at) * 1000)::bigint as at, v.value,
      b.account_id as "accountId"
    from market_history h
    cross join lateral (select coalesce(h.value, (select p.value from market_history p
      where p.entity = h.entity and p.id = h.id and p.seq < h.seq and p.value is not null
      order by p.seq desc limit 1)) as value) v
    left join buyers b on b.id = case h.entity when 'buyer' then h.id else v.value ->> 'buyer_id' end
    where h.era = $6 and ${WITHIN('h')} and h.seq > $3 and h.entity = any($4)
    order by h.seq limit $5`,
};

/** Where the database stands now. */
export async function nowOf(tx: Queryable): Promise<{ readonly era: number; readonly snapshot: string }> {
  const { rows } = await tx.query<{ era: number; snapshot: string }>({
    name: 'events-now',
    text: 'select current_market_era() as era, pg_current_snapshot()::text as snapshot',
  });
  return rows[0] as { era: number; snapshot: string };
}

/**
 * In a database that was restored elsewhere, numbers of transactions begin anew: those of before mean nothing,
 * and are not to come up when they are reached again.
 */
export async function forgetNumbers(tx: Queryable): Promise<void> {
  await tx.query('update outbox set xid = null where xid is not null');
}

/**
 * Events of a window, in the order in which they were written; of one subject that is the order in which they
 * happened, because who writes the next one waits for who wrote the last.
 *
 * @param most - rows of each table that are read at once
 */
export async function readStored(tx: Queryable, window: Window, most: number): Promise<StoredEvents> {
  const { era, from, to } = window;
  const { rows: told } = await tx.query<OutboxRow>({
    ...READ_OUTBOX,
    values: [from, to, window.outbox, OUTBOX_TYPES, most],
  });
  const { rows: changed } = await tx.query<HistoryRow>({
    ...READ_HISTORY,
    values: [from, to, window.history, ENTITIES, most, era],
  });
  const whole = told.length < most && changed.length < most;
  return {
    events: [...told.flatMap(eventsOfRow), ...changed.map(changeOf)],
    rest: whole
      ? undefined
      : {
          ...window,
          outbox: told[told.length - 1]?.id ?? window.outbox,
          history: changed[changed.length - 1]?.seq ?? window.history,
        },
  };
}

/** One row may be told in several ways; none that cannot be told holds up the others. */
function eventsOfRow(row: OutboxRow): DomainEvent[] {
  const { type, at, subject, payload: p } = row;
  const accountId = textOf(p['accountId']);
  switch (type) {
    case 'call.ended':
      return row.call ? endOf(row, row.call) : [];
    case 'call.settled':
    case 'call.rerated':
      return [bookedOf(row, type)];
    case 'fraud.case_opened':
      return [
        alertOf('fraud.case_opened', row, subject, [], {
          severity: 'warning',
          detail: `a call was ${{ flag: 'flagged', challenge: 'challenged', block: 'blocked' }[textOf(p['level']) ?? ''] ?? 'noted'} for fraud`,
          callId: subject,
          score: numberOf(p['score']) ?? 0,
          ...(textOf(p['campaignId']) === null ? {} : { campaignId: textOf(p['campaignId']) ?? '' }),
        }),
      ];
    case 'wallet.low':
    case 'wallet.stopped':
    case 'wallet.resumed':
      return walletOf(row, type);
    case 'wallet.overrun':
      return [
        domainEvent('wallet.overrun', {
          at,
          subject: `${accountId ?? ''}:${textOf(p['currency']) ?? ''}`,
          data: {
            accountId: accountId ?? '',
            currency: textOf(p['currency']) ?? '',
            callId: textOf(p['callId']),
            heldMicros: numberOf(p['heldMicros']),
          },
        }),
        alertOf('wallet.overrun', row, subject, [], {
          severity: 'warning',
          detail: 'a call cost more than its buyer’s wallet holds',
          ...moneyOf(p),
          callId: subject,
        }),
      ];
    case 'payment.succeeded':
    case 'payment.failed':
      return paymentOf(row, type);
    case 'dispute.opened':
    case 'dispute.resolved':
      return disputeOf(row, type);
    case 'invoice.issued':
      return [
        domainEvent('invoice.issued', {
          at,
          subject,
          accounts: [accountId],
          data: {
            number: subject,
            kind: textOf(p['kind']) ?? '',
            accountId: accountId ?? '',
            currency: textOf(p['currency']) ?? '',
            chargedMicros: numberOf(p['chargedMicros']) ?? 0,
            balanceMicros: numberOf(p['balanceMicros']) ?? 0,
          },
        }),
      ];
    case 'payout.paid':
      return [
        domainEvent('payout.paid', {
          at,
          subject,
          accounts: [accountId],
          data: {
            itemId: subject,
            batchId: textOf(p['batchId']) ?? '',
            accountId: accountId ?? '',
            currency: textOf(p['currency']) ?? '',
            amountMicros: numberOf(p['amountMicros']) ?? 0,
          },
        }),
      ];
    case 'recording.saved':
    case 'recording.failed':
      return recordedOf(row, type);
    case 'voicemail.left':
      return [
        domainEvent('voicemail.left', {
          ...{ at, subject: textOf(p['callId']) ?? '' },
          accounts: [textOf(p['sellerId'])],
          data: {
            recordingId: subject,
            campaignId: textOf(p['campaignId']),
            durationMs: numberOf(p['durationMs']) ?? 0,
          },
        }),
      ];
    case 'callback.requested':
      return [
        domainEvent('callback.requested', {
          ...{ at, subject },
          data: {
            callId: textOf(p['callId']) ?? '',
            campaignId: textOf(p['campaignId']),
            ownNumber: p['ownNumber'] === true,
            notAfter: numberOf(p['notAfter']) ?? at,
          },
        }),
      ];
    case 'webhook.dead': {
      const webhookId = textOf(p['webhookId']) ?? '';
      return [
        alertOf('webhook.dead', row, webhookId, accountId === null ? [] : [accountId], {
          severity: 'warning',
          detail: 'what a webhook was to be told could not be delivered',
          accountId: accountId ?? '',
          webhookId,
        }),
      ];
    }
    case 'target.paused': {
      const targetId = textOf(p['targetId']) ?? '';
      return [
        alertOf('target.paused', row, targetId, accountId === null ? [] : [accountId], {
          severity: 'warning',
          detail: 'a target does not answer, and is not rung for a while',
          accountId: accountId ?? '',
          targetId,
          until: numberOf(p['until']) ?? at,
        }),
      ];
    }
    case 'dialplan.published':
      return [
        domainEvent('dialplan.published', {
          at,
          subject: textOf(p['dialplanId']) ?? '',
          accounts: accountId === null ? [] : [accountId],
          data: { name: textOf(p['name']) ?? '', number: numberOf(p['number']) ?? 0, accountId },
        }),
      ];
    default:
      return [];
  }
}

function endOf({ at, subject }: OutboxRow, call: CallRow): DomainEvent[] {
  const { carrierId, buyerAccountId, price, currency, ...seen } = call;
  const accounts = [buyerAccountId, call.sellerId, carrierId];
  const endedAt = call.endedAt ?? at;
  const sold = buyerAccountId !== null;
  const ended = domainEvent('call.ended', {
    at: endedAt,
    subject,
    accounts,
    data: { ...seen, endedAt, sold },
  });
  if (!sold) return [ended];
  const { campaignId, sellerId, buyerId, targetId, bidId, connectedMs } = call;
  return [
    ended,
    domainEvent('call.sold', {
      at: endedAt,
      subject,
      accounts: [buyerAccountId, sellerId],
      data: {
        buyerId: buyerId ?? '',
        buyerAccountId,
        targetId: targetId ?? '',
        bidId: bidId ?? '',
        campaignId,
        sellerId,
        currency: currency ?? '',
        priceMicros: price ?? 0,
        connectedMs,
      },
    }),
  ];
}

function bookedOf(
  { at, payload: p, payouts }: OutboxRow,
  type: 'call.settled' | 'call.rerated',
): DomainEvent {
  const earned = Object.entries(payouts ?? {}).map(([accountId, amount]) => ({
    accountId,
    amountMicros: Number(amount),
  }));
  const data: EventData<'call.settled'> = {
    connectedMs: numberOf(p['connectedMs']) ?? 0,
    currency: textOf(p['currency']) ?? '',
    revenueMicros: numberOf(p['revenueMicros']) ?? 0,
    payoutMicros: numberOf(p['payoutMicros']) ?? 0,
    feesMicros: numberOf(p['feesMicros']) ?? 0,
    taxesMicros: numberOf(p['taxesMicros']) ?? 0,
    carrierCostMicros: numberOf(p['carrierCostMicros']) ?? 0,
    campaignId: textOf(p['campaignId']),
    sellerId: textOf(p['sellerId']),
    buyerId: textOf(p['buyerId']),
    buyerAccountId: textOf(p['buyerAccountId']),
    payouts: earned,
  };
  const accounts = [data.buyerAccountId, data.sellerId, ...earned.map(({ accountId }) => accountId)];
  const of = { at, subject: textOf(p['callId']) ?? '', accounts };
  if (type === 'call.settled') return domainEvent(type, { ...of, data });
  return domainEvent(type, {
    ...of,
    data: {
      ...data,
      n: numberOf(p['n']) ?? 0,
      reason: textOf(p['reason']) ?? '',
      revenueChangeMicros: numberOf(p['revenueChangeMicros']) ?? 0,
      payoutChangeMicros: numberOf(p['payoutChangeMicros']) ?? 0,
    },
  });
}

function walletOf(row: OutboxRow, type: 'wallet.low' | 'wallet.stopped' | 'wallet.resumed'): DomainEvent[] {
  const { at, payload: p } = row;
  const accountId = textOf(p['accountId']) ?? '';
  const currency = textOf(p['currency']) ?? '';
  const wallet = `${accountId}:${currency}`;
  const told = domainEvent(type, {
    at,
    subject: wallet,
    accounts: [accountId],
    data: {
      accountId,
      currency,
      availableMicros: numberOf(p['availableMicros']),
      lowBalanceAtMicros: numberOf(p['lowBalanceAtMicros']),
      stopBelowMicros: numberOf(p['stopBelowMicros']),
    },
  });
  const alert =
    type === 'wallet.low'
      ? alertOf('wallet.low', row, wallet, [accountId], {
          severity: 'warning',
          detail: 'a wallet runs low',
          ...moneyOf(p),
        })
      : alertOf(
          'wallet.stopped',
          row,
          wallet,
          [accountId],
          {
            severity: 'critical',
            detail: type === 'wallet.stopped' ? 'a wallet covers no calls' : 'a wallet covers calls again',
            ...moneyOf(p),
          },
          type === 'wallet.stopped' ? 'alert.raised' : 'alert.cleared',
        );
  return [told, alert];
}

function paymentOf(row: OutboxRow, type: 'payment.succeeded' | 'payment.failed'): DomainEvent[] {
  const { at, payload: p } = row;
  const accountId = textOf(p['accountId']) ?? '';
  const paymentId = textOf(p['paymentId']) ?? row.subject;
  const told = domainEvent(type, {
    at,
    subject: paymentId,
    accounts: [accountId],
    data: {
      paymentId,
      kind: textOf(p['kind']) ?? '',
      state: textOf(p['state']) ?? '',
      accountId,
      currency: textOf(p['currency']) ?? '',
      amountMicros: numberOf(p['amountMicros']) ?? 0,
    },
  });
  if (type === 'payment.succeeded') return [told];
  return [
    told,
    alertOf('payment.failed', row, paymentId, [accountId], {
      severity: 'warning',
      detail: 'a payment did not come about',
      ...moneyOf(p),
    }),
  ];
}

function recordedOf(row: OutboxRow, type: 'recording.saved' | 'recording.failed'): DomainEvent[] {
  const { at, subject: recordingId, payload: p } = row;
  const subject = textOf(p['callId']) ?? '';
  const data = {
    recordingId,
    kind: p['kind'] === 'voicemail' ? ('voicemail' as const) : ('conversation' as const),
    campaignId: textOf(p['campaignId']),
    buyerId: textOf(p['buyerId']),
    lost: textOf(p['lost']),
  };
  if (type === 'recording.saved') {
    const accounts = [textOf(p['buyerAccountId']), textOf(p['sellerId'])];
    const durationMs = numberOf(p['durationMs']) ?? 0;
    return [
      domainEvent(type, {
        ...{ at, subject, accounts },
        data: { ...data, durationMs },
      }),
    ];
  }
  return [
    domainEvent(type, { at, subject, data }),
    alertOf('recording.failed', row, recordingId, [], {
      severity: 'warning',
      detail: `a recording is lost: ${data.lost ?? 'nobody knows why'}`,
      callId: subject,
      ...(data.campaignId === null ? {} : { campaignId: data.campaignId }),
    }),
  ];
}

function disputeOf(row: OutboxRow, type: 'dispute.opened' | 'dispute.resolved'): DomainEvent[] {
  const { at, payload: p, subject } = row;
  // A buyer's dispute is not the seller's business, nor the other way round.
  const accountId = textOf(p['accountId']) ?? '';
  const told = domainEvent(type, {
    at,
    subject,
    accounts: [accountId],
    data: {
      disputeId: subject,
      callId: textOf(p['callId']) ?? '',
      kind: textOf(p['kind']) ?? '',
      accountId,
      state: textOf(p['state']) ?? '',
      reason: textOf(p['reason']),
      currency: textOf(p['currency']) ?? '',
      amountMicros: numberOf(p['amountMicros']) ?? 0,
    },
  });
  if (type === 'dispute.resolved') return [told];
  return [
    told,
    alertOf('dispute.opened', row, subject, [], {
      severity: 'info',
      detail: 'a party disputes the money of a call',
      callId: textOf(p['callId']) ?? '',
      ...moneyOf(p),
    }),
  ];
}

function alertOf(
  code: AlertCode,
  { at }: OutboxRow,
  about: string,
  accounts: readonly string[],
  data: Omit<EventData<'alert.raised'>, 'code'>,
  type: Extract<EventName, 'alert.raised' | 'alert.cleared'> = 'alert.raised',
): DomainEvent {
  return domainEvent(type, { at, subject: `${code}:${about}`, accounts, data: { code, ...data } });
}

function moneyOf(
  p: OutboxRow['payload'],
): Pick<EventData<'alert.raised'>, 'accountId' | 'currency' | 'amountMicros'> {
  const amount = numberOf(p['availableMicros'] ?? p['amountMicros'] ?? p['heldMicros']);
  return {
    accountId: textOf(p['accountId']) ?? '',
    currency: textOf(p['currency']) ?? '',
    ...(amount === null ? {} : { amountMicros: amount }),
  };
}

function changeOf({ entity, id, op, at, value, accountId }: HistoryRow): DomainEvent {
  const v = value ?? {};
  const common = { op, name: textOf(v['name']), status: textOf(v['status']) };
  const of = { at, subject: id, accounts: [accountId] };
  const caps = capsOf(v);
  switch (entity) {
    case 'bid':
      return domainEvent('bid.changed', {
        ...of,
        data: {
          ...common,
          campaignId: textOf(v['campaign_id']),
          buyerId: textOf(v['buyer_id']),
          targetId: textOf(v['target_id']),
          priceMicros: numberOf(v['price']),
          caps,
        },
      });
    case 'buyer':
      return domainEvent('buyer.changed', { ...of, data: { ...common, buyerId: id, caps } });
    case 'target':
      return domainEvent('target.changed', {
        ...of,
        data: { ...common, buyerId: textOf(v['buyer_id']), caps },
      });
    case 'campaign':
      return domainEvent('campaign.changed', {
        ...of,
        accounts: [],
        data: {
          ...common,
          currency: textOf(v['currency']),
          reservePriceMicros: numberOf(v['reserve_price']),
        },
      });
  }
}

function capsOf(value: Readonly<Record<string, unknown>>): unknown {
  const most = numberOf(value['max_concurrent']);
  return { ...(value['caps'] as object | undefined), ...(most === null ? {} : { maxConcurrent: most }) };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
