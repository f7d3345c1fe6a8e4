import type { CallAttempt, CapLimit, Decision, Micros, RingTarget, Trunk } from '../../../src/domain';
import type { LegStats, MediaEngine, MediaLeg, MediaSession, MediaSessionListener } from '../../../src/media';
import { NO_COUNTERS } from '../../../src/media';
import type { CallEvent } from '../../../src/signaling';
import type {
  CallEndedRecord,
  FundsDesk,
  FundsRequest,
  HeldFunds,
  SaleDesk,
} from '../../../src/signaling/ports';
import type {
  AnswerResult,
  DialogHandlers,
  IncomingInvite,
  InviteInProgress,
  OutgoingInvite,
  OutgoingInviteListener,
  SipDialog,
  SipStack,
} from '../../../src/signaling/sip/sip-stack';

/** Everything that waits for something outside takes this long, so that a caller can give up meanwhile. */
const STEP_MS = 20;
const later = <T>(value: T): Promise<T> =>
  new Promise((resolve) => setTimeout(() => resolve(value), STEP_MS));

/** A SIP stack made of scripts, for laws over every order of events. The e2e tests use real peers. */
export class ScriptedStack implements SipStack {
  readonly dialogs: ScriptedDialog[] = [];
  /** URIs in the order they were rung, and those given up. */
  readonly rung: string[] = [];
  readonly abandoned: string[] = [];
  readonly listeners = new Map<string, OutgoingInviteListener>();

  constructor(
    private readonly behave: (uri: string, listener: OutgoingInviteListener, stack: ScriptedStack) => void,
  ) {}

  onInvite(): void {}
  onLost(): void {}
  onReady(): void {}
  close(): void {}

  invite(uri: string, _request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress {
    this.rung.push(uri);
    this.listeners.set(uri, listener);
    let over = false;
    const once: OutgoingInviteListener = {
      onTrying: () => {
        if (!over) listener.onTrying();
      },
      onProgress: (status, sdp) => {
        if (!over) listener.onProgress(status, sdp);
      },
      onAnswer: (dialog) => {
        // A 200 that crosses the CANCEL: the adapter sends the BYE (see drachtio-stack).
        if (over) dialog.bye();
        else {
          over = true;
          listener.onAnswer(dialog);
        }
      },
      onFailure: (status, reason) => {
        if (!over) {
          over = true;
          listener.onFailure(status, reason);
        }
      },
    };
    this.behave(uri, once, this);
    return {
      abandon: () => {
        over = true;
        this.abandoned.push(uri);
      },
    };
  }

  dialog(): ScriptedDialog {
    const dialog = new ScriptedDialog();
    this.dialogs.push(dialog);
    return dialog;
  }
}

export class ScriptedDialog implements SipDialog {
  readonly remoteSdp = 'v=0 answer';
  handlers: DialogHandlers | undefined;
  byes = 0;
  ended = false;

  setHandlers(handlers: DialogHandlers): void {
    this.handlers = handlers;
    if (this.ended) handlers.onEnd('bye');
  }
  bye(): void {
    if (!this.ended) this.byes++;
    this.ended = true;
  }
  /** The peer hangs up. */
  peerBye(): void {
    if (this.ended) return;
    this.ended = true;
    this.handlers?.onEnd('bye');
  }
  request(): Promise<number> {
    return Promise.resolve(200);
  }
}

export class ScriptedInvite implements IncomingInvite {
  readonly callId = 'sip-call-id';
  readonly requestUri = 'sip:+18005550100@switch';
  readonly sdp = 'v=0 offer';
  readonly sourceAddress = '127.0.0.1';
  readonly sourcePort = 5060;
  readonly dialog = new ScriptedDialog();
  readonly progressed: number[] = [];
  /** Final statuses that went out: never more than one. */
  readonly finals: number[] = [];
  rejectHeaders: Readonly<Record<string, string>> = {};
  #cancel: (() => void) | undefined;

  header(): string | undefined {
    return undefined;
  }
  headerNames(): string[] {
    return [];
  }
  onCancel(handler: () => void): void {
    this.#cancel = handler;
  }
  progress(status: number): void {
    if (this.finals.length === 0) this.progressed.push(status);
  }
  reject(status: number, _reason?: string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.finals.length > 0) return;
    this.finals.push(status);
    this.rejectHeaders = headers;
  }
  async answer(): Promise<AnswerResult> {
    await later(undefined);
    if (this.finals.length > 0) return { ok: false, reason: 'cancelled' };
    this.finals.push(200);
    return later({ ok: true, dialog: this.dialog });
  }
  /** The caller gives up, as far as it still can. */
  cancel(): void {
    if (this.finals.length > 0) return;
    this.finals.push(487);
    this.#cancel?.();
  }
}

/** Media that agrees to everything and counts what is open. */
export class CountingMedia implements MediaEngine {
  readonly name = 'mediasoup';
  legs = 0;
  sessions = 0;
  listener: MediaSessionListener | undefined;

