import { Ladder } from '../../../../src/signaling/ladder/ladder';
import type { PhoneAct } from '../transfer/stage';
import { TO_COLLEAGUE, TransferStage } from '../transfer/stage';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const ANSWERS: PhoneAct = { kind: 'ring_answer', after: 20, answerAfter: 100 };

test('a call leaves its messages in their order, of each leg and both ways', async () => {
  const stage = await TransferStage.open({ colleague: ANSWERS });
  await stage.session.control({ kind: 'hold' });
  await stage.pass(50);
  const resumed = stage.session.control({ kind: 'unhold' });
  await stage.pass(50);
  await resumed;
  stage.agent.refer(TO_COLLEAGUE);
  await stage.pass(500);
  await stage.close();
  const ladder = stage.journal.ended_[0]?.ladder ?? [];
  const rungs = ladder.map(({ leg, way, message }) => `${leg} ${way} ${message}`);
  expect(rungs.filter((rung) => rung.startsWith('caller'))).toEqual([
    'caller in INVITE',
    'caller out 200',
    'caller out INVITE',
    'caller in 200',
    'caller out INVITE',
    'caller in 200',
    'caller in BYE',
  ]);
  expect(rungs.filter((rung) => rung.startsWith('ring-1'))).toEqual([
    'ring-1 out INVITE',
    'ring-1 in 200',
    'ring-1 out INVITE',
    'ring-1 in 200',
    'ring-1 out INVITE',
    'ring-1 in 200',
    'ring-1 in REFER',
    'ring-1 out BYE',
  ]);
  expect(rungs.filter((rung) => rung.startsWith('ring-2'))).toEqual([
    'ring-2 out INVITE',
    'ring-2 in 180',
    'ring-2 in 200',
    'ring-2 out BYE',
  ]);
  const times = ladder.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(stage.bugs).toEqual([]);
});

test('of a description its codec and direction are kept, of an address no parameters', () => {
  const ladder = new Ladder(() => 7.4);
  const sdp = 'v=0\r\nm=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendonly\r\n';
  ladder.note('ring-1', 'out', 'INVITE', sdp, 'sip:desk@192.0.2.7:5060;transport=tcp?X=secret');
  ladder.note('ring-1', 'in', '200', 'v=0\r\nm=audio 4000 RTP/AVP 0\r\n');
  expect(ladder.entries).toEqual([
    {
      at: 7,
      leg: 'ring-1',
      way: 'out',
      message: 'INVITE',
      media: 'PCMA sendonly',
      uri: 'sip:desk@192.0.2.7:5060',
    },
    { at: 7, leg: 'ring-1', way: 'in', message: '200', media: 'audio sendrecv' },
  ]);
});

test('of many messages the first and the last are kept', () => {
  const ladder = new Ladder(() => 0);
  for (let n = 0; n < 1_000; n++) ladder.note('caller', 'in', `${n}`);
  const kept = ladder.entries.map(({ message }) => Number(message));
  expect(kept).toHaveLength(64);
  expect([kept[0], kept[47], kept[48], kept[63]]).toEqual([0, 47, 984, 999]);
  expect(ladder.dropped).toBe(936);
});
