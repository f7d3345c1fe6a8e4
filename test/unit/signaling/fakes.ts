import type {
  CallAttempt,
  CapLimit,
  Decision,
  MediaCapability,
  Micros,
  RingTarget,
  Trunk,
} from '../../../src/domain';
import type {
  Clip,
  LegStats,
  MachineFinding,
  MediaEngine,
  MediaLeg,
  MediaSession,
  MediaSessionListener,
  Playing,
  Recorder,
  RecordingSink,
  Sound,
} from '../../../src/media';
import { MediaUnavailable, NO_COUNTERS } from '../../../src/media';
import type { CallEvent } from '../../../src/signaling';
import type {
  AgentClaim,
  AgentContact,
  AgentDesk,
  AgentRelease,
  AgentRequest,
  CallEndedRecord,
  FundsDesk,
  FundsRequest,
  HeldFunds,
  PlanDesk,
  QueuePlace,
  RecordingDesk,
  SaleDesk,
} from '../../../src/signaling/ports';
import type {
  AnswerResult,
  DialogHandlers,
  IncomingInvite,
  IncomingRefer,
  InviteInProgress,
  OfferResult,
  OutgoingInvite,
  OutgoingInviteListener,
  SipDialog,
  SipStack,
  SipTransport,
} from '../../../src/signaling/sip/sip-stack';
import { bindingOf } from './registrar/bindings';

/** Everything that waits for something outside takes this long, so that a caller can give up meanwhile. */
const STEP_MS = 20;
const later = <T>(value: T): Promise<T> =>
  new Promise((resolve) => setTimeout(() => resolve(value), STEP_MS));

/** A SIP stack made of scripts, for laws over every order of events. The e2e tests use real peers. */
export class ScriptedStack implements SipStack {
  readonly dialogs: ScriptedDialog[] = [];
  /** Those of whom it was told that they answered. */
  readonly answered: SipDialog[] = [];
  /** URIs in the order they were rung, and those given up. */
  readonly rung: string[] = [];
  readonly abandoned: string[] = [];
  /** Why each was given up. */
  readonly reasons = new Map<string, string>();
  readonly listeners = new Map<string, OutgoingInviteListener>();
  /** What each INVITE said, in the order of {@link rung}. */
  readonly requests: OutgoingInvite[] = [];

  constructor(
    private readonly behave: (uri: string, listener: OutgoingInviteListener, stack: ScriptedStack) => void,
  ) {}

  onInvite(): void {}
  onRegister(): void {}
  onLost(): void {}
  onReady(): void {}
  close(): void {}

