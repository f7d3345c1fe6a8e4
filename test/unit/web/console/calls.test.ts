import type { Call } from '../../../../src/web/console/api/types';
import type { RecordedMessage } from '../../../../src/web/console/core/ladder';
import { ladderOf, recordedLadder } from '../../../../src/web/console/core/ladder';
import { mosWord } from '../../../../src/web/console/core/quality';
import { timelineOf } from '../../../../src/web/console/core/timeline';

const AT = 1_700_000_000_000;
const BUSY = {
  bidId: 'x',
  targetId: 't1',
  buyerId: 'b1',
  startedAt: AT + 10,
  durationMs: 1_000,
  outcome: 'busy',
  sipStatus: 486,
};
const CALL: Call = {
  id: 'c1',
  state: 'completed',
  endReason: 'buyer_hangup',
  sipStatus: 200,
  detail: null,
  receivedAt: AT,
  firstRingAt: AT + 20,
  answeredAt: AT + 3_000,
  endedAt: AT + 63_000,
  connectedMs: 60_000,
  attempts: [
    BUSY,
    {
      bidId: 'y',
      targetId: 't2',
      buyerId: 'b2',
      startedAt: AT + 1_010,
      durationMs: 1_990,
      outcome: 'answered',
      sipStatus: 200,
    },
  ],
};
const labels = (call: Call): string[] =>
  ladderOf(call).rungs.map(({ from, label, to }) => `${from} ${label} ${to}`);

describe('the ladder', () => {
  it('has a column for each target, and the messages in their order', () => {
    expect(ladderOf(CALL).targets).toEqual(['t1', 't2']);
    expect(labels(CALL)).toEqual([
      '0 INVITE 1',
      '1 INVITE 2',
      '1 180 Ringing 0',
      '2 486 Busy Here 1',
      '1 INVITE 3',
      '3 200 OK 1',
      '1 ACK 3',
      '1 200 OK 0',
      '0 ACK 1',
      '3 BYE 1',
      '1 BYE 0',
    ]);
  });

  it('of a refused call ends with its status', () => {
    const refused: Call = {
      ...CALL,
      state: 'rejected',
      endReason: 'compliance',
      sipStatus: 603,
      answeredAt: null,
      firstRingAt: null,
      attempts: [],
      connectedMs: 0,
    };
    expect(labels(refused)).toEqual(['0 INVITE 1', '1 603 Decline 0']);
  });

  it('of a caller who gave up ends with a CANCEL, and of a call that is up with nothing', () => {
    const canceled: Call = {
      ...CALL,
      state: 'canceled',
      endReason: 'caller_cancel',
      answeredAt: null,
      attempts: [],
    };
    expect(labels(canceled).at(-1)).toBe('0 CANCEL 1');
    expect(labels({ ...CALL, endedAt: null, endReason: null }).at(-1)).toBe('0 ACK 1');
  });

  it('does not draw what was never sent', () => {
    const attempts = [{ ...BUSY, outcome: 'cap_reached', sipStatus: 0 }];
    expect(labels({ ...CALL, attempts, answeredAt: null, firstRingAt: null, sipStatus: 480 })).toEqual([
      '0 INVITE 1',
      '1 480 Temporarily Unavailable 0',
    ]);
  });
});

describe('the timeline', () => {
  it('tells what happened in its order', () => {
    expect(timelineOf(CALL).map(({ title }) => title)).toEqual([
      'Call received',
      'Rang',
      'Busy',
      'Rang',
      'Answered',
      'Buyer hangup',
    ]);
  });

  it('tells what a party may see, when that is little', () => {
    const { attempts: _attempts, ...little } = CALL;
    expect(timelineOf(little).map(({ title }) => title)).toEqual(['Call received', 'Buyer hangup']);
  });
});

it('a mean opinion score is said as people are satisfied with it', () => {
  expect([4.4, 4.1, 3.7, 3.2, 2].map((mos) => mosWord(mos).tone)).toEqual([
    'good',
    'good',
    'warn',
    'warn',
    'bad',
  ]);
});

describe('the ladder as it was recorded', () => {
  const message = (leg: string, way: 'in' | 'out', text: string, more = {}): RecordedMessage => ({
    ...{ at: AT, leg, way, message: text },
    ...more,
  });

  it('has a column for each leg, and says what was said in either direction', () => {
    const ladder = recordedLadder([
      message('caller', 'in', 'INVITE', { media: 'PCMU' }),
      message('ring-1', 'out', 'INVITE', { uri: 'sip:a@192.0.2.1' }),
      message('ring-1', 'in', '486'),
      message('ring-2', 'out', 'INVITE', { uri: 'sip:b@192.0.2.1' }),
      message('ring-2', 'in', '200'),
      message('caller', 'out', '200'),
      message('caller', 'in', 'BYE'),
    ]);
    expect(ladder.targets).toEqual(['sip:a@192.0.2.1', 'sip:b@192.0.2.1']);
    expect(ladder.rungs.map(({ from, label, to, tone }) => `${from} ${label} ${to} ${tone}`)).toEqual([
      '0 INVITE (PCMU) 1 request',
      '1 INVITE 2 request',
      '2 486 Busy Here 1 bad',
      '1 INVITE 3 request',
      '3 200 OK 1 good',
      '1 200 OK 0 good',
      '0 BYE 1 request',
    ]);
  });

  it('leaves out the legs that do not fit beside each other', () => {
    const legs = Array.from({ length: 9 }, (_, n) => message(`ring-${n + 1}`, 'out', 'INVITE'));
    expect(recordedLadder(legs).rungs).toHaveLength(6);
  });
});
