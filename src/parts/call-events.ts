import type { RingTarget } from '../domain';
import type { DomainEvent, EventData } from '../events';
import { domainEvent } from '../events';
import type { Market } from '../market';
import type { CallEvent } from '../signaling';

/** Whose each call is, from its decision to its end. */
interface KnownCall {
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly trunkId: string;
  /** Of who answered. */
  readonly buyerAccountId?: string;
  readonly buyerId?: string;
}

const MAX_CALLS = 100_000;
/** Refusals that are told of in a second; of a flood one hears that there is one. */
const REFUSALS_A_SECOND = 20;

/**
 * Turns the news of this node's calls into events of the exchange, with the accounts whose they are. The end of a
 * call comes from the database, and is made here for when that cannot be told to anybody else.
 */
export class CallEvents {
  readonly #market: Pick<Market, 'trunk' | 'bid' | 'buyer' | 'campaign'>;
  readonly #publish: (event: DomainEvent) => void;
  readonly #now: () => number;
  readonly #calls = new Map<string, KnownCall>();
  #refusals = { second: 0, told: 0, more: 0 };

  /** @param now - UTC epoch milliseconds */
  constructor(
    market: Pick<Market, 'trunk' | 'bid' | 'buyer' | 'campaign'>,
    publish: (event: DomainEvent) => void,
    now: () => number,
  ) {
    this.#market = market;
    this.#publish = publish;
    this.#now = now;
  }

  /** Calls that are up. */
  get size(): number {
    return this.#calls.size;
  }

