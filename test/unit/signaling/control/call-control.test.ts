import fc from 'fast-check';
import type { MediaLeg } from '../../../../src/media';
import { MediaUnavailable } from '../../../../src/media';
import type { CallCommand } from '../../../../src/signaling/control/command';
import type { PhoneAct, Phones } from '../transfer/stage';
import { AGENT, COLLEAGUE, TO_COLLEAGUE, TransferStage } from '../transfer/stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ANSWERS: PhoneAct = { kind: 'ring_answer', after: 20, answerAfter: 100 };
const BUSY: PhoneAct = { kind: 'fail', after: 50, status: 486 };
const TO_BOB: CallCommand = { kind: 'transfer', to: { kind: 'agent', id: 'agent-bob' } };
const PLAY: CallCommand = { kind: 'play', sound: 'tone', to: 'both', durationMs: 2_000 };

/** Whatever happened: the call is over, was sold once, and nothing of it is left. */
function expectNothingLeft(stage: TransferStage): void {
  expect(stage.bugs).toEqual([]);
  expect(stage.finished).toBe(1);
  expect(stage.journal.answered_).toHaveLength(1);
  expect(stage.journal.ended_).toHaveLength(1);
  expect(stage.media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  expect(stage.stack.dialogs.map(({ ended }) => ended)).not.toContain(false);
  expect([...stage.funds.states.values()]).toEqual(['settled']);
  expect([...stage.caps.held.values()]).toEqual([0]);
  expect(jest.getTimerCount()).toBe(0);
}

/** Directions in which each leg was told to hold. */
function watchHolds(stage: TransferStage): boolean[][] {
  return stage.media.made.slice(0, 2).map((leg) => {
    const told: boolean[] = [];
    (leg as { hold: MediaLeg['hold'] }).hold = (held) => told.push(held);
    return told;
  });
}

/** Joining the two again takes its time. */
async function unheld(stage: TransferStage): Promise<unknown> {
  const done = stage.session.control({ kind: 'unhold' });
  await stage.pass(100);
  return done;
}

describe('hold', () => {
  test('takes the two apart, lets both hear music, and tells both by re-INVITE', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    const holds = watchHolds(stage);
    const [caller, agent] = stage.media.made;
    expect(await stage.session.control({ kind: 'hold' })).toBeUndefined();
    expect([...stage.media.apart]).toEqual([caller]);
    expect(stage.media.callerHears).toBe('hold');
    expect(stage.session.live().held).toBe(true);
    expect(await stage.session.control({ kind: 'hold' })).toBeUndefined();
    await stage.pass(100);
    expect([stage.caller.offers.length, stage.agent.offers.length]).toEqual([1, 1]);
    expect(await unheld(stage)).toBeUndefined();
    expect(stage.media.callerHears).toBe(agent);
    expect(stage.session.live().held).toBe(false);
    expect(await unheld(stage)).toBeUndefined();
    expect(holds).toEqual([
      [true, false],
      [true, false],
    ]);
    expect([stage.caller.offers.length, stage.agent.offers.length]).toEqual([2, 2]);
    const told = stage.journal.events.map(({ type }) => type);
    expect(told.filter((type) => type === 'call.held' || type === 'call.resumed')).toEqual([
      'call.held',
      'call.resumed',
    ]);
    await stage.close();
    expectNothingLeft(stage);
    // The time on hold is part of the conversation: who pays for the line pays for that too.
    const [record] = stage.journal.ended_;
    expect(record?.connectedMs).toBe((record?.endedAt ?? 0) - (record?.answeredAt ?? 0));
  });

  test('waits for who offers something itself, and takes no for an answer', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    let busy = 2;
    stage.agent.onOffer = () =>
      Promise.resolve(busy-- > 0 ? { ok: false, status: 491 } : { ok: true, sdp: 'v=0 answer' });
    stage.caller.onOffer = () => Promise.resolve({ ok: false, status: 488 });
    await stage.session.control({ kind: 'hold' });
    await stage.pass(2_090);
    expect(stage.agent.offers).toHaveLength(1);
    await stage.pass(10_000);
    expect(stage.agent.offers).toHaveLength(3);
    expect(stage.caller.offers).toHaveLength(1);
    expect(stage.session.state).toBe('answered');
    await stage.close();
    expectNothingLeft(stage);
  });

  test('stands while a phone resumes, and lets nobody hand the call on', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    await stage.session.control({ kind: 'hold' });
    await stage.offer(stage.agent, 'sendonly');
    await stage.offer(stage.agent, 'sendrecv');
    expect(stage.media.callerHears).toBe('hold');
    expect(stage.agent.refer(TO_COLLEAGUE).status).toBe(491);
    expect(stage.consult().finals).toEqual([491]);
    expect(await stage.session.control(TO_BOB)).toBe('held');
    expect(await stage.session.control(PLAY)).toBe('held');
    stage.agent.peerBye();
    await stage.pass(100);
    expect(stage.journal.ended_[0]?.reason).toBe('buyer_hangup');
    await stage.close();
    expectNothingLeft(stage);
  });

  test('is over in time: a call that rings, is handed on or has ended cannot be held', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    stage.agent.refer(TO_COLLEAGUE);
    expect(await stage.session.control({ kind: 'hold' })).toBe('in_transfer');
    await stage.close();
    expect(await stage.session.control({ kind: 'hold' })).toBe('over');
    expectNothingLeft(stage);
  });
});

