import type { CapLimit, Decision, Micros } from '../../../src/domain';
import { CallSession } from '../../../src/signaling/call-session';
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
} from './fakes';
import type { TeamScript, WalletScript } from './fakes';

export type Act =
  | { kind: 'answer'; after: number }
  | { kind: 'fail'; after: number; status: number }
  | { kind: 'silent' }
  | { kind: 'trying'; after: number }
  | { kind: 'early'; after: number; answerAfter: number }
  /** What each phone of each agent does, in order. */
  | { kind: 'team'; team: TeamScript; phones: PhoneAct[] };

export type PhoneAct = Exclude<Act, { kind: 'team' }>;

export interface Play {
  /** Milliseconds the decision takes; absent: it is there at once. */
  decideAfter?: number | undefined;
  /** Live bids whose buyers take their offer back when asked again, after so many milliseconds. */
  takenBack?: Readonly<Record<number, number>> | undefined;
  /** Buyers whose wallets must cover the call. */
  wallets?: Readonly<Record<number, WalletScript>> | undefined;
  /** The seller's limit on calls: absent for none. */
  sourceLimit?: number | undefined;
  /** What happens as the first buyer who answered is being bridged. */
  whenBridged?: 'cancel' | 'buyer hangs up' | 'media is gone' | undefined;
  buyers: Act[];
  cancelAt: number | undefined;
  hangup: { by: 'caller' | 'buyer' | 'admin' | 'media' | 'wallet'; after: number };
}

const after = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const sellerLimit = (limit: number): CapLimit => ({
  key: 'seller:seller-1:concurrent',
  counter: 'concurrent',
  limit,
  amount: 1,
  resetsAt: 0,
});

/** Runs one call to its end on a scripted stage and returns what is left. */
export async function play(script: Play, limits: { exhausted?: number[]; responseTimeoutMs?: number } = {}) {
  const journal = new Journal();
  const media = new CountingMedia();
  const caps = new MemoryCaps();
  const funds = new MemoryFunds(({ targetId }) => script.wallets?.[Number(targetId.split('-')[1])]);
  const bugs: unknown[] = [];
  const plan = script.buyers.map((_, index) => ringTarget(index, limits.exhausted?.includes(index) ? 0 : 1));
  let abandoned = 0;
  const { sourceLimit } = script;
  const sale = sold(
    plan.map((target, index) => ({
      ...target,
      ...(script.buyers[index]?.kind === 'team' ? { kind: 'softphone' as const, uri: `team:${index}` } : {}),
      reference: script.takenBack?.[index] === undefined ? undefined : `offer-${index}`,
      hold: script.wallets?.[index] && (10_000_000 as Micros),
    })),
  );
  const decision: Decision =
    sale.ok && sourceLimit !== undefined ? { ...sale, sourceLimits: [sellerLimit(sourceLimit)] } : sale;
  const agents = new MemoryAgents((id) => {
    const buyer = script.buyers[Number(id)];
    return buyer?.kind === 'team' ? buyer.team : undefined;
  });
  const actOf = (uri: string): PhoneAct => {
    const [, index, agent, phone] = uri.split('-').map(Number);
    const act = script.buyers[index as number] as Act;
    if (act.kind !== 'team') return act;
    return act.phones[((agent as number) * 2 + (phone as number)) % act.phones.length] as PhoneAct;
  };
  const stack = new ScriptedStack((uri, listener, stage) => {
    const act = actOf(uri);
    if (act.kind === 'silent') return;
    setTimeout(() => {
      if (act.kind === 'trying') listener.onTrying();
      else if (act.kind === 'fail') listener.onFailure(act.status, 'scripted');
      else if (act.kind === 'answer') listener.onAnswer(stage.dialog());
      else {
        listener.onProgress(183, 'v=0 early');
        setTimeout(() => listener.onAnswer(stage.dialog()), act.answerAfter);
      }
    }, act.after);
  });
  const invite = new ScriptedInvite();
  let finished = 0;
  const session = new CallSession(
    {
      stack,
      responseTimeoutMs: limits.responseTimeoutMs,
      media,
      ...PLAIN_CALLS,
      caps,
      funds,
      agents,
      recorder: journal,
      observer: journal,
      clock: { now: () => Date.now(), monotonic: () => Date.now() },
      desk: deskOf(
        () => (script.decideAfter === undefined ? decision : after(script.decideAfter).then(() => decision)),
        {
          abandoned: () => abandoned++,
          confirm: (_attempt, { targetId }) => {
            const takenBack = script.takenBack?.[Number(targetId.split('-')[1])];
            return takenBack === undefined ? Promise.resolve(true) : after(takenBack).then(() => false);
          },
        },
      ),
      findPlace: () => ({ ok: false, status: 404 }),
      placeNamed: () => ({ ok: false, status: 404 }),
      onBug: (error) => bugs.push(error),
    },
    invite,
    ATTEMPT,
    TRUNK,
    () => finished++,
  );
  media.onBridge = (_caller, buyer) => {
    media.onBridge = () => undefined;
    if (script.whenBridged === 'cancel') invite.cancel();
    else if (script.whenBridged === 'buyer hangs up') stack.dialogs[0]?.peerBye();
    else if (script.whenBridged === 'media is gone') media.gone.add(buyer);
  };
  const running = session.run();
  // Before anything else has its turn: INVITE and CANCEL came in one packet.
  if (script.cancelAt === -1) invite.cancel();
  else if (script.cancelAt !== undefined) setTimeout(() => invite.cancel(), script.cancelAt);
  for (let elapsed = 0; elapsed < 30_000 && finished === 0; elapsed += 50) {
    await jest.advanceTimersByTimeAsync(50);
    if (session.state !== 'answered' || elapsed < script.hangup.after) continue;
    if (script.hangup.by === 'caller') invite.dialog.peerBye();
    // Not one whose answer came too late and was hung up at once.
    else if (script.hangup.by === 'buyer') stack.dialogs.find((dialog) => !dialog.ended)?.peerBye();
    else if (script.hangup.by === 'admin') session.end('admin_hangup', 'by an admin');
    else if (script.hangup.by === 'wallet') session.end('insufficient_funds', 'no more money');
    else media.listener?.onMediaLost('worker died');
  }
  await jest.advanceTimersByTimeAsync(5_000);
  await running;
  return { journal, media, caps, funds, agents, bugs, stack, invite, finished, session, abandoned };
}
