import fc from 'fast-check';
import type { CallEvent, CallState } from '../../../src/web/phone/core/call-machine';
import { callReducer, IDLE, isBusy, isTalking } from '../../../src/web/phone/core/call-machine';

const card = { callId: 'c1', campaign: 'Roof repair' };
const target = { kind: 'agent', id: 'a2', name: 'Agent Two', sipUri: 'sip:agent.two@dce.invalid' } as const;
const invited: CallEvent = { type: 'invited', callId: 'c1', card, at: 1_000 };
const after = (...events: readonly CallEvent[]) => events.reduce(callReducer, IDLE);
const established = [invited, { type: 'answering' }, { type: 'established', at: 3_000 }] as const;
const active = (...events: readonly CallEvent[]) => {
  const state = after(...established, ...events);
  if (state.phase !== 'active') throw new Error(`the call is ${state.phase}`);
  return state;
};

describe('a call that comes in', () => {
  it('rings with its card, is answered, and ends with who ended it', () => {
    expect(after(invited)).toMatchObject({ phase: 'ringing', callId: 'c1', card, since: 1_000 });
    expect(after(invited, { type: 'answering' }).phase).toBe('answering');
    expect(active().answeredAt).toBe(3_000);
    expect(after(...established, { type: 'ended', by: 'caller', at: 9_000 })).toMatchObject({
      phase: 'ended',
      by: 'caller',
      answeredAt: 3_000,
      endedAt: 9_000,
    });
  });

  it('rings on when the microphone fails, and can be answered again', () => {
    const failed = after(invited, { type: 'answering' }, { type: 'answer_failed', trouble: 'denied' });
    expect(failed).toMatchObject({ phase: 'ringing', since: 1_000, trouble: 'denied' });
    expect(callReducer(failed, { type: 'answering' }).phase).toBe('answering');
  });

  it.each(['missed', 'elsewhere', 'declined', 'lost'] as const)(
    'ends as %s without having been answered',
    (by) => {
      expect(after(invited, { type: 'ended', by, at: 2_000 })).toMatchObject({ by, answeredAt: undefined });
    },
  );

  it('does not take the place of a call that is up, but of one that is over', () => {
    const other: CallEvent = { type: 'invited', callId: 'c2', card: { ...card, callId: 'c2' }, at: 5_000 };
    expect(active(other).callId).toBe('c1');
    expect(after(invited, other)).toMatchObject({ callId: 'c1' });
    const over = after(...established, { type: 'ended', by: 'agent', at: 4_000 });
    expect(callReducer(over, other)).toMatchObject({ phase: 'ringing', callId: 'c2' });
  });
});

describe('a call that is up', () => {
  it('is held only when the switch has agreed', () => {
    expect(active({ type: 'hold_asked' })).toMatchObject({ held: false, changing: true });
    expect(active({ type: 'hold_asked' }, { type: 'hold_settled', held: true })).toMatchObject({
      held: true,
      changing: false,
    });
  });

  it('is restored after the connection was lost', () => {
    expect(active({ type: 'flow_lost' }).restoring).toBe(true);
    expect(active({ type: 'flow_lost' }, { type: 'flow_restored' }).restoring).toBe(false);
  });

  it('shows the last keys alone', () => {
    const many = Array.from({ length: 30 }, (_, i): CallEvent => ({ type: 'digit', digit: String(i % 10) }));
    expect(active(...many).digits).toBe('678901234567890123456789');
  });
});

describe('a transfer', () => {
  const blind: readonly CallEvent[] = [{ type: 'transfer_opened' }, { type: 'transfer_blind', target }];
  const consult: readonly CallEvent[] = [{ type: 'transfer_opened' }, { type: 'transfer_consult', target }];

  it('cannot be taken back once it is asked for, and tells when it failed', () => {
    expect(active(...blind, { type: 'transfer_closed' }).transfer).toEqual({ step: 'blind', target });
    expect(active(...blind, { type: 'transfer_failed', status: 486, alone: true }).transfer).toEqual({
      step: 'none',
      failed: { target, status: 486 },
    });
  });

  it('is completed only with a colleague who talks', () => {
    expect(active(...consult, { type: 'transfer_completing' }).transfer.step).toBe('consulting');
    const talking = [...consult, { type: 'consult_answered' }] as const;
    expect(active(...talking, { type: 'transfer_completing' }).transfer.step).toBe('completing');
  });

  it('keeps the agent with the colleague when it is refused, and without when that one has gone', () => {
    const completing = [...consult, { type: 'consult_answered' }, { type: 'transfer_completing' }] as const;
    expect(active(...completing, { type: 'transfer_failed', status: 403, alone: false }).transfer).toEqual({
      step: 'consulting',
      target,
      talking: true,
    });
    expect(active(...completing, { type: 'transfer_failed', status: 480, alone: true }).transfer).toEqual({
      step: 'consult_over',
      target,
      status: 480,
    });
  });

  it('leaves the caller on hold when the colleague hangs up', () => {
    const over = active(
      { type: 'hold_settled', held: true },
      ...consult,
      { type: 'consult_answered' },
      { type: 'consult_over', status: 0 },
    );
    expect(over).toMatchObject({ held: true, transfer: { step: 'consult_over', status: 0 } });
    expect(callReducer(over, { type: 'transfer_closed' })).toMatchObject({ transfer: { step: 'none' } });
  });
});

describe('whatever happens, in whatever order', () => {
  const at = fc.nat();
  const events: fc.Arbitrary<CallEvent> = fc.oneof(
    fc.constantFrom<CallEvent>(
      invited,
      { type: 'answering' },
      { type: 'answer_failed', trouble: 'denied' },
      { type: 'card', card },
      { type: 'hold_asked' },
      { type: 'flow_lost' },
      { type: 'flow_restored' },
      { type: 'transfer_opened' },
      { type: 'transfer_closed' },
      { type: 'transfer_blind', target },
      { type: 'transfer_consult', target },
      { type: 'consult_answered' },
      { type: 'consult_over', status: 486 },
      { type: 'transfer_completing' },
      { type: 'disposition', code: 'sale', state: 'saved' },
      { type: 'done' },
    ),
    at.map((time): CallEvent => ({ type: 'established', at: time })),
    at.map((time): CallEvent => ({ type: 'ended', by: 'caller', at: time })),
    fc.boolean().map((alone): CallEvent => ({ type: 'transfer_failed', status: 486, alone })),
  );

  it('comes up only by an answer, and never back after its end', () => {
    fc.assert(
      fc.property(fc.array(events, { size: 'max', maxLength: 60 }), (happened) => {
        happened.reduce((state: CallState, event) => {
          const next = callReducer(state, event);
          if (!isTalking(state) && next.phase === 'active') throw new Error('a call came up unanswered');
          if (next.phase === 'active') expect(['answering', 'active']).toContain(state.phase);
          if (state.phase === 'ended' && isBusy(next)) expect(event.type).toBe('invited');
          if (state.phase === 'active' && next.phase !== 'active') expect(event.type).toBe('ended');
          return next;
        }, IDLE);
      }),
    );
  });
});
