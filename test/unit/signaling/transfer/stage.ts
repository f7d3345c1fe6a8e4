import type { Agent, MediaCapability, Target, Team } from '../../../../src/domain';
import type {
  MediaLeg,
  MediaSession,
  MediaSessionListener,
  Monitoring,
  MonitorMode,
  Sound,
} from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import { CallSession } from '../../../../src/signaling/call-session';
import type { BuyerDirectory } from '../../../../src/signaling/transfer/place';
import { findPlace, placeNamed } from '../../../../src/signaling/transfer/place';
import type { IncomingInvite } from '../../../../src/signaling/sip/sip-stack';
import type { ScriptedDialog } from '../fakes';
import {
  ATTEMPT,
  CountingMedia,
  deskOf,
  Journal,
  MemoryAgents,
  MemoryCaps,
  MemoryFunds,
  ringTarget,
  ScriptedInvite,
  ScriptedStack,
  sold,
  TRUNK,
  PLAIN_CALLS,
} from '../fakes';

export function agentOf(username: string, buyerId: string): Agent {
  return {
    id: `agent-${username}`,
    buyerId,
    name: username,
    username,
    status: 'active',
    skills: undefined,
    maxContacts: 3,
    wrapUpMs: 0,
  };
}

export function teamOf(id: string, buyerId: string): Team {
  return {
    id,
    buyerId,
    name: id,
    status: 'active',
    agentIds: [],
    distribution: 'simultaneous',
    ringMs: 20_000,
    queue: undefined,
  };
}

export function targetOf(id: string, buyerId: string, kind: Target['kind'], uri: string): Target {
  return {
    id,
    buyerId,
    name: id,
    status: 'active',
    kind,
    uri,
    caps: {},
    settings: undefined,
    skills: undefined,
    costPerMinute: 0,
    pausedUntil: undefined,
  };
}

export function directoryOf(
  agents: readonly Agent[],
  teams: readonly Team[],
  targets: readonly Target[],
): BuyerDirectory {
  return {
    agent: (id) => agents.find((agent) => agent.id === id),
    agentByUsername: (username) => agents.find((agent) => agent.username === username),
    team: (id) => teams.find((team) => team.id === id),
    target: (id) => targets.find((target) => target.id === id),
    targetsOfBuyer: (buyerId) => targets.filter((target) => target.buyerId === buyerId),
  };
}

/** What a phone does when it rings. */
export type PhoneAct =
  | { readonly kind: 'answer'; readonly after: number }
  | { readonly kind: 'ring_answer'; readonly after: number; readonly answerAfter: number }
  | { readonly kind: 'fail'; readonly after: number; readonly status: number }
  | { readonly kind: 'silent' };

/** The colleague, the hall phone, and whoever is rung back. */
export interface Phones {
  readonly colleague: PhoneAct;
  readonly hall?: PhoneAct;
  readonly back?: PhoneAct;
}

/** The agent who has the call, by the names that {@link MemoryAgents} gives. */
export const AGENT = 'desk-0';
export const COLLEAGUE = 'agent-bob-0';
export const TO_COLLEAGUE = '<sip:bob@dce.invalid>';
export const TO_HALL = '<sip:hall@192.0.2.7>';
const RING_MS = 1_000;

/** A second INVITE of the agent's, to a colleague. */
export class ConsultInvite extends ScriptedInvite {
  override readonly callId = 'consult-call-id';
  override readonly requestUri: string = 'sip:bob@dce.invalid';
  override header(name?: string): string | undefined {
    return name === 'From' ? `<sip:ann@dce.invalid>;tag=${this.dialog.id.remoteTag}` : undefined;
  }
  /** The Refer-To that hands the call to whom this asks. */
  get referTo(): string {
    const { localTag, remoteTag } = this.dialog.id;
    const replaces = `${this.callId};to-tag=${localTag};from-tag=${remoteTag}`;
    return `<sip:bob@dce.invalid?Replaces=${encodeURIComponent(replaces)}>`;
  }
}