  onCall(event: CallEvent): void {
    const { callId: subject, at } = event;
    const call = this.#calls.get(subject);
    const campaignId = call?.campaignId ?? null;
    const sellerId = call?.sellerId ?? null;
    switch (event.type) {
      case 'call.received': {
        const { from, to, trunkId, origin } = event.attempt;
        this.#remember(subject, { campaignId: null, sellerId: null, trunkId });
        const data = { from: from ?? null, to, trunkId, origin };
        this.#publish(
          domainEvent('call.received', { at, subject, accounts: [this.#carrier(trunkId)], data }),
        );
        break;
      }
      case 'call.decided':
        this.#decided(event);
        break;
      case 'call.ringing': {
        const { target, attempt } = event;
        const data = { ...whom(target), campaignId, sellerId, attempt, priceMicros: target.price };
        const accounts = [target.buyerAccountId, sellerId];
        this.#publish(domainEvent('call.ringing', { at, subject, accounts, data }));
        break;
      }
      case 'call.ring_failed': {
        const { target, outcome, sipStatus } = event;
        const data = { ...whom(target), campaignId, outcome, sipStatus };
        this.#publish(
          domainEvent('call.ring_failed', { at, subject, accounts: [target.buyerAccountId], data }),
        );
        break;
      }
      case 'call.queued': {
        const { target, position } = event;
        const data = { ...whom(target), campaignId, position };
        this.#publish(domainEvent('call.queued', { at, subject, accounts: [target.buyerAccountId], data }));
        break;
      }
      case 'call.answered': {
        const { target, pddMs, agentId } = event;
        const trunkId = call?.trunkId ?? null;
        if (call) {
          const { buyerAccountId, buyerId } = target;
          this.#remember(subject, { ...call, buyerAccountId, buyerId });
        }
        this.#publish(
          domainEvent('call.answered', {
            at,
            subject,
            accounts: [
              target.buyerAccountId,
              sellerId,
              trunkId === null ? undefined : this.#carrier(trunkId),
            ],
            data: {
              ...whom(target),
              campaignId,
              sellerId,
              trunkId,
              agentId: agentId ?? null,
              pddMs: Math.max(0, Math.round(pddMs)),
              priceMicros: target.price,
            },
          }),
        );
        break;
      }
      case 'call.transferred': {
        const { how, outcome, fromAgentId, toAgentId, toTargetId } = event.transfer;
        const data = {
          how,
          outcome,
          fromAgentId: fromAgentId ?? null,
          toAgentId: toAgentId ?? null,
          toTargetId: toTargetId ?? null,
        };
        this.#publish(
          domainEvent('call.transferred', { at, subject, accounts: [call?.buyerAccountId], data }),
        );
        break;
      }
      case 'call.returned': {
        const data = { campaignId, sellerId, buyerId: call?.buyerId ?? null, from: event.from };
        const accounts = [call?.buyerAccountId, sellerId];
        this.#publish(domainEvent('call.returned', { at, subject, accounts, data }));
        // What comes of it from here on is no business of who had it.
        if (call) this.#remember(subject, { campaignId, sellerId, trunkId: call.trunkId });
        break;
      }
      case 'call.held':
      case 'call.resumed': {
        const data = { campaignId, buyerId: call?.buyerId ?? null };
        this.#publish(domainEvent(event.type, { at, subject, accounts: [call?.buyerAccountId], data }));
        break;
      }
      case 'call.sound_played': {
        const to = event.to.map((role) => (role === 'caller' ? role : 'buyer'));
        const data = { campaignId, buyerId: call?.buyerId ?? null, sound: event.sound, to };
        this.#publish(
          domainEvent('call.sound_played', { at, subject, accounts: [call?.buyerAccountId], data }),
        );
        break;
      }
      case 'call.recording': {
        const { recordingId, state, detail = null, by = null, resumesAt = null } = event;
        const data = {
          ...{ campaignId, buyerId: call?.buyerId ?? null },
          recordingId: recordingId === '' ? null : recordingId,
          ...{ state, detail, by, resumesAt },
        };
        this.#publish(domainEvent('call.recording', { at, subject, accounts: [call?.buyerAccountId], data }));
        break;
      }
      case 'call.monitored': {
        const { mode, by, accountId, detail = null } = event;
        const data = { campaignId, buyerId: call?.buyerId ?? null, mode, by, accountId, detail };
        this.#publish(domainEvent('call.monitored', { at, subject, accounts: [call?.buyerAccountId], data }));
        break;
      }
      case 'call.one_way_audio':
        this.#publish(
          domainEvent('alert.raised', {
            at,
            subject: `call.one_way_audio:${subject}`,
            data: {
              code: 'call.one_way_audio',
              severity: 'warning',
              detail: `the ${event.leg} of a call is not heard`,
              callId: subject,
              ...(campaignId === null ? {} : { campaignId }),
            },
          }),
        );
        break;
      case 'call.ended':
        this.#ended(event.record, call);
        break;
      case 'call.refused':
        this.#refused(event);
        break;
      default:
        // How a call sounds is for who is on it.
        break;
    }
  }

  #decided({
    callId: subject,
    at,
    decision,
    decisionMicroseconds,
  }: Extract<CallEvent, { type: 'call.decided' }>): void {
    const { trace } = decision;
    const trunkId = trace.attempt.trunkId;
    const campaignId = trace.campaignId ?? null;
    const sellerId = trace.sellerId ?? null;
    this.#remember(subject, { campaignId, sellerId, trunkId });
    const { total } = trace.bids;
    if (total > 0 && (decision.ok || decision.reason === 'no_buyer')) {
      const plan = decision.ok ? decision.plan : [];
      this.#publish(
        domainEvent('auction.cleared', {
          at,
          subject,
          accounts: [sellerId, ...plan.map(({ buyerAccountId }) => buyerAccountId)],
          data: {
            campaignId,
            sellerId,
            currency: campaignId === null ? null : (this.#market.campaign(campaignId)?.currency ?? null),
            total,
            ranked: plan.length,
            bids: plan.map(({ buyerAccountId, buyerId, bidId, price }, index) => ({
              accountId: buyerAccountId,
              buyerId,
              bidId,
              rank: index + 1,
              priceMicros: price,
            })),
          },
        }),
      );
    }
    const data: EventData<'call.routed'> = {
      ok: decision.ok,
      ...(decision.ok ? {} : { reason: decision.reason, sipStatus: decision.sipStatus }),
      campaignId,
      sellerId,
      trunkId,
      targets: decision.ok ? decision.plan.length : 0,
      ...(trace.fraud ? { fraudScore: trace.fraud.score, fraudLevel: trace.fraud.level } : {}),
      decisionMicroseconds: Math.round(decisionMicroseconds),
    };
    this.#publish(
      domainEvent('call.routed', { at, subject, accounts: [sellerId, this.#carrier(trunkId)], data }),
    );
  }

  #ended(record: Extract<CallEvent, { type: 'call.ended' }>['record'], call: KnownCall | undefined): void {
    this.#calls.delete(record.callId);
    const { sale, callId: subject, endedAt: at, trunkId } = record;
    const target = sale?.target;
    const sellerId = sale?.terms.sellerId ?? call?.sellerId ?? null;
    this.#publish(
      domainEvent('call.ended', {
        at,
        subject,
        accounts: [target?.buyerAccountId, sellerId, this.#carrier(trunkId)],
        data: {
          state: record.state,
          reason: record.reason,
          sipStatus: record.sipStatus,
          trunkId,
          campaignId: sale?.terms.campaignId ?? call?.campaignId ?? null,
          sellerId,
          buyerId: target?.buyerId ?? null,
          targetId: target?.targetId ?? null,
          bidId: target?.bidId ?? null,
          agentId: sale?.agentId ?? null,
          receivedAt: record.receivedAt,
          firstRingAt: record.firstRingAt ?? null,
          answeredAt: record.answeredAt ?? null,
          endedAt: at,
          connectedMs: record.connectedMs,
          sold: sale !== undefined,
        },
      }),
    );
  }

  /** Strangers may send thousands a second: they are not to push out of the stream what matters. */
  #refused({
    callId: subject,
    at,
    reason,
    sipStatus,
    source,
  }: Extract<CallEvent, { type: 'call.refused' }>): void {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#refusals.second) this.#refusals = { second, told: 0, more: this.#refusals.more };
    if (this.#refusals.told >= REFUSALS_A_SECOND) {
      this.#refusals.more++;
      return;
    }
    this.#refusals.told++;
    const { more } = this.#refusals;
    this.#refusals.more = 0;
    this.#publish(domainEvent('call.refused', { at, subject, data: { reason, sipStatus, source, more } }));
  }

  #carrier(trunkId: string): string | undefined {
    return this.#market.trunk(trunkId)?.accountId;
  }

  #remember(callId: string, call: KnownCall): void {
    this.#calls.delete(callId);
    const [oldest] = this.#calls.keys();
    if (this.#calls.size >= MAX_CALLS && oldest !== undefined) this.#calls.delete(oldest);
    this.#calls.set(callId, call);
  }
}

function whom({
  buyerId,
  buyerAccountId,
  targetId,
  bidId,
}: RingTarget): Pick<EventData<'call.ringing'>, 'buyerId' | 'buyerAccountId' | 'targetId' | 'bidId'> {
  return { buyerId, buyerAccountId, targetId, bidId };
}
