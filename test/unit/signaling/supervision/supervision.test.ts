import fc from 'fast-check';
import { OPERATOR_ACCOUNT } from '../../../../src/domain';
import type { MonitorMode } from '../../../../src/media';
import { MONITOR_MODES } from '../../../../src/media';
import type { CallCommand, Listener } from '../../../../src/signaling/control/command';
import type { PhoneAct, Phones } from '../transfer/stage';
import { AGENT, COLLEAGUE, TransferStage } from '../transfer/stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ANSWERS: PhoneAct = { kind: 'ring_answer', after: 20, answerAfter: 100 };
const SILENT: PhoneAct = { kind: 'silent' };
const MANAGER: Listener = { accountId: 'buyer-account', name: 'user:eve' };
const OPERATOR: Listener = { accountId: OPERATOR_ACCOUNT, name: 'user:ops' };
const BOB = { kind: 'agent', id: 'agent-bob', buyerId: 'buyer-0' } as const;

/** What becomes of a command, a moment later. */
async function ask(stage: TransferStage, command: CallCommand): Promise<unknown> {
  const result = stage.session.control(command);
  await stage.pass(60);
  return result;
}

function open(phones: Phones = { colleague: ANSWERS }): Promise<TransferStage> {
  return TransferStage.open(phones);
}

function start(
  mode: MonitorMode,
  by = MANAGER,
  to: Extract<CallCommand, { action: 'start'; kind: 'monitor' }>['to'] = BOB,
): CallCommand {
  return { kind: 'monitor', action: 'start', mode, by, to };
}
const change = (mode: MonitorMode, by = MANAGER): CallCommand => ({
  kind: 'monitor',
  action: 'change',
  mode,
  by,
});
const stop = (by = MANAGER): CallCommand => ({ kind: 'monitor', action: 'stop', by });

const told = (stage: TransferStage): string[] =>
  stage.journal.events.flatMap((event) =>
    event.type === 'call.monitored'
      ? [`${event.mode} by ${event.by}${event.detail === undefined ? '' : `: ${event.detail}`}`]
      : [],
  );

