import type { CallAttempt, Decision, Micros, RingTarget } from '../../../../src/domain';
import { MEDIA_CAPABILITIES } from '../../../../src/domain';
import type { Plan } from '../../../../src/dialplan';
import { planSchema } from '../../../../src/dialplan';
import type { MachineFinding, MediaLeg } from '../../../../src/media';
import type { CallbackRequest, RecordingRequest } from '../../../../src/signaling/ports';
import { CallSession } from '../../../../src/signaling/call-session';
import {
  ATTEMPT,
  CountingMedia,
  deskOf,
  Journal,
  MemoryAgents,
  MemoryCaps,
  MemoryFunds,
  PLAIN_CALLS,
  ringTarget,
  ScriptedInvite,
  ScriptedStack,
  sold,
  TRUNK,
} from '../fakes';
import type { ScriptedDialog } from '../fakes';

/** What a buyer who is rung does, and the phone of whoever answers. */
export type BuyerAct =
  /** `key` is pressed so long after the answer; absent: nothing is. */
  | {
      kind: 'answer';
      after: number;
      key?: { after: number; key: string } | undefined;
      hangupAfter?: number | undefined;
    }
  | { kind: 'fail'; after: number; status: number }
  | { kind: 'silent' };

/** A call that goes by a plan, and what people do in it. Times are milliseconds from its INVITE. */
export interface PlanPlay {
  readonly plan: Plan | undefined;
  readonly buyers: readonly BuyerAct[];
  /** Keys of the caller; by INFO, or as its media tells them. */
  readonly keys?: readonly { readonly at: number; readonly key: string; readonly info?: boolean }[];
  readonly decide?: (attempt: CallAttempt) => Decision;
  readonly missing?: readonly string[];
  readonly wallets?: boolean;
  /** Every buyer is a team of one agent. */
  readonly teams?: boolean;
  readonly sharedLimit?: boolean;
  /** Everybody who is rung is reached over a carrier's trunk, `out`. */
  readonly trunk?: boolean;
  readonly cancelAt?: number | undefined;
  readonly byeAt?: number | undefined;
  readonly endAt?: { readonly at: number; readonly by: 'admin' | 'drain' | 'media' } | undefined;
  /** What is found out of whoever answered, one after the other; a person by default. */
  readonly findings?: readonly MachineFinding[];
  readonly callbacks?: boolean;
  readonly policy?: { readonly announce: string | undefined };
  /** No capability at all: its plan cannot be carried out. */
  readonly unable?: boolean;
  /** How often what a plan may ask of the call cannot be found out. */
  readonly brokenFacts?: number;
  readonly untilMs?: number;
}

const STEP_MS = 10;
const PERSON: MachineFinding = { verdict: 'person', reason: 'short_greeting' };

export const planOf = (plan: object): Plan => planSchema.parse({ dialplan: 1, name: 'any', ...plan });