  invite(uri: string, request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress {
    this.rung.push(uri);
    this.requests.push(request);
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
          this.answered.push(dialog);
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
      abandon: (reason) => {
        over = true;
        this.abandoned.push(uri);
        this.reasons.set(uri, reason);
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
  static #made = 0;
  readonly id: SipDialog['id'];
  readonly remoteSdp = 'v=0 answer';
  handlers: DialogHandlers | undefined;
  byes = 0;
  ended = false;
  /** When it was made, and when either side ended it: UTC epoch milliseconds. */
  readonly since = Date.now();
  until = Infinity;
  #onOver: (() => void) | undefined;

  constructor() {
    const name = ++ScriptedDialog.#made;
    this.id = { callId: `dialog-${name}`, localTag: `ours-${name}`, remoteTag: `theirs-${name}` };
  }

  setHandlers(handlers: DialogHandlers): void {
    this.handlers = handlers;
    if (this.ended) handlers.onEnd('bye');
  }
  onOver(handler: () => void): void {
    this.#onOver = handler;
  }
  bye(): void {
    if (!this.ended) this.byes++;
    this.#end();
  }
  /** The peer hangs up. */
  peerBye(): void {
    if (this.ended) return;
    this.#end();
    this.handlers?.onEnd('bye');
  }
  #end(): void {
    if (this.ended) return;
    this.ended = true;
    this.until = Date.now();
    this.#onOver?.();
  }
  /** What the peer was told within the dialog. */
  readonly told: { readonly contentType: string; readonly body: string }[] = [];
  /** Offers that were made to the peer, and what it says to each: an answer by default. */
  readonly offers: string[] = [];
  onOffer: (sdp: string) => Promise<OfferResult> = () => Promise.resolve({ ok: true, sdp: 'v=0 answer' });
  offer(sdp: string): Promise<OfferResult> {
    this.offers.push(sdp);
    return this.ended ? Promise.resolve({ ok: false, status: 0 }) : this.onOffer(sdp);
  }
  request(_method: string, contentType: string, body: string): Promise<number> {
    this.told.push({ contentType, body });
    return Promise.resolve(200);
  }
  /** The peer sends a REFER. */
  refer(referTo: string): ScriptedRefer {
    const refer = new ScriptedRefer(referTo);
    // Without a handler the adapter answers.
    if (this.handlers?.onRefer) this.handlers.onRefer(refer);
    else refer.reject(603);
    return refer;
  }
}

/** A REFER, with what became of it. */
export class ScriptedRefer implements IncomingRefer {
  readonly referredBy = undefined;
  /** The final response; 202 when it was accepted. */
  status: number | undefined;
  readonly notified: number[] = [];

  constructor(readonly referTo: string) {}

  reject(status: number): void {
    this.status ??= status;
  }
  accept(): { notify(status: number): void } {
    this.status ??= 202;
    return {
      notify: (status) => {
        if ((this.notified.at(-1) ?? 0) < 200) this.notified.push(status);
      },
    };
  }
}

export class ScriptedInvite implements IncomingInvite {
  readonly callId: string = 'sip-call-id';
  readonly requestUri: string = 'sip:+18005550100@switch';
  readonly sdp = 'v=0 offer';
  readonly transport: SipTransport = 'udp';
  readonly sourceAddress: string = '127.0.0.1';
  readonly sourcePort = 5060;
  readonly dialog = new ScriptedDialog();
  readonly progressed: number[] = [];
  /** How often a 200 went out. */
  answers = 0;
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
    this.answers++;
    this.finals.push(200);
    return later({ ok: true, dialog: this.dialog });
  }
  relay(_route?: string, _headers?: Readonly<Record<string, string>>): Promise<void> {
    return Promise.resolve();
  }
  /** The caller gives up, as far as it still can. */
  cancel(): void {
    if (this.finals.length > 0) return;
    this.finals.push(487);
    this.#cancel?.();
  }
}

/** Milliseconds that each prompt of {@link CountingMedia} lasts. */
export const CLIP_MS = 100;
/** Milliseconds after which {@link CountingMedia} knows who answered. */
export const DETECTION_MS = 1_000;
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Media that agrees to everything and counts what is open. */
export class CountingMedia implements MediaEngine {
  readonly name = 'mediasoup';
  capabilities: ReadonlySet<MediaCapability> = new Set();
  /** What was begun to be played, to whom, in its order. */
  readonly played: { readonly leg: MediaLeg; readonly what: Sound | readonly Clip[] }[] = [];
  /** Prompts that there are not. */
  readonly missing = new Set<string>();
  /** Legs that hear a sound of ours now. */
  readonly playing = new Map<MediaLeg, { stop(): void }>();
  /** Recordings that have begun and not ended. */
  recordings = 0;
  /** Pairs that were bridged for good, in their order. */
  readonly bridged: (readonly [MediaLeg, MediaLeg])[] = [];
  legs = 0;
  sessions = 0;
  listener: MediaSessionListener | undefined;
  /** Legs that are gone though nobody has been told: they cannot be bridged. */
  readonly gone = new Set<MediaLeg>();
  /** Who answered, where that is to be found out. */
  finding: (leg: MediaLeg) => MachineFinding = () => ({ verdict: 'person', reason: 'short_greeting' });
  /** Called as two are being bridged. */
  onBridge: (a: MediaLeg, b: MediaLeg) => void = () => undefined;