/** Media that remembers what the caller hears. */
class ListeningMedia extends CountingMedia {
  override readonly capabilities = new Set<MediaCapability>(['monitor']);
  /** Legs in the order in which they were made, the caller's first. */
  readonly made: MediaLeg[] = [];
  /** The leg that the caller is bridged with, or music. */
  callerHears: MediaLeg | 'hold' | undefined;
  /** Called as a leg begins to hear a sound; what it returns as it hears it no more. */
  onPlay: (leg: MediaLeg, sound: Sound) => () => void = () => () => undefined;
  /** Legs that may break without the caller's call. */
  readonly apart = new Set<MediaLeg>();
  /** Who listens, and how; it ends with each new pair of legs that is bridged. */
  listens: MonitorMode | undefined;
  /** Every way in which somebody began to listen. */
  readonly listened: MonitorMode[] = [];

  override openSession(callId: string, listener: MediaSessionListener): MediaSession {
    const session = super.openSession(callId, listener);
    return {
      ...session,
      createLeg: async (role, hints) => {
        const leg = await session.createLeg(role, hints);
        this.made.push(leg);
        return leg;
      },
      bridge: async (a, b) => {
        await session.bridge(a, b);
        if (a.role === 'caller') {
          if (b !== this.callerHears) this.#endMonitoring();
          this.callerHears = b;
        }
        this.apart.delete(b);
      },
      unbridge: (leg) => {
        this.apart.add(leg);
        if (leg.role === 'caller' || leg === this.callerHears) this.#endMonitoring();
      },
      monitor: (leg, mode) => this.#monitor(leg, mode),
      play: async (leg, sound) => {
        if (typeof sound !== 'string') return session.play(leg, sound);
        const stop = this.onPlay(leg, sound);
        if (leg.role === 'caller' && sound === 'hold') this.callerHears = 'hold';
        return Promise.resolve({ stop, done: new Promise(() => undefined) });
      },
    };
  }

  #over: (() => void) | undefined;

  #endMonitoring(): void {
    this.#over?.();
  }

  #monitor(leg: MediaLeg, mode: MonitorMode): Promise<Monitoring> {
    const talks = this.callerHears !== undefined && this.callerHears !== 'hold';
    if (leg.role !== 'supervisor' || !talks || this.gone.has(leg)) {
      return Promise.reject(new MediaUnavailable('the two do not talk'));
    }
    this.#over?.();
    let over = false;
    this.listened.push(mode);
    this.listens = mode;
    this.#over = () => {
      over = true;
      this.listens = undefined;
      this.#over = undefined;
    };
    return Promise.resolve({
      mode,
      change: (to) => {
        if (over) return Promise.reject(new MediaUnavailable('nobody listens any more'));
        this.listens = to;
        return Promise.resolve();
      },
      stop: () => {
        if (!over) this.#over?.();
      },
    });
  }
}

/** A call that an agent of a buyer has answered, on a scripted stage with timers of the test's own. */
export class TransferStage {
  readonly journal = new Journal();
  readonly media = new ListeningMedia();
  readonly caps = new MemoryCaps();
  readonly funds = new MemoryFunds(() => ({ covers: true, after: 0 }));
  readonly agents = new MemoryAgents(() => ({ agents: [{ phones: 1, freeAfter: 0 }] }));
  readonly bugs: unknown[] = [];
  /** Why nobody may listen in. */
  unlawful: string | undefined;
  readonly invite = new ScriptedInvite();
  readonly stack: ScriptedStack;
  readonly session: CallSession;
  /** What each URI's dialog is, once its phone answered. */
  readonly answered = new Map<string, ScriptedDialog>();
  finished = 0;