/** Runs one call to its end on a scripted stage, and gives what is left. */
export async function playPlan(script: PlanPlay) {
  const journal = new Journal();
  const media = new CountingMedia();
  media.capabilities = new Set(script.unable === true ? [] : MEDIA_CAPABILITIES);
  for (const prompt of script.missing ?? []) media.missing.add(prompt);
  const found: MediaLeg[] = [];
  media.finding = (leg) => script.findings?.[found.push(leg) - 1] ?? PERSON;
  const caps = new MemoryCaps();
  const funds = new MemoryFunds(() => undefined);
  const bugs: unknown[] = [];
  const callbacks: CallbackRequest[] = [];
  const recordings: RecordingRequest[] = [];
  const auctioned: CallAttempt[] = [];
  const shared = {
    key: 'buyers:concurrent',
    counter: 'concurrent',
    limit: 99,
    amount: 1,
    resetsAt: 0,
  } as const;
  const targets: RingTarget[] = script.buyers.map((_, index) => {
    const target = ringTarget(index);
    return {
      ...target,
      ...(script.teams === true ? { kind: 'softphone' as const, uri: `team:${index}` } : {}),
      ...(script.trunk === true ? { trunkId: 'out', uri: `sip:+44207946095-${index}` } : {}),
      ...(script.wallets === true ? { hold: 10_000_000 as Micros } : {}),
      reservations: script.sharedLimit === true ? [...target.reservations, shared] : target.reservations,
    };
  });
  const elsewhere =
    script.trunk === true ? { trunkId: 'out', uri: 'sip:+442079460960' } : { uri: 'sip:elsewhere' };
  const started = Date.now();
  /** Who answered, by dialog, with what their phone does next. */
  const answered: { readonly dialog: ScriptedDialog; readonly act: BuyerAct; readonly at: number }[] = [];
  const stack = new ScriptedStack((uri, listener, stage) => {
    const act = uri === elsewhere.uri ? ANSWERS : script.buyers[Number(uri.split('-')[1])];
    if (!act || act.kind === 'silent') return;
    setTimeout(() => {
      if (act.kind === 'fail') listener.onFailure(act.status, 'scripted');
      else {
        const dialog = stage.dialog();
        answered.push({ dialog, act, at: Date.now() });
        listener.onAnswer(dialog);
      }
    }, act.after);
  });
  const invite = new ScriptedInvite();
  let finished = 0;
  let factsAsked = 0;
  const session = new CallSession(
    {
      stack,
      responseTimeoutMs: undefined,
      media,
      ...PLAIN_CALLS,
      plans: {
        planOf: () => script.plan && { plan: script.plan, version: 3 },
        factsOf: ({ tags }) =>
          factsAsked++ < (script.brokenFacts ?? 0)
            ? Promise.reject(new Error('no facts'))
            : Promise.resolve({ tags, score: 0.5, attestation: undefined }),
        target: (_attempt, targetId) =>
          targetId === 'elsewhere'
            ? { ...ringTarget(9), targetId, ...elsewhere, reservations: [] }
            : undefined,
        callback: (request) => {
          callbacks.push(request);
          return Promise.resolve(script.callbacks !== false);
        },
      },
      recordings: {
        ...PLAIN_CALLS.recordings,
        policyOf: () => script.policy,
        open: (request) => {
          recordings.push(request);
          const sink = { begin: () => undefined, write: () => undefined, end: () => undefined };
          return { recordingId: `recording-${recordings.length}`, sink };
        },
      },
      caps,
      funds,
      agents: new MemoryAgents(() => ({ agents: [{ phones: 1, freeAfter: 0 }] })),
      recorder: journal,
      observer: journal,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      desk: deskOf((attempt) => {
        auctioned.push(attempt);
        return script.decide?.(attempt) ?? sold(targets);
      }),
      findPlace: () => ({ ok: false, status: 404 }),
      placeNamed: () => ({ ok: false, status: 404 }),
      onBug: (error) => bugs.push(error),
    },
    invite,
    ATTEMPT,
    TRUNK,
    () => finished++,
  );
  const running = session.run();
  const due = [...(script.keys ?? [])];
  const done = new Set<unknown>();
  const once = (what: unknown, isDue: boolean, act: () => void): void => {
    if (!isDue || done.has(what)) return;
    done.add(what);
    act();
  };
  const callerLeg = (): (typeof media.played)[number]['leg'] | undefined =>
    media.played.find(({ leg }) => leg.role === 'caller')?.leg ?? media.bridged[0]?.[0];
  for (let elapsed = 0; elapsed < (script.untilMs ?? 60_000) && finished === 0; elapsed += STEP_MS) {
    await jest.advanceTimersByTimeAsync(STEP_MS);
    const at = Date.now() - started;
    once('cancel', script.cancelAt !== undefined && at >= script.cancelAt, () => invite.cancel());
    once('bye', script.byeAt !== undefined && at >= script.byeAt, () => invite.dialog.peerBye());
    once('end', script.endAt !== undefined && at >= script.endAt.at, () => {
      if (script.endAt?.by === 'admin') session.end('admin_hangup', 'by an admin');
      else if (script.endAt?.by === 'drain') session.end('shutdown', 'the node is going down');
      else media.listener?.onMediaLost('worker died');
    });
    for (const press of due) {
      once(press, at >= press.at, () => {
        const leg = callerLeg();
        if (press.info === true) {
          void invite.dialog.handlers?.onRequest(
            'INFO',
            'application/dtmf-relay',
            `Signal=${press.key}\r\nDuration=100\r\n`,
          );
        } else if (leg) media.listener?.onDigit?.(leg, press.key, 100);
      });
    }
    for (const { dialog, act, at: since } of answered) {
      if (act.kind !== 'answer') continue;
      const { key, hangupAfter } = act;
      once(key && dialog, key !== undefined && Date.now() >= since + key.after, () => {
        void dialog.handlers?.onRequest('INFO', 'application/dtmf', key?.key ?? '');
      });
      once(dialog.id, hangupAfter !== undefined && Date.now() >= since + hangupAfter, () => dialog.peerBye());
    }
  }
  const timedOut = finished === 0;
  if (timedOut) session.end('admin_hangup', 'the test is over');
  await jest.advanceTimersByTimeAsync(5_000);
  await running;
  const heardBy = (role: string): unknown[] =>
    media.played.filter(({ leg }) => leg.role === role).map(({ what }) => what);
  return {
    ...{ journal, media, caps, funds, bugs, stack, invite, session, finished, timedOut },
    ...{ callbacks, recordings, auctioned, found, heardBy, record: journal.ended_[0] },
    /** What went out to the caller in a plan's steps. */
    steps: journal.events.flatMap((event) => (event.type === 'call.plan_step' ? [event.step] : [])),
  };
}

const ANSWERS: BuyerAct = { kind: 'answer', after: 50, hangupAfter: 500 };
