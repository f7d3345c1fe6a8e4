import type { TestCall } from '../../../../src/web/console/pages/market/test-call-text';
import { stepsOf, toneOf } from '../../../../src/web/console/pages/market/test-call-text';

const AT = 1_700_000_000_000;
const QUEUED: TestCall = {
  ...{ id: 'test-1', state: 'queued', outcome: null, sipStatus: 0, detail: '' },
  ...{ calledAt: null, ringingAt: null, answeredAt: null, endedAt: null, audio: null },
};
const ANSWERED: TestCall = {
  ...{ ...QUEUED, state: 'ended', outcome: 'answered', sipStatus: 200 },
  ...{ calledAt: AT, ringingAt: AT + 80, answeredAt: AT + 1_200, endedAt: AT + 11_200 },
  audio: { codec: 'PCMU', packetsReceived: 498, packetsSent: 500, mos: 4.37 },
};
const texts = (call: TestCall): string[] =>
  stepsOf(call).map(({ at, text }) => (at === undefined ? text : `${text} +${at}`));

test('what has happened is told in its order, with how long after the INVITE', () => {
  expect(texts(QUEUED)).toEqual([]);
  expect(texts({ ...QUEUED, state: 'ringing', calledAt: AT, ringingAt: AT + 80 })).toEqual([
    'Called',
    'Rang +80',
  ]);
  expect(texts(ANSWERED)).toEqual([
    ...['Called', 'Rang +80', 'Answered +1200', 'Ended, SIP status 200 +11200'],
    'Audio PCMU: 498 packets heard, 500 sent, opinion score 4.4',
  ]);
});

test('audio that goes one way is no good answer, and said in words', () => {
  const silent = { ...ANSWERED, audio: { codec: 'PCMU', packetsReceived: 0, packetsSent: 500 } };
  expect(texts(silent).at(-1)).toMatch(/^Nothing was heard of it .* one way$/);
  expect([toneOf(QUEUED), toneOf(ANSWERED), toneOf(silent)]).toEqual(['accent', 'good', 'bad']);
  expect(toneOf({ ...ANSWERED, outcome: 'busy', audio: null })).toBe('bad');
});