  private constructor(phones: Phones) {
    this.stack = new ScriptedStack((uri, listener, stack) => {
      const answer = (): void => {
        const dialog = stack.dialog();
        this.answered.set(uri, dialog);
        listener.onAnswer(dialog);
      };
      const act = this.#actOf(uri, phones);
      if (act.kind === 'answer') setTimeout(answer, act.after);
      else if (act.kind === 'fail') setTimeout(() => listener.onFailure(act.status, 'scripted'), act.after);
      else if (act.kind === 'ring_answer') {
        setTimeout(() => {
          listener.onProgress(180, undefined);
          setTimeout(answer, act.answerAfter);
        }, act.after);
      }
    });
    const target = {
      ...ringTarget(0),
      kind: 'softphone' as const,
      uri: 'team:desk',
      ringTimeoutMs: RING_MS,
      hold: 10_000_000 as never,
    };
    const people = directoryOf(
      [agentOf('bob', target.buyerId), { ...agentOf('ann', target.buyerId), id: AGENT }],
      [],
      [targetOf('hall', target.buyerId, 'sip', 'sip:hall@192.0.2.7')],
    );
    this.session = new CallSession(
      {
        stack: this.stack,
        responseTimeoutMs: undefined,
        media: this.media,
        ...PLAIN_CALLS,
        recordings: { ...PLAIN_CALLS.recordings, mayMonitor: () => this.unlawful },
        caps: this.caps,
        funds: this.funds,
        agents: this.agents,
        recorder: this.journal,
        observer: this.journal,
        clock: { now: () => Date.now(), monotonic: () => Date.now() },
        desk: deskOf(() => sold([target])),
        findPlace: (uri, buyerId) => findPlace(uri, buyerId, 'dce.invalid', people),
        placeNamed: (to, buyerId) => placeNamed(to, buyerId, people),
        onBug: (error) => this.bugs.push(error),
      },
      this.invite,
      ATTEMPT,
      TRUNK,
      () => this.finished++,
    );
  }

  /** Needs fake timers. */
  static async open(phones: Phones): Promise<TransferStage> {
    const stage = new TransferStage(phones);
    void stage.session.run();
    await stage.pass(400);
    if (stage.session.state !== 'answered') throw new Error('the agent has not answered');
    return stage;
  }

  /** The dialog of the agent who answered first. */
  get agent(): ScriptedDialog {
    return this.#dialogOf(`sip:agent-${AGENT}-0`);
  }
  get colleague(): ScriptedDialog {
    return this.#dialogOf(`sip:agent-${COLLEAGUE}-0`);
  }
  get hall(): ScriptedDialog {
    return this.#dialogOf('sip:hall@192.0.2.7');
  }
  get caller(): ScriptedDialog {
    return this.invite.dialog;
  }

  consult(): ConsultInvite {
    const invite = new ConsultInvite();
    this.session.consult(invite as IncomingInvite);
    return invite;
  }

  /** A phone holds or resumes. */
  async offer(dialog: ScriptedDialog, direction: 'sendonly' | 'inactive' | 'sendrecv'): Promise<void> {
    if (!dialog.ended) void dialog.handlers?.onOffer(`v=0 a=${direction}`);
    // What takes the offer answers it a step later.
    await this.pass(20);
  }

  async pass(milliseconds: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(milliseconds);
  }

  /** Ends the call if nobody has, and lets everything settle. */
  async close(): Promise<void> {
    this.caller.peerBye();
    await this.pass(10_000);
  }

  #dialogOf(uri: string): ScriptedDialog {
    const dialog = this.answered.get(uri);
    if (!dialog) throw new Error(`${uri} has not answered; rung: ${this.stack.rung.join(', ')}`);
    return dialog;
  }

  #actOf(uri: string, phones: Phones): PhoneAct {
    if (uri === `sip:agent-${AGENT}-0`) {
      const again = this.stack.rung.filter((rung) => rung === uri).length > 1;
      return again ? (phones.back ?? { kind: 'silent' }) : { kind: 'answer', after: 5 };
    }
    return uri === 'sip:hall@192.0.2.7' ? (phones.hall ?? { kind: 'silent' }) : phones.colleague;
  }
}