  openSession(_callId: string, listener: MediaSessionListener): MediaSession {
    this.listener = listener;
    this.sessions++;
    const legs = new Set<MediaLeg>();
    const recorders = new Set<Recorder>();
    let open = true;
    return {
      createLeg: (role) => {
        this.legs++;
        let direction: ReturnType<MediaLeg['remoteDirection']> = 'sendrecv';
        const leg: MediaLeg = {
          role,
          createOffer: () => ({ ok: true, sdp: `offer to ${role}` }),
          applyAnswer: () => later({ ok: true, sdp: '' }),
          receiveOffer: (sdp) => {
            direction = (/\b(sendonly|recvonly|inactive)\b/.exec(sdp)?.[1] as typeof direction) ?? 'sendrecv';
            return { ok: true, sdp: '' };
          },
          createAnswer: () => later({ ok: true, sdp: `answer to ${role}` }),
          hold: () => undefined,
          remoteDirection: () => direction,
          stats: () => Promise.resolve(NO_STATS),
          close: () => {
            this.playing.get(leg)?.stop();
            if (legs.delete(leg)) this.legs--;
          },
        };
        legs.add(leg);
        return later(leg);
      },
      bridge: (a, b, { early = false } = {}) => {
        this.onBridge(a, b);
        for (const leg of [a, b]) this.playing.get(leg)?.stop();
        if (!early) this.bridged.push([a, b]);
        const gone = this.gone.has(a) || this.gone.has(b);
        return gone ? Promise.reject(new MediaUnavailable('a leg is gone')) : later(undefined);
      },
      unbridge: () => undefined,
      play: (leg, what) =>
        open && legs.has(leg)
          ? this.#play(leg, what)
          : Promise.reject(new MediaUnavailable('the leg is gone')),
      record: (sink) => {
        if (!open) return Promise.reject(new MediaUnavailable('the session is over'));
        const recorder = this.#record(sink);
        recorders.add(recorder);
        return Promise.resolve(recorder);
      },
      monitor: () => Promise.reject(new MediaUnavailable('nobody listens')),
      detectMachine: async (leg) => {
        await pass(DETECTION_MS);
        return legs.has(leg) ? this.finding(leg) : { verdict: 'unsure', reason: 'closed' };
      },
      lastMediaAt: () => undefined,
      close: () => {
        if (!open) return;
        open = false;
        this.sessions--;
        for (const recorder of recorders) void recorder.stop();
        for (const leg of [...legs]) leg.close();
      },
    };
  }

  #play(leg: MediaLeg, what: Sound | readonly Clip[]): Promise<Playing> {
    const lacks = typeof what !== 'string' && what.some((clip) => this.missing.has(String(clip)));
    if (lacks) return Promise.reject(new MediaUnavailable('there is no such prompt'));
    this.played.push({ leg, what });
    this.playing.get(leg)?.stop();
    let end: (how: 'end' | 'stopped') => void = () => undefined;
    const done = new Promise<'end' | 'stopped'>((resolve) => {
      const timer =
        typeof what === 'string' ? undefined : setTimeout(() => end('end'), what.length * CLIP_MS);
      end = (how) => {
        clearTimeout(timer);
        if (this.playing.get(leg) === handle) this.playing.delete(leg);
        resolve(how);
      };
    });
    const handle = { stop: () => end('stopped') };
    this.playing.set(leg, handle);
    return Promise.resolve({ ...handle, done });
  }

