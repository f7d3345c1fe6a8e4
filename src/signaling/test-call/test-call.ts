import type {
  AgentGroup,
  Clock,
  E164,
  TestCallAttempt,
  TestCallAudio,
  TestCallOutcome,
  TestCallStanding,
  TestCallState,
} from '../../domain';
import { agentGroupOf, TEST_CALL_OUTCOMES } from '../../domain';
import type { LegStats, MediaEngine, MediaLeg, MediaSession } from '../../media';
import { MediaUnavailable } from '../../media';
import { collectMediaStats } from '../call-figures';
import { Ladder } from '../ladder/ladder';
import { RecordedStack } from '../ladder/recorded-stack';
import { MidCall } from '../mid-call';
import type { RingAttempt } from '../ports';
import type { Presentation, Ringing, RingResult, RingServices } from '../ringing';
import { RingingAgents } from '../ringing-agents';
import { RingingTarget } from '../ringing-target';
import { CANCEL_REASONS } from '../sip-status';
import type { DialogHandlers } from '../sip/sip-stack';

/** A target that a test call rings. */
export interface TestCallTarget {
  readonly targetId: string;
  readonly buyerId: string;
  readonly uri: string;
  readonly skills?: readonly string[] | undefined;
  readonly ringTimeoutMs: number;
}

/** What a test call is to do. */
export interface TestCallOrder {
  readonly id: string;
  /** Rung one after the other, until one answers. */
  readonly plan: readonly TestCallTarget[];
  /** Whom the target sees calling; absent: nobody who is known. */
  readonly from?: E164 | undefined;
  /** Milliseconds for which it rings in all, waiting for agents included. */
  readonly ringMs: number;
  /** Milliseconds after which it hangs up on whoever answered. */
  readonly talkMs: number;
}

export interface TestCallServices extends RingServices {
  readonly media: MediaEngine;
  readonly clock: Clock;
  onBug(error: unknown, callId: string): void;
}

type Answered = Extract<RingResult, { kind: 'answered' }>;

/**
 * A call that this exchange makes by itself, to prove that a target answers: the INVITE, the audio and the phones
 * are those of calls that are sold, and nothing else is. There is no caller, no sale, no limit that it counts in and
 * no record of a call: it lies beside the switchboard, whose calls alone are billed.
 */
export class TestCall {
  readonly id: string;
  /** Resolves when everything it held is given back; never rejects. */
  readonly over: Promise<void>;
  readonly #services: TestCallServices;
  readonly #order: TestCallOrder;
  readonly #onChange: () => void;
  readonly #ladder: Ladder;
  readonly #attempts: TestCallAttempt[] = [];
  #resolve: () => void = () => undefined;
  #state: TestCallState = 'queued';
  #outcome: TestCallOutcome | null = null;
  #detail = '';
  #sipStatus = 0;
  #calledAt: number | null = null;
  #ringingAt: number | null = null;
  #answeredAt: number | null = null;
  #endedAt: number | null = null;
  #audio: TestCallAudio | null = null;
  #media: MediaSession | undefined;
  #ringing: Ringing | undefined;
  /** What kept it from being rung, where that was here. */
  #trouble: string | undefined;
  /** The target in hand that nothing came of yet, and since when: UTC, and monotonic. */
  #target: TestCallTarget | undefined;
  #since = { at: 0, mono: 0 };
  /** What the target described before it answered: its answer need not say it again (RFC 3261 §13.2.1). */
  #early = '';
  #answered: Answered | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Said once, by whoever comes first. */
  #ending = false;