describe('a transfer', () => {
  test('hands the call to another agent, as the one who has it might', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    expect(await stage.session.control(TO_BOB)).toBeUndefined();
    expect(stage.media.callerHears).toBe('hold');
    expect(await stage.session.control(TO_BOB)).toBe('in_transfer');
    await stage.pass(500);
    expect(stage.agent.byes).toBe(1);
    expect(stage.session.agentId).toBe(COLLEAGUE);
    await stage.close();
    const [record] = stage.journal.ended_;
    expect(record).toMatchObject({
      sale: { agentId: AGENT },
      transfers: [{ how: 'operator', fromAgentId: AGENT, toAgentId: COLLEAGUE, outcome: 'answered' }],
    });
    expectNothingLeft(stage);
  });

  test('to nobody who answers gives the caller back', async () => {
    const stage = await TransferStage.open({ colleague: BUSY });
    await stage.session.control(TO_BOB);
    await stage.pass(500);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    expect(stage.session.agentId).toBe(AGENT);
    await stage.close();
    expectNothingLeft(stage);
  });

  test.each([
    ['a target', { kind: 'target', id: 'hall' }, undefined],
    ['who has the call', { kind: 'agent', id: AGENT }, 'has_the_call'],
    ['nobody', { kind: 'agent', id: 'agent-nobody' }, 'no_such_place'],
    ['a team that is not there', { kind: 'team', id: 'ghosts' }, 'no_such_place'],
    ['a number that is none of the buyer’s', { kind: 'number', number: '+12125550100' }, 'place_of_others'],
  ] as const)('to %s', async (_whom, to, refused) => {
    const stage = await TransferStage.open({ colleague: ANSWERS, hall: { kind: 'answer', after: 20 } });
    expect(await stage.session.control({ kind: 'transfer', to } as CallCommand)).toBe(refused);
    await stage.pass(500);
    await stage.close();
    expectNothingLeft(stage);
  });
});

describe('a sound', () => {
  test('is heard for its time, and the last one wins', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    const heard = watchSounds(stage);
    await stage.session.control(PLAY);
    expect(heard).toEqual(['caller tone', 'buyer tone']);
    await stage.session.control({ ...PLAY, to: 'buyer', durationMs: 500 } as CallCommand);
    expect(heard.slice(2)).toEqual(['caller stops', 'buyer stops', 'buyer tone']);
    await stage.pass(600);
    expect(heard.at(-1)).toBe('buyer stops');
    await stage.session.control(PLAY);
    await stage.close();
    expect(heard.slice(-2)).toEqual(['caller stops', 'buyer stops']);
    expectNothingLeft(stage);
  });

  test('gives way to a hold, and is not heard while a phone holds', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    const heard = watchSounds(stage);
    await stage.session.control({ ...PLAY, to: 'caller' } as CallCommand);
    await stage.session.control({ kind: 'hold' });
    expect(heard).toEqual(['caller tone', 'caller stops', 'caller hold', 'buyer hold']);
    await unheld(stage);
    await stage.offer(stage.agent, 'inactive');
    expect(await stage.session.control(PLAY)).toBe('held_by_phone');
    await stage.close();
    expectNothingLeft(stage);
  });

  test('is refused where no audio passes the switch', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    stage.media.onPlay = () => {
      throw new MediaUnavailable('nothing passes here');
    };
    expect(await stage.session.control(PLAY)).toBe('media_cannot');
    await stage.close();
    expectNothingLeft(stage);
  });

  function watchSounds(stage: TransferStage): string[] {
    const heard: string[] = [];
    stage.media.onPlay = (leg, sound) => {
      heard.push(`${leg.role} ${sound}`);
      return () => heard.push(`${leg.role} stops`);
    };
    return heard;
  }
});

