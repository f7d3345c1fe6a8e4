import fc from 'fast-check';
import type { MediaLeg } from '../../../../src/media';
import type { ScriptedRefer } from '../fakes';
import type { ConsultInvite, PhoneAct, Phones } from './stage';
import { AGENT, COLLEAGUE, TO_COLLEAGUE, TO_HALL, TransferStage } from './stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ANSWERS: PhoneAct = { kind: 'ring_answer', after: 20, answerAfter: 100 };
const SILENT: PhoneAct = { kind: 'silent' };
const BUSY: PhoneAct = { kind: 'fail', after: 50, status: 486 };

/** Whatever happened: the call is over, and nothing of it is left. */
function expectNothingLeft(stage: TransferStage): void {
  expect(stage.bugs).toEqual([]);
  expect(stage.finished).toBe(1);
  expect(stage.journal.ended_).toHaveLength(1);
  expect(stage.journal.answered_).toHaveLength(1);
  expect(stage.media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  expect(stage.stack.dialogs.map(({ ended }) => ended)).not.toContain(false);
  expect(stage.caller.ended).toBe(true);
  expect([...stage.caps.held.values()]).toEqual([0]);
  expect([...stage.funds.states.values()]).toEqual(['settled']);
  const busy = [...stage.agents.states].filter(([, state]) => state === 'ringing' || state === 'on_call');
  expect(busy).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
}

describe('a blind transfer', () => {
  test('rings the colleague while the caller hears music, and joins them', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    const refer = stage.agent.refer(TO_COLLEAGUE);
    expect(refer.status).toBe(202);
    expect(refer.notified).toEqual([100]);
    await stage.pass(100);
    expect(refer.notified).toEqual([100, 180]);
    expect(stage.media.callerHears).toBe('hold');
    expect(stage.agent.ended).toBe(false);
    await stage.pass(200);
    expect(refer.notified).toEqual([100, 180, 200]);
    expect(stage.agent.byes).toBe(1);
    expect(stage.media.callerHears).toBe(stage.media.made[2]);
    expect(stage.agents.states.get(AGENT)).toBe('after_call');
    expect(stage.agents.states.get(COLLEAGUE)).toBe('on_call');
    expect(stage.session.agentId).toBe(COLLEAGUE);
    expect(stage.media.stats().legs).toBe(2);
    expect(stage.journal.events).toContainEqual(
      expect.objectContaining({
        type: 'call.transferred',
        transfer: expect.objectContaining({ how: 'blind', toAgentId: COLLEAGUE }) as unknown,
      }),
    );
    await stage.pass(3_000);
    stage.colleague.peerBye();
    await stage.pass(1_000);
    const [record] = stage.journal.ended_;
    expect(record).toMatchObject({
      state: 'completed',
      reason: 'buyer_hangup',
      sale: { agentId: AGENT },
      transfers: [{ how: 'blind', fromAgentId: AGENT, toAgentId: COLLEAGUE, outcome: 'answered' }],
    });
    // From the first answer to the end, the time of the transfer included.
    expect(record?.connectedMs).toBe((record?.endedAt ?? 0) - (record?.answeredAt ?? 0));
    // The colleague has the call from the answer on, not from when it was asked for.
    const [{ at, takenAt } = { at: 0, takenAt: 0 }] = record?.transfers ?? [];
    expect(takenAt).toBeGreaterThan(at);
    expect(takenAt).toBeLessThanOrEqual((record?.endedAt ?? 0) - 3_000);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('goes to another target of the buyer, and from there on', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS, hall: { kind: 'answer', after: 20 } });
    stage.agent.refer(TO_HALL);
    await stage.pass(500);
    expect(stage.session.agentId).toBeUndefined();
    const onward = stage.hall.refer(TO_COLLEAGUE);
    await stage.pass(500);
    expect(onward.notified.at(-1)).toBe(200);
    expect(stage.hall.byes).toBe(1);
    await stage.close();
    expect(stage.journal.ended_[0]?.transfers).toMatchObject([
      { toTargetId: 'hall', outcome: 'answered' },
      { fromAgentId: undefined, toAgentId: COLLEAGUE, outcome: 'answered' },
    ]);
    expectNothingLeft(stage);
  });

  test.each([
    ['is busy', BUSY, [100, 486]],
    ['does not answer', SILENT, [100, 408]],
    ['cannot be reached', { kind: 'fail', after: 5, status: 0 } as PhoneAct, [100, 480]],
  ])('comes back to who asked for it when the colleague %s', async (_what, colleague, notified) => {
    const stage = await TransferStage.open({ colleague });
    const refer = stage.agent.refer(TO_COLLEAGUE);
    await stage.pass(1_500);
    expect(refer.notified).toEqual(notified);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    expect(stage.session.agentId).toBe(AGENT);
    expect(stage.session.state).toBe('answered');
    await stage.close();
    expect(stage.journal.ended_[0]?.transfers).toMatchObject([{ toAgentId: 'agent-bob' }]);
    expect(stage.journal.ended_[0]?.transfers?.[0]?.takenAt).toBeUndefined();
    expect(stage.journal.ended_[0]?.reason).toBe('caller_hangup');
    expectNothingLeft(stage);
  });

  test('takes who asked for it out of the media, until it has failed', async () => {
    const stage = await TransferStage.open({ colleague: BUSY });
    const [, agent] = stage.media.made;
    stage.agent.refer(TO_COLLEAGUE);
    expect([...stage.media.apart]).toEqual([agent]);
    await stage.pass(300);
    expect([...stage.media.apart]).toEqual([]);
    expect(stage.media.callerHears).toBe(agent);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('that fails gives the caller back on hold to who holds it', async () => {
    const stage = await TransferStage.open({ colleague: BUSY });
    const [, agent] = stage.media.made;
    await stage.offer(stage.agent, 'inactive');
    stage.agent.refer(TO_COLLEAGUE);
    await stage.pass(300);
    expect([...stage.media.apart]).toEqual([]);
    expect(stage.media.callerHears).toBe('hold');
    await stage.offer(stage.agent, 'sendrecv');
    await stage.pass(100);
    expect(stage.media.callerHears).toBe(agent);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('is called off by who resumes before anybody has answered', async () => {
    const stage = await TransferStage.open({ colleague: SILENT });
    const [, agent] = stage.media.made;
    await stage.offer(stage.agent, 'sendonly');
    const refer = stage.agent.refer(TO_COLLEAGUE);
    await stage.offer(stage.agent, 'sendonly');
    await stage.pass(100);
    expect(stage.stack.abandoned).toEqual([]);
    await stage.offer(stage.agent, 'sendrecv');
    await stage.pass(100);
    expect(refer.notified).toEqual([100, 487]);
    expect(stage.stack.abandoned).toHaveLength(1);
    expect(stage.media.callerHears).toBe(agent);
    expect(stage.session.agentId).toBe(AGENT);
    await stage.close();
    expect(stage.journal.ended_[0]?.transfers).toMatchObject([{ outcome: 'canceled' }]);
    expectNothingLeft(stage);
  });

  test('goes on when who asked for it, and never held the caller, makes a new offer', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    const refer = stage.agent.refer(TO_COLLEAGUE);
    await stage.offer(stage.agent, 'sendrecv');
    await stage.pass(500);
    expect(refer.notified.at(-1)).toBe(200);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('comes back when the media of who answered is gone', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    stage.media.onBridge = (_caller, colleague) => {
      stage.media.onBridge = () => undefined;
      stage.media.gone.add(colleague);
    };
    const refer = stage.agent.refer(TO_COLLEAGUE);
    await stage.pass(500);
    expect(refer.notified.at(-1)).toBe(480);
    expect(stage.colleague.byes).toBe(1);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('that fails rings who asked for it back when that phone lost its media meanwhile', async () => {
    const stage = await TransferStage.open({ colleague: BUSY, back: { kind: 'answer', after: 50 } });
    const before = stage.agent;
    stage.media.gone.add(stage.media.made[1] as MediaLeg);
    before.refer(TO_COLLEAGUE);
    await stage.pass(600);
    expect(before.byes).toBe(1);
    expect(stage.agent).not.toBe(before);
    expect(stage.media.callerHears).toBe(stage.media.made[3]);
    expect(stage.session.agentId).toBe(AGENT);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('shows agents what their card shows, and another target the number', async () => {
    const stage = await TransferStage.open({ colleague: BUSY, hall: { kind: 'answer', after: 20 } });
    stage.agent.refer(TO_COLLEAGUE);
    await stage.pass(300);
    stage.agent.refer(TO_HALL);
    await stage.pass(300);
    const shown = stage.stack.requests.map(({ callingNumber }) => callingNumber);
    expect(shown).toEqual(['anonymous', 'anonymous', '12125550123']);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('goes on when who asked for it hangs up at once', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    stage.agent.refer(TO_COLLEAGUE);
    stage.agent.peerBye();
    await stage.pass(500);
    expect(stage.session.agentId).toBe(COLLEAGUE);
    expect(stage.agents.states.get(AGENT)).toBe('after_call');
    await stage.close();
    expectNothingLeft(stage);
  });

  test('that fails rings who has hung up back, once', async () => {
    const stage = await TransferStage.open({ colleague: BUSY, back: { kind: 'answer', after: 50 } });
    stage.agent.refer(TO_COLLEAGUE);
    stage.agent.peerBye();
    await stage.pass(600);
    expect(stage.session.agentId).toBe(AGENT);
    expect(stage.agents.states.get(AGENT)).toBe('on_call');
    expect(stage.session.state).toBe('answered');
    expect(stage.media.callerHears).toBe(stage.media.made[3]);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('that fails ends the call when nobody answers the ring back', async () => {
    const stage = await TransferStage.open({ colleague: BUSY, back: SILENT });
    stage.agent.refer(TO_COLLEAGUE);
    stage.agent.peerBye();
    await stage.pass(3_000);
    expect(stage.journal.ended_[0]?.reason).toBe('buyer_hangup');
    await stage.pass(10_000);
    expectNothingLeft(stage);
  });

  test('ends with the caller', async () => {
    const stage = await TransferStage.open({ colleague: SILENT });
    stage.agent.refer(TO_COLLEAGUE);
    await stage.pass(100);
    stage.caller.peerBye();
    expect(stage.agent.byes).toBe(1);
    await stage.close();
    expect(stage.stack.abandoned).toHaveLength(1);
    expect(stage.journal.ended_[0]).toMatchObject({
      reason: 'caller_hangup',
      transfers: [{ outcome: 'canceled' }],
    });
    expectNothingLeft(stage);
  });

  test('waits for the one before', async () => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    stage.agent.refer(TO_COLLEAGUE);
    expect(stage.agent.refer(TO_HALL).status).toBe(491);
    await stage.close();
    expectNothingLeft(stage);
  });

  test.each([
    ['nowhere', 'garbage', 400],
    ['to a stranger', '<sip:+19005550100@dce.invalid>', 403],
    ['to nobody', '<sip:nobody@dce.invalid>', 404],
    ['to oneself', '<sip:ann@dce.invalid>', 403],
    [
      'in place of a dialog that is not there',
      '<sip:bob@dce.invalid?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>',
      481,
    ],
  ])('leads not %s', async (_where, referTo, status) => {
    const stage = await TransferStage.open({ colleague: ANSWERS });
    expect(stage.agent.refer(referTo).status).toBe(status);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    await stage.close();
    expectNothingLeft(stage);
  });
});

describe('an attended transfer', () => {
  async function consulting(phones: Phones = { colleague: ANSWERS }) {
    const stage = await TransferStage.open(phones);
    const consult = stage.consult();
    return { stage, consult };
  }

  test('joins the caller with whom the agent has asked', async () => {
    const { stage, consult } = await consulting();
    expect(stage.media.callerHears).toBe('hold');
    await stage.pass(100);
    expect(consult.progressed).toEqual([180]);
    await stage.pass(300);
    expect(consult.finals).toEqual([200]);
    expect(stage.session.agentId).toBe(AGENT);
    const refer = stage.agent.refer(consult.referTo);
    expect(refer.status).toBe(202);
    await stage.pass(100);
    expect(refer.notified).toEqual([100, 200]);
    expect(stage.agent.byes).toBe(1);
    expect(consult.dialog.byes).toBe(1);
    expect(stage.colleague.ended).toBe(false);
    // The caller's and the colleague's.
    expect(stage.media.stats().legs).toBe(2);
    expect(stage.session.agentId).toBe(COLLEAGUE);
    await stage.close();
    expect(stage.journal.ended_[0]?.transfers).toMatchObject([
      { how: 'attended', fromAgentId: AGENT, toAgentId: COLLEAGUE, outcome: 'answered' },
    ]);
    expectNothingLeft(stage);
  });

  test('may be completed while the colleague rings still', async () => {
    const { stage, consult } = await consulting();
    await stage.pass(50);
    const refer = stage.agent.refer(consult.referTo);
    stage.agent.peerBye();
    await stage.pass(500);
    expect(refer.notified.at(-1)).toBe(200);
    expect(consult.finals).toEqual([487]);
    expect(stage.session.agentId).toBe(COLLEAGUE);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('is what a transfer to whom the agent is asking becomes', async () => {
    const { stage, consult } = await consulting();
    await stage.pass(50);
    const refer = stage.agent.refer(TO_COLLEAGUE);
    expect(refer.status).toBe(202);
    await stage.pass(500);
    expect(refer.notified.at(-1)).toBe(200);
    expect(stage.stack.rung.filter((uri) => uri.includes('bob'))).toHaveLength(1);
    expect(consult.finals).toEqual([487]);
    expect(stage.session.agentId).toBe(COLLEAGUE);
    await stage.close();
    expect(stage.journal.ended_[0]?.transfers).toMatchObject([{ how: 'attended', outcome: 'answered' }]);
    expectNothingLeft(stage);
  });

  test('comes back when the colleague declines after it was completed', async () => {
    const { stage, consult } = await consulting({ colleague: { kind: 'fail', after: 400, status: 603 } });
    await stage.pass(100);
    const refer = stage.agent.refer(consult.referTo);
    await stage.pass(600);
    expect(refer.notified).toEqual([100, 603]);
    expect(consult.finals).toEqual([487]);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    await stage.close();
    expectNothingLeft(stage);
  });

  test.each([
    ['the agent gives it up', SILENT, (_: TransferStage, consult: ConsultInvite) => consult.cancel(), 487],
    ['the colleague is busy', BUSY, () => undefined, 486],
    [
      'the agent hangs up on it',
      ANSWERS,
      (_: TransferStage, consult: ConsultInvite) => consult.dialog.peerBye(),
      200,
    ],
    ['the colleague hangs up', ANSWERS, (stage: TransferStage) => stage.colleague.peerBye(), 200],
    ['its media is gone', ANSWERS, (stage: TransferStage) => stage.media.listener?.onConsultLost?.(), 200],
  ])('is no more when %s, and the agent has the caller again', async (_what, colleague, act, final) => {
    const { stage, consult } = await consulting({ colleague });
    await stage.pass(400);
    act(stage, consult);
    await stage.pass(400);
    expect(consult.finals).toEqual([final]);
    expect(stage.media.callerHears).toBe(stage.media.made[1]);
    expect(stage.session.agentId).toBe(AGENT);
    expect(stage.media.stats().legs).toBe(2);
    // The agent may ask again.
    expect(stage.consult().finals).toEqual([]);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('ends with the caller, whoever speaks with whom', async () => {
    const { stage, consult } = await consulting();
    await stage.pass(400);
    stage.caller.peerBye();
    expect(consult.dialog.byes).toBe(1);
    expect(stage.colleague.byes).toBe(1);
    expect(stage.agent.byes).toBe(1);
    await stage.close();
    expectNothingLeft(stage);
  });

  test('one at a time, and within the buyer', async () => {
    const { stage } = await consulting();
    expect(stage.consult().finals).toEqual([491]);
    await stage.close();
    expect(stage.consult().finals).toEqual([491]);
    expectNothingLeft(stage);
  });
});

const act: fc.Arbitrary<PhoneAct> = fc.oneof(
  fc.record({ kind: fc.constant('answer' as const), after: fc.integer({ min: 0, max: 300 }) }),
  fc.record({
    kind: fc.constant('ring_answer' as const),
    after: fc.integer({ min: 0, max: 200 }),
    answerAfter: fc.integer({ min: 0, max: 300 }),
  }),
  fc.record({
    kind: fc.constant('fail' as const),
    after: fc.integer({ min: 0, max: 400 }),
    status: fc.constantFrom(0, 404, 430, 480, 486, 503, 603),
  }),
  fc.constant({ kind: 'silent' as const }),
);

const EVENTS = [
  'refer',
  'refer hall',
  'refer consult',
  'refer nonsense',
  'consult',
  'cancel consult',
  'consult bye',
  'agent bye',
  'colleague bye',
  'hall bye',
  'colleague refers',
  'caller bye',
  'admin',
  'media lost',
  'consult lost',
  'agent lost',
  'hold',
  'resume',
] as const;

test('whatever the order of events, everybody is hung up on once, and the sale is one', async () => {
  let transferred = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        phones: fc.record({ colleague: act, hall: act, back: act }),
        steps: fc.array(
          fc.record({
            event: fc.constantFrom(...EVENTS),
            wait: fc.constantFrom(0, 1, 19, 20, 21, 60, 200, 450),
          }),
          { minLength: 1, maxLength: 12, size: 'max' },
        ),
      }),
      async ({ phones, steps }) => {
        const stage = await TransferStage.open(phones);
        const refers: ScriptedRefer[] = [];
        let consult: ConsultInvite | undefined;
        const refer = (dialog: TransferStage['agent'] | undefined, to: string): void => {
          if (dialog && !dialog.ended) refers.push(dialog.refer(to));
        };
        const answered = (part: string) => [...stage.answered].find(([uri]) => uri.includes(part))?.[1];
        for (const { event, wait } of steps) {
          if (event === 'refer') refer(stage.agent, TO_COLLEAGUE);
          else if (event === 'refer hall') refer(stage.agent, TO_HALL);
          else if (event === 'refer consult' && consult) refer(stage.agent, consult.referTo);
          else if (event === 'refer nonsense') refer(stage.agent, 'nonsense');
          else if (event === 'consult') {
            const invite = stage.consult();
            if (invite.finals.length === 0) consult = invite;
          } else if (event === 'cancel consult') consult?.cancel();
          else if (event === 'consult bye' && consult?.finals[0] === 200) consult.dialog.peerBye();
          else if (event === 'agent bye') stage.agent.peerBye();
          else if (event === 'colleague bye') answered('bob')?.peerBye();
          else if (event === 'hall bye') answered('hall')?.peerBye();
          else if (event === 'colleague refers') refer(answered('bob'), TO_HALL);
          else if (event === 'caller bye') stage.caller.peerBye();
          else if (event === 'admin') stage.session.end('admin_hangup', 'by an admin');
          else if (event === 'media lost') stage.media.listener?.onMediaLost('worker died');
          else if (event === 'consult lost') stage.media.listener?.onConsultLost?.();
          else if (event === 'agent lost') stage.media.gone.add(stage.media.made[1] as MediaLeg);
          else if (event === 'hold') await stage.offer(stage.agent, 'inactive');
          else if (event === 'resume') await stage.offer(stage.agent, 'sendrecv');
          await stage.pass(wait);
        }
        await stage.pass(5_000);
        await stage.close();
        expectNothingLeft(stage);
        if (consult) {
          expect(consult.finals).toHaveLength(1);
          expect(consult.finals[0] !== 200 || consult.dialog.ended).toBe(true);
        }
        for (const { status, notified } of refers) {
          expect(status).toBeDefined();
          // Told once how it went, and nothing after that, as far as its dialog lived.
          expect(notified.filter((told) => told >= 200).length).toBeLessThanOrEqual(1);
        }
        const accepted = refers.filter(({ status }) => status === 202).length;
        const transfers = stage.journal.ended_[0]?.transfers ?? [];
        expect(transfers).toHaveLength(accepted);
        transferred += transfers.filter(({ outcome }) => outcome === 'answered').length;
        const told = stage.journal.events.filter(({ type }) => type === 'call.transferred').length;
        expect(told).toBe(transfers.filter(({ outcome }) => outcome === 'answered').length);
      },
    ),
    { numRuns: 400 },
  );
  // The law is about calls that were handed on, not only about those that failed.
  expect(transferred).toBeGreaterThan(20);
});