  openSession(_callId: string, listener: MediaSessionListener): MediaSession {
    this.listener = listener;
    this.sessions++;
    const legs = new Set<MediaLeg>();
    let open = true;
    return {
      createLeg: (role) => {
        this.legs++;
        const leg: MediaLeg = {
          role,
          createOffer: () => ({ ok: true, sdp: `offer to ${role}` }),
          applyAnswer: () => later({ ok: true, sdp: '' }),
          receiveOffer: () => ({ ok: true, sdp: '' }),
          createAnswer: () => later({ ok: true, sdp: `answer to ${role}` }),
          remoteDirection: () => 'sendrecv',
          stats: () => Promise.resolve(NO_STATS),
          close: () => {
            if (legs.delete(leg)) this.legs--;
          },
        };
        legs.add(leg);
        return later(leg);
      },
      bridge: () => later(undefined),
      lastMediaAt: () => undefined,
      close: () => {
        if (!open) return;
        open = false;
        this.sessions--;
        for (const leg of [...legs]) leg.close();
      },
    };
  }
  stats(): { sessions: number; legs: number; ports: number } {
    return { sessions: this.sessions, legs: this.legs, ports: this.legs };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const NO_STATS: LegStats = { ...NO_COUNTERS, codec: 'PCMU' };

/** Limits in memory: refuses what is over, and counts what is held. */
export class MemoryCaps {
  readonly held = new Map<string, number>();

  async reserve(
    _callId: string,
    limits: readonly CapLimit[],
  ): Promise<{ ok: true } | { ok: false; exhausted: string }> {
    await later(undefined);
    const full = limits.find((limit) => (this.held.get(limit.key) ?? 0) >= limit.limit);
    if (full) return { ok: false, exhausted: full.key };
    for (const { key } of limits) this.held.set(key, (this.held.get(key) ?? 0) + 1);
    return later({ ok: true as const });
  }
  release(_callId: string, limits: readonly CapLimit[]): Promise<void> {
    for (const { key } of limits) this.held.set(key, (this.held.get(key) ?? 0) - 1);
    return Promise.resolve();
  }
}

/** What a buyer's wallet says to a hold, and after how many milliseconds. */
export interface WalletScript {
  readonly covers: boolean;
  readonly after: number;
}

/** Wallets in memory: says what is still held, for whom, and refuses to be told anything twice. */
export class MemoryFunds implements FundsDesk {
  readonly states = new Map<string, 'held' | 'answered' | 'released' | 'settled'>();
  readonly asked: string[] = [];

  constructor(private readonly wallet: (target: RingTarget) => WalletScript | undefined) {}

  hold({
    callId,
    attempt,
    target,
  }: FundsRequest): Promise<{ ok: true; held?: HeldFunds | undefined } | { ok: false }> {
    const id = `${callId}/${attempt}`;
    this.asked.push(target.targetId);
    const { covers, after } = this.wallet(target) ?? { covers: true, after: 0 };
    return new Promise((resolve) =>
      setTimeout(() => {
        if (covers) this.#become(id, undefined, 'held');
        resolve(covers ? { ok: true, held: { id } } : { ok: false });
      }, after),
    );
  }
  release({ id }: HeldFunds): void {
    this.#become(id, 'held', 'released');
  }
  answered({ id }: HeldFunds): void {
    this.#become(id, 'held', 'answered');
  }
  ended({ id }: HeldFunds): void {
    this.#become(id, 'answered', 'settled');
  }

  #become(id: string, from: string | undefined, to: 'held' | 'answered' | 'released' | 'settled'): void {
    if (this.states.get(id) !== from) throw new Error(`${id} is ${this.states.get(id)}, cannot be ${to}`);
    this.states.set(id, to);
  }
}

export class Journal {
  readonly ended_: CallEndedRecord[] = [];
  readonly answered_: string[] = [];
  readonly events: CallEvent[] = [];
  decided(): void {}
  answered(record: { callId: string }): void {
    this.answered_.push(record.callId);
  }
  ended(record: CallEndedRecord): void {
    this.ended_.push(record);
  }
  onCall(event: CallEvent): void {
    this.events.push(event);
  }
}

export const TRUNK: Trunk = {
  id: 'trunk-1',
  accountId: 'carrier-1',
  name: 'Carrier',
  status: 'active',
  sources: ['127.0.0.1'],
  origin: 'inbound_consumer',
  maxCps: 0,
  maxChannels: 0,
  trustsVerstat: true,
};

export const ATTEMPT = {
  callId: 'call-1',
  receivedAt: 0,
  from: '+12125550123',
  to: '+18005550100',
  trunkId: TRUNK.id,
  origin: 'inbound_consumer',
  claimedOrigin: undefined,
  attestation: undefined,
  verstat: 'none',
  reservation: undefined,
  forwardedBy: [],
  tags: {},
} as unknown as CallAttempt;

export function ringTarget(index: number, limit = 1): RingTarget {
  return {
    bidId: `bid-${index}`,
    buyerId: `buyer-${index}`,
    buyerAccountId: `account-${index}`,
    targetId: `target-${index}`,
    kind: 'sip',
    uri: `sip:buyer-${index}`,
    ringTimeoutMs: 1_000,
    plan: { kind: 'per_call', amount: 10_000_000 as Micros, afterMs: 0 },
    price: 10_000_000 as Micros,
    maxDurationMs: 60_000,
    ringback: 'early_media',
    reference: undefined,
    reservations: [
      { key: `target-${index}:concurrent`, counter: 'concurrent', limit, amount: 1, resetsAt: 0 },
    ],
  };
}

export function sold(plan: RingTarget[]): Decision {
  return {
    ok: true,
    plan,
    terms: {
      campaignId: 'campaign-1',
      sellerId: 'seller-1',
      currency: 'USD',
      payout: { kind: 'per_call', amount: 1 as Micros, afterMs: 0 },
    },
    sourceLimits: [],
    trace: {} as Decision['trace'],
  };
}

/** Sells every call the same way, at ten units a conversation. */
export function deskOf(decide: SaleDesk['decide'], over: Partial<SaleDesk> = {}): SaleDesk {
  return {
    decide,
    reservedNumber: () => Promise.resolve(undefined),
    abandoned: () => undefined,
    confirm: () => Promise.resolve(true),
    connected: () => undefined,
    charge: () => ({ converted: true, revenue: 10_000_000 }),
    ...over,
  };
}