  /** @param onChange - told after each change of {@link standing} */
  constructor(services: TestCallServices, order: TestCallOrder, onChange: () => void) {
    this.id = order.id;
    this.#ladder = new Ladder(() => services.clock.now());
    this.#services = { ...services, stack: new RecordedStack(services.stack, this.#ladder) };
    this.#order = order;
    this.#onChange = onChange;
    this.over = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get standing(): TestCallStanding {
    const over = this.#state === 'ended';
    return {
      state: this.#state,
      // It is told with all that belongs to it: what was heard is counted last.
      outcome: over ? this.#outcome : null,
      sipStatus: this.#sipStatus,
      detail: this.#detail,
      calledAt: this.#calledAt,
      ringingAt: this.#ringingAt,
      answeredAt: this.#answeredAt,
      endedAt: over ? this.#endedAt : null,
      attempts: [...this.#attempts],
      audio: this.#audio,
      ladder: this.#ladder.entries,
    };
  }

  /** Rings. Resolves when it rings no more: answered, or ended. Never rejects. */
  async run(): Promise<void> {
    const { media, clock, onBug } = this.#services;
    try {
      this.#media = media.openSession(this.id, {
        onMediaLost: (reason) => this.#lost(`its audio is gone: ${reason}`),
        // It is bridged to nobody, so that nothing is due from it.
        onRtpTimeout: () => undefined,
      });
      const until = clock.monotonic() + this.#order.ringMs;
      for (const target of this.#order.plan) {
        const leftMs = until - clock.monotonic();
        if (this.#ending || leftMs <= 0) break;
        const result = await this.#ring(target, leftMs);
        if (this.#isEnding) return this.#tooLate(result);
        if (result.kind === 'answered') return await this.#talk(result, target);
        if (result.kind === 'failed') {
          this.#note(target, outcomeOf(result.outcome), result.sipStatus, result.agentId);
        }
      }
      const failed = this.#attempts.at(-1);
      this.#end(
        failed?.outcome ?? 'failed',
        this.#trouble ?? (failed ? 'nobody took it' : 'nobody to be rung'),
      );
    } catch (error) {
      onBug(error, this.id);
      this.#end('failed', 'internal error');
    }
  }

  /** Ends it from outside. */
  hangUp(detail: string): void {
    this.#end(this.#answeredAt === null ? 'canceled' : 'answered', detail);
  }

  #ring(target: TestCallTarget, leftMs: number): Promise<RingResult> {
    this.#target = target;
    this.#since = { at: this.#services.clock.now(), mono: this.#services.clock.monotonic() };
    this.#calledAt ??= this.#since.at;
    this.#early = '';
    this.#become('calling');
    const ringTimeoutMs = Math.min(target.ringTimeoutMs, leftMs);
    const group = agentGroupOf(target.uri);
    return group
      ? this.#ringAgents(target, group, ringTimeoutMs, leftMs)
      : this.#ringAddress(target, ringTimeoutMs);
  }