test('hanging up ends both sides, and the record says who wanted it', async () => {
  const stage = await TransferStage.open({ colleague: ANSWERS });
  expect(await stage.session.control({ kind: 'hangup', detail: 'hung up by key-1' })).toBeUndefined();
  expect(await stage.session.control({ kind: 'hangup', detail: 'again' })).toBe('over');
  await stage.close();
  expect(stage.journal.ended_[0]).toMatchObject({ reason: 'admin_hangup', detail: 'hung up by key-1' });
  expectNothingLeft(stage);
});

const EVENTS = [
  'hold',
  'unhold',
  'transfer',
  'transfer hall',
  'play',
  'hang up',
  'refer',
  'phone holds',
  'phone resumes',
  'agent bye',
  'colleague bye',
  'caller bye',
  'consult',
  'glare',
  'agent lost',
] as const;
const act: fc.Arbitrary<PhoneAct> = fc.oneof(
  fc.record({ kind: fc.constant('answer' as const), after: fc.constantFrom(1, 20, 60) }),
  fc.record({ kind: fc.constant('fail' as const), after: fc.constantFrom(1, 50), status: fc.constant(486) }),
  fc.constant({ kind: 'silent' as const }),
);

test('whatever is done to a call, by whomever and when, it ends once and leaves nothing', async () => {
  let handedOn = 0;
  let held = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record<Phones>({ colleague: act, hall: act, back: act }),
      fc.array(
        fc.record({
          event: fc.constantFrom(...EVENTS),
          wait: fc.constantFrom(0, 1, 20, 21, 60, 200, 450, 2_500),
        }),
        { minLength: 1, maxLength: 12, size: 'max' },
      ),
      async (phones, steps) => {
        const stage = await TransferStage.open(phones);
        const begun: Promise<unknown>[] = [];
        const control = (command: CallCommand): void => void begun.push(stage.session.control(command));
        const bye = (part: string): void =>
          [...stage.answered].find(([uri]) => uri.includes(part))?.[1].peerBye();
        for (const { event, wait } of steps) {
          if (event === 'hold' || event === 'unhold') control({ kind: event });
          else if (event === 'transfer') control(TO_BOB);
          else if (event === 'transfer hall')
            control({ kind: 'transfer', to: { kind: 'target', id: 'hall' } });
          else if (event === 'play') control(PLAY);
          else if (event === 'hang up') control({ kind: 'hangup', detail: 'x' });
          else if (event === 'refer' && !stage.agent.ended) stage.agent.refer(TO_COLLEAGUE);
          else if (event === 'phone holds') await stage.offer(stage.agent, 'inactive');
          else if (event === 'phone resumes') await stage.offer(stage.agent, 'sendrecv');
          else if (event === 'agent bye') stage.agent.peerBye();
          else if (event === 'colleague bye') bye('bob');
          else if (event === 'caller bye') stage.caller.peerBye();
          else if (event === 'consult') stage.consult();
          else if (event === 'glare') stage.agent.onOffer = () => Promise.resolve({ ok: false, status: 491 });
          else if (event === 'agent lost') stage.media.gone.add(stage.media.made[1] as MediaLeg);
          await stage.pass(wait);
        }
        await stage.pass(5_000);
        held += stage.session.live().held ? 1 : 0;
        await stage.close();
        await Promise.all(begun);
        expectNothingLeft(stage);
        const transfers = stage.journal.ended_[0]?.transfers ?? [];
        handedOn += transfers.filter(
          ({ how, outcome }) => how === 'operator' && outcome === 'answered',
        ).length;
      },
    ),
    { numRuns: 300 },
  );
  // The law is about calls to which something was done.
  expect(handedOn).toBeGreaterThan(10);
  expect(held).toBeGreaterThan(3);
});