/** The call is over, was sold once, and nothing of it or of who listened is left. */
function expectNothingLeft(stage: TransferStage): void {
  expect(stage.bugs).toEqual([]);
  expect(stage.finished).toBe(1);
  expect(stage.journal.ended_).toHaveLength(1);
  expect(stage.media.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  expect(stage.media.listens).toBeUndefined();
  expect(stage.stack.dialogs.map(({ ended }) => ended)).not.toContain(false);
  expect([...stage.agents.states.values()]).not.toContain('on_call');
  expect([...stage.agents.states.values()]).not.toContain('ringing');
  expect(jest.getTimerCount()).toBe(0);
}

test('a phone is rung that is told what it hears, and the call goes on when it hangs up', async () => {
  const stage = await open();
  expect(await ask(stage, start('listen'))).toBeUndefined();
  expect(stage.session.live().monitoring).toMatchObject({ mode: 'listen', state: 'ringing', by: MANAGER });
  await stage.pass(300);
  expect(stage.session.live().monitoring).toMatchObject({ mode: 'listen', state: 'on' });
  expect(stage.media.listens).toBe('listen');
  const headers = stage.stack.requests.at(-1)?.headers ?? {};
  const card = JSON.parse(Buffer.from(headers['X-DCE-Card'] ?? '', 'base64url').toString()) as object;
  expect(card).toMatchObject({ monitoring: 'listen', callId: headers['X-DCE-Call-ID'] });
  expect(headers['X-DCE-Call-ID']).not.toBe(stage.session.callId);
  // No other call rings there meanwhile, and nothing is wrapped up afterwards.
  expect(stage.agents.states.get(COLLEAGUE)).toBe('on_call');
  stage.colleague.peerBye();
  await stage.pass(100);
  expect(stage.agents.states.get(COLLEAGUE)).toBe('available');
  expect(stage.session.live().monitoring).toBeUndefined();
  expect(stage.session.agentId).toBe(AGENT);
  expect(stage.media.stats().legs).toBe(2);
  expect(told(stage)).toEqual(['listen by user:eve', 'ended by user:eve']);
  expect(await ask(stage, start('barge'))).toBeUndefined();
  await stage.pass(300);
  expect(stage.media.listened).toEqual(['listen', 'barge']);
  await stage.close();
  expect(stage.colleague.ended).toBe(true);
  expect(stage.journal.ended_[0]?.attempts.map(({ agentId }) => agentId)).toEqual([AGENT]);
  expectNothingLeft(stage);
});

test('who listens whispers, barges in and leaves when it is asked for, by who may', async () => {
  const stage = await open();
  await ask(stage, start('listen'));
  // Wished while it rings still.
  expect(await ask(stage, change('whisper'))).toBeUndefined();
  await stage.pass(300);
  expect(stage.media.listens).toBe('whisper');
  expect(await ask(stage, change('barge', { accountId: 'another', name: 'x' }))).toBe('not_monitored');
  expect(await ask(stage, stop({ accountId: 'another', name: 'x' }))).toBe('not_monitored');
  expect(await ask(stage, start('listen', OPERATOR))).toBe('monitored');
  expect(await ask(stage, change('barge', OPERATOR))).toBeUndefined();
  expect(stage.media.listens).toBe('barge');
  expect(await ask(stage, stop(OPERATOR))).toBeUndefined();
  await stage.pass(100);
  expect(stage.media.listens).toBeUndefined();
  expect(stage.colleague.byes).toBe(1);
  expect(await ask(stage, stop())).toBe('not_monitored');
  expect(told(stage)).toEqual(['whisper by user:eve', 'barge by user:ops', 'ended by user:eve']);
  await stage.close();
  expectNothingLeft(stage);
});

test('the phone of who listens is told how, when that is another than its card said', async () => {
  const stage = await open();
  await ask(stage, start('listen'));
  await ask(stage, change('whisper'));
  await stage.pass(300);
  await ask(stage, change('barge', OPERATOR));
  await ask(stage, change('barge', OPERATOR));
  await ask(stage, change('listen'));
  expect(stage.colleague.told).toEqual(
    ['whisper', 'barge', 'listen'].map((monitoring) => ({
      contentType: 'application/vnd.dce.card+json',
      body: JSON.stringify({ monitoring }),
    })),
  );
  await stage.close();
  expectNothingLeft(stage);
});

test('other phones than those of agents have no page to show it on', async () => {
  const stage = await open({ colleague: SILENT, hall: ANSWERS });
  await ask(stage, start('listen', OPERATOR, { kind: 'target', id: 'hall', buyerId: 'buyer-0' }));
  await stage.pass(300);
  expect(await ask(stage, change('barge', OPERATOR))).toBeUndefined();
  expect(stage.media.listens).toBe('barge');
  expect(stage.hall.told).toEqual([]);
  await stage.close();
  expectNothingLeft(stage);
});

test('nobody listens in where the law wants everybody told first, nor where the engine cannot', async () => {
  const stage = await open();
  stage.unlawful = 'everybody must have been told first: Cal. Penal Code § 632';
  expect(await ask(stage, start('listen'))).toEqual({
    refusal: 'needs_consent',
    detail: 'everybody must have been told first: Cal. Penal Code § 632',
  });
  stage.unlawful = undefined;
  stage.media.capabilities.clear();
  expect(await ask(stage, start('listen'))).toBe('media_cannot');
  expect(stage.session.live().can).toEqual([]);
  for (const capability of ['monitor', 'record', 'play'] as const) stage.media.capabilities.add(capability);
  expect(stage.session.live().can).toEqual(['record', 'monitor']);
  expect(await ask(stage, start('listen', MANAGER, { ...BOB, id: 'nobody' }))).toBe('no_such_place');
  expect(await ask(stage, start('listen', MANAGER, { ...BOB, buyerId: 'another' }))).toBe('no_such_place');
  expect(await ask(stage, start('listen', MANAGER, { ...BOB, id: AGENT }))).toBe('has_the_call');
  await ask(stage, { kind: 'hold' });
  expect(await ask(stage, start('listen'))).toBe('held');
  await stage.close();
  expectNothingLeft(stage);
});

test('who is on a call is not rung, who wants no calls is, and a phone that nobody takes is let go', async () => {
  const stage = await open({ colleague: SILENT });
  stage.agents.states.set(COLLEAGUE, 'on_call');
  stage.agents.elsewhere.set('agent-bob', { callId: 'another', nodeId: 'n2' });
  expect(await ask(stage, start('listen'))).toBe('supervisor_unreachable');
  stage.agents.elsewhere.clear();
  stage.agents.states.set(COLLEAGUE, 'after_call');
  expect(await ask(stage, start('listen'))).toBeUndefined();
  await stage.pass(200);
  expect(stage.stack.rung).toContain('sip:agent-agent-bob-0');
  expect(stage.agents.states.get(COLLEAGUE)).toBe('after_call');
  await stage.pass(31_000);
  expect(stage.session.live().monitoring).toBeUndefined();
  stage.agents.states.set(COLLEAGUE, 'available');
  expect(await ask(stage, start('listen'))).toBeUndefined();
  await stage.pass(200);
  expect(stage.agents.states.get(COLLEAGUE)).toBe('ringing');
  await ask(stage, stop());
  await stage.pass(200);
  expect(stage.agents.states.get(COLLEAGUE)).toBe('available');
  expect(stage.agents.released.map(({ why }) => why)).toEqual(['caller_gone']);
  // Of the first who asked; the second had it ended.
  expect(told(stage)).toEqual(['failed by user:eve: no_answer']);
  await stage.close();
  expectNothingLeft(stage);
});

test('who declines to listen, or is cut off by the end of the call, is told apart', async () => {
  const stage = await open({ colleague: { kind: 'fail', after: 50, status: 603 } });
  expect(await ask(stage, start('whisper', OPERATOR))).toBeUndefined();
  await stage.pass(500);
  expect(told(stage)).toEqual(['failed by user:ops: declined']);
  expect(stage.session.live().monitoring).toBeUndefined();
  expect(stage.session.state).toBe('answered');
  await stage.close();
  expectNothingLeft(stage);
  const other = await open({ colleague: SILENT });
  expect(await ask(other, start('listen'))).toBeUndefined();
  await other.close();
  expect(told(other)).toEqual([]);
  expectNothingLeft(other);
});

test('who listens hears the two again after a hold, and whoever the call is handed on to', async () => {
  const stage = await open({ colleague: ANSWERS, hall: ANSWERS });
  await ask(stage, start('listen'));
  await stage.pass(300);
  await ask(stage, { kind: 'hold' });
  expect(stage.media.listens).toBeUndefined();
  void stage.session.control({ kind: 'unhold' });
  await stage.pass(300);
  expect(stage.media.listens).toBe('listen');
  await ask(stage, { kind: 'transfer', to: { kind: 'target', id: 'hall' } });
  expect(await ask(stage, start('listen'))).toBe('monitored');
  await stage.pass(500);
  expect(stage.hall.ended).toBe(false);
  expect(stage.media.listens).toBe('listen');
  // It is told once.
  expect(told(stage)).toEqual(['listen by user:eve']);
  await stage.close();
  expectNothingLeft(stage);
});

type Act =
  | { readonly kind: 'command'; readonly command: CallCommand }
  | { readonly kind: 'supervisor gone' | 'agent gone' | 'caller gone' | 'media of who listens gone' };

const act: fc.Arbitrary<Act> = fc.oneof(
  fc
    .constantFrom(...MONITOR_MODES)
    .chain((mode) => fc.constantFrom(start(mode), change(mode), stop(), start(mode, OPERATOR)))
    .map((command) => ({ kind: 'command' as const, command })),
  fc
    .constantFrom<CallCommand>(
      { kind: 'hold' },
      { kind: 'unhold' },
      { kind: 'transfer', to: { kind: 'target', id: 'hall' } },
    )
    .map((command) => ({ kind: 'command' as const, command })),
  fc.constantFrom<Act>(
    { kind: 'supervisor gone' },
    { kind: 'agent gone' },
    { kind: 'caller gone' },
    { kind: 'media of who listens gone' },
  ),
);

test('in whatever order things happen, the call ends once and nobody who listened is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(act, fc.integer({ min: 0, max: 250 })), { maxLength: 12 }),
      fc.constantFrom(ANSWERS, SILENT, { kind: 'fail', after: 50, status: 486 } as const),
      async (acts, colleague) => {
        const stage = await open({ colleague, hall: ANSWERS, back: ANSWERS });
        for (const [next, wait] of acts) {
          if (next.kind === 'command') void stage.session.control(next.command);
          else if (next.kind === 'agent gone') stage.agent.peerBye();
          else if (next.kind === 'caller gone') stage.caller.peerBye();
          else if (next.kind === 'supervisor gone') {
            stage.answered.get(`sip:agent-${COLLEAGUE}-0`)?.peerBye();
          } else for (const leg of stage.media.made) if (leg.role === 'supervisor') stage.media.gone.add(leg);
          await stage.pass(wait);
        }
        await stage.close();
        await stage.pass(40_000);
        expectNothingLeft(stage);
      },
    ),
    { numRuns: 60 },
  );
});