  async #ringAddress({ uri }: TestCallTarget, ringTimeoutMs: number): Promise<RingResult> {
    const leg = await this.#session.createLeg('buyer').catch(() => undefined);
    if (this.#ending) {
      leg?.close();
      return { kind: 'stopped' };
    }
    const offer = leg?.createOffer();
    if (!leg || !offer?.ok) {
      leg?.close();
      this.#trouble = leg ? 'the media engine has nothing to offer' : 'the media engine has no room';
      return { kind: 'failed', outcome: 'failed', sipStatus: leg ? 488 : 503 };
    }
    const { callingNumber, headers } = this.#presentation();
    this.#ringing = new RingingTarget(this.#services, leg, {
      ...{ uri, ringTimeoutMs },
      invite: { sdp: offer.sdp, callingNumber, headers },
      onProgress: (_status, sdp) => {
        this.#early = sdp ?? this.#early;
        this.#rings();
      },
    });
    return this.#ringing.result;
  }

  #ringAgents(
    { buyerId, skills = [] }: TestCallTarget,
    group: AgentGroup,
    ringTimeoutMs: number,
    maxWaitMs: number,
  ): Promise<RingResult> {
    const media = this.#session;
    const { callingNumber, headers } = this.#presentation();
    const card = { callId: this.id, campaign: 'Test call' };
    const told = { ...headers, 'X-DCE-Card': Buffer.from(JSON.stringify(card)).toString('base64url') };
    const order = {
      ...{ buyerId, group, skills, ringTimeoutMs, maxWaitMs },
      presentation: { callingNumber, headers: told },
      onRinging: () => this.#rings(),
      onQueued: (position: number) => this.#say(`waits for an agent at place ${position}`),
      onQueueLeft: () => this.#say(''),
    };
    this.#ringing = new RingingAgents(
      this.#services,
      { callId: this.id, media },
      order,
      this.#services.clock,
    );
    return this.#ringing.result;
  }

  /** A phone that wants to know can tell a test call. */
  #presentation(): Presentation {
    const headers = { 'X-DCE-Call-ID': this.id, 'X-DCE-Test-Call': 'yes' };
    const { from } = this.#order;
    return { callingNumber: from?.replace(/^\+/, '') ?? 'anonymous', headers };
  }

  async #talk(answered: Answered, target: TestCallTarget): Promise<void> {
    const { dialog, leg } = answered;
    this.#answered = answered;
    new MidCall(this.#services.onBug, this.id).attach('buyer', dialog, leg, (cause) => this.#hungUp(cause));
    const accepted = await leg.applyAnswer(dialog.remoteSdp || this.#early);
    if (this.#isEnding) return;
    if (!accepted.ok) {
      this.#note(target, 'failed', 200, answered.agentId);
      return this.#end('failed', `its description cannot be used: ${accepted.reason}`);
    }
    this.#note(target, 'answered', 200, answered.agentId);
    this.#answeredAt = this.#services.clock.now();
    this.#timer = setTimeout(() => this.#end('answered', 'its time is over'), this.#order.talkMs);
    this.#become('answered');
    await this.#session.play(leg, 'tone').catch((error: unknown) => {
      if (!(error instanceof MediaUnavailable)) throw error;
      this.#say('answered; the media engine plays no sound');
    });
  }

  /** The other side ended it, or is not there. */
  #hungUp(cause: Parameters<DialogHandlers['onEnd']>[0]): void {
    const detail = cause === 'bye' ? 'the target hung up' : 'the session timer ran out';
    this.#end(this.#answeredAt === null ? 'failed' : 'answered', detail);
  }

  #lost(detail: string): void {
    this.#end(this.#answeredAt === null ? 'failed' : 'answered', detail);
  }

  #rings(): void {
    if (this.#ending || this.#state !== 'calling') return;
    this.#ringingAt ??= this.#services.clock.now();
    this.#become('ringing');
  }

  #say(detail: string): void {
    if (this.#ending) return;
    this.#detail = detail;
    this.#onChange();
  }

  #become(state: TestCallState): void {
    this.#state = state;
    if (state !== 'ended') this.#detail = '';
    this.#onChange();
  }

  #note(
    { targetId }: TestCallTarget,
    outcome: TestCallAttempt['outcome'],
    sipStatus: number,
    agentId: string | undefined,
  ): void {
    this.#target = undefined;
    this.#sipStatus = sipStatus;
    this.#attempts.push({
      targetId,
      startedAt: this.#since.at,
      durationMs: Math.round(this.#services.clock.monotonic() - this.#since.mono),
      ...{ outcome, sipStatus },
      ...(agentId === undefined ? {} : { agentId }),
    });
  }

  /** Somebody answered in the instant in which it was given up. */
  #tooLate(result: RingResult): void {
    if (result.kind !== 'answered') return;
    result.dialog.bye(CANCEL_REASONS.callEnded);
    result.leg.close();
    if (result.agentId !== undefined) {
      this.#services.agents.release(this.id, result.agentId, 'caller_gone');
    }
  }

  /** The one way out. */
  #end(outcome: TestCallOutcome, detail: string): void {
    if (this.#ending) return;
    this.#ending = true;
    clearTimeout(this.#timer);
    this.#ringing?.stop(CANCEL_REASONS.callEnded);
    this.#outcome = outcome;
    this.#detail = detail;
    this.#endedAt = this.#services.clock.now();
    if (outcome === 'canceled' && this.#target) this.#note(this.#target, outcome, 487, undefined);
    this.#answered?.dialog.bye();
    void this.#conclude();
  }

  async #conclude(): Promise<void> {
    const { agents, onBug } = this.#services;
    try {
      const { agentId, leg } = this.#answered ?? {};
      if (agentId !== undefined) {
        if (this.#answeredAt === null) agents.release(this.id, agentId, 'failed');
        else agents.ended(this.id, agentId);
      }
      this.#audio = await heardOf(this.#answeredAt === null ? undefined : leg);
    } catch (error) {
      onBug(error, this.id);
    } finally {
      this.#media?.close();
      this.#become('ended');
      this.#resolve();
    }
  }

  get #session(): MediaSession {
    if (!this.#media) throw new Error('a test call without media');
    return this.#media;
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isEnding(): boolean {
    return this.#ending;
  }
}

async function heardOf(leg: MediaLeg | undefined): Promise<TestCallAudio | null> {
  const stats: LegStats | undefined = (await collectMediaStats(undefined, leg))?.['buyer'];
  if (!stats) return null;
  const { codec, packetsReceived, packetsSent, packetsLost, jitterMs, lossPercent, mos } = stats;
  return {
    ...{ codec: codec ?? null, packetsReceived, packetsSent, packetsLost, jitterMs },
    ...(lossPercent === undefined ? {} : { lossPercent }),
    ...(mos === undefined ? {} : { mos }),
  };
}

/** Test calls take neither caps nor money: what is said of those is not said of them. */
function outcomeOf(outcome: RingAttempt['outcome']): TestCallOutcome {
  return TEST_CALL_OUTCOMES.find((known) => known === outcome) ?? 'failed';
}