  #record(sink: RecordingSink): Recorder {
    this.recordings++;
    let open = true;
    const facts = { durationMs: 0, pausedMs: 0, lostMs: [0, 0] as const };
    sink.begin({ encoding: 'PCMU' });
    return {
      paused: false,
      pause: () => undefined,
      resume: () => undefined,
      stop: () => {
        if (open) {
          this.recordings--;
          sink.end(facts);
        }
        open = false;
        return Promise.resolve(facts);
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

/** No plans, and nothing is recorded: what most calls are. */
export const PLAIN_CALLS = {
  engineNamed: (): undefined => undefined,
  plans: {
    planOf: () => undefined,
    factsOf: ({ tags }) => ({ tags, score: undefined, attestation: undefined }),
    target: () => undefined,
    callback: () => Promise.resolve(false),
  } satisfies PlanDesk,
  recordings: {
    policyOf: () => undefined,
    open: () => ({ refused: 'no recordings are kept' }),
    mayMonitor: () => undefined,
  } satisfies RecordingDesk,
};

/** Limits in memory: refuses what is over, and counts what is held. */
export class MemoryCaps {
  readonly held = new Map<string, number>();

  /** What each call holds: taking or giving back twice changes nothing. */
  readonly #holdings = new Set<string>();

  async reserve(
    callId: string,
    limits: readonly CapLimit[],
  ): Promise<{ ok: true } | { ok: false; exhausted: string }> {
    await later(undefined);
    const wanted = limits.filter(({ key }) => !this.#holdings.has(`${callId}/${key}`));
    const full = wanted.find((limit) => (this.held.get(limit.key) ?? 0) >= limit.limit);
    if (full) return { ok: false, exhausted: full.key };
    for (const { key } of wanted) {
      this.#holdings.add(`${callId}/${key}`);
      this.held.set(key, (this.held.get(key) ?? 0) + 1);
    }
    return later({ ok: true as const });
  }
  release(callId: string, limits: readonly CapLimit[]): Promise<void> {
    for (const { key } of limits) {
      if (this.#holdings.delete(`${callId}/${key}`)) this.held.set(key, (this.held.get(key) ?? 0) - 1);
    }
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

/** A team of scripts. */
export interface TeamScript {
  /** For each agent, how many phones, and milliseconds until it is free; 0 = at once. */
  readonly agents: readonly { readonly phones: number; readonly freeAfter: number }[];
  /** One after the other, each for so many milliseconds; absent: all at once. */
  readonly ringMs?: number | undefined;
  /** Milliseconds that callers may wait; absent: no queue. */
  readonly maxWaitMs?: number | undefined;
}

type AgentState = 'available' | 'ringing' | 'on_call' | 'after_call';

/** Agents in memory: phone `p` of agent `a` of team `t` is `sip:agent-t-a-p`. Refuses what cannot be. */
export class MemoryAgents implements AgentDesk {
  readonly states = new Map<string, AgentState>();
  readonly released: { readonly agentId: string; readonly why: AgentRelease }[] = [];
  readonly lostPhones: string[] = [];
  /** Places in queues that are held. */
  waiting = 0;
  readonly #startedAt = Date.now();

  constructor(private readonly team: (id: string) => TeamScript | undefined = () => undefined) {}

  claim({ group, tried }: AgentRequest): Promise<AgentClaim> {
    const team = this.team(group.id);
    const untried = (team?.agents ?? [])
      .map((agent, index) => ({ ...agent, agentId: `${group.id}-${index}` }))
      .filter(({ agentId }) => !tried.has(agentId));
    const free = untried.filter(
      ({ agentId, freeAfter }) =>
        (this.states.get(agentId) ?? 'available') === 'available' && this.#now() >= freeAfter,
    );
    const taken = team?.ringMs === undefined ? free : free.slice(0, 1);
    for (const { agentId } of taken) this.states.set(agentId, 'ringing');
    if (taken.length === 0) return later({ kind: untried.length === 0 ? 'nobody' : 'busy' });
    const agents = taken.map(({ agentId, phones }) => ({
      agentId,
      contacts: Array.from({ length: phones }, (_, phone) => ({
        agentId,
        binding: bindingOf({ agentId, key: `${phone}` }),
        uri: `sip:agent-${agentId}-${phone}`,
        route: undefined,
        webrtc: true,
      })),
    }));
    return later({ kind: 'agents', agents, ringMs: team?.ringMs });
  }
  release(_callId: string, agentId: string, why: AgentRelease): void {
    const state = this.states.get(agentId);
    if (state !== 'ringing' && state !== 'on_call') throw new Error(`${agentId} is ${state}, not claimed`);
    this.states.set(agentId, 'available');
    this.released.push({ agentId, why });
  }
  answered(_callId: string, agentId: string): void {
    this.#become(agentId, 'ringing', 'on_call');
  }
  phonesOf(agentId: string): Promise<readonly AgentContact[]> {
    const uri = `sip:agent-${agentId}-0`;
    const binding = bindingOf({ agentId, key: '0' });
    return later([{ agentId, binding, uri, route: undefined, webrtc: true }]);
  }
  /** Where agents' calls are that are no calls of this node. */
  readonly elsewhere = new Map<string, { callId: string; nodeId: string }>();
  callOf(agentId: string): Promise<{ callId: string; nodeId: string } | undefined> {
    return later(this.elsewhere.get(agentId));
  }
  ended(_callId: string, agentId: string): void {
    this.#become(agentId, 'on_call', 'after_call');
  }
  lost({ uri }: { uri: string }): void {
    this.lostPhones.push(uri);
  }
  queue({ group }: AgentRequest): Promise<QueuePlace | undefined> {
    const team = this.team(group.id);
    if (team?.maxWaitMs === undefined) return later(undefined);
    this.waiting++;
    let left = false;
    return later({
      position: 1,
      maxWaitMs: team.maxWaitMs,
      onPosition: () => undefined,
      turn: () => new Promise((resolve) => setTimeout(resolve, 100)),
      leave: () => {
        if (!left) this.waiting--;
        left = true;
      },
    });
  }

  #now(): number {
    return Date.now() - this.#startedAt;
  }

  #become(agentId: string, from: AgentState, to: AgentState): void {
    if (this.states.get(agentId) !== from) {
      throw new Error(`${agentId} is ${this.states.get(agentId)}, cannot be ${to}`);
    }
    this.states.set(agentId, to);
  }
}

export class Journal {
  readonly ended_: CallEndedRecord[] = [];
  readonly answered_: string[] = [];
  readonly events: CallEvent[] = [];
  readonly attended_: string[] = [];
  decided(): void {}
  attended(record: { callId: string }): void {
    this.attended_.push(record.callId);
  }
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
    card: ({ callId }) => ({ callId, campaign: 'Campaign' }),
    connected: () => undefined,
    charge: () => ({ converted: true, revenue: 10_000_000 }),
    ...over,
  };
}
