import type { CallAttempt, Campaign, RecordingBasics, RingTarget } from '../../../src/domain';
import { EMPTY_MARKET, Market } from '../../../src/market';
import { LawfulRecordings } from '../../../src/parts/recording-desk';
import type { Studio } from '../../../src/recordings';
import type { RecordingRequest } from '../../../src/signaling';
import { ringTarget } from '../../support/call-records';
import { attempt, buyer, campaign, NOON, number } from '../market/fixtures';

/** Of California, where everybody must know; of New York, where one is enough. */
const CALIFORNIA = '+14155550123' as never;
const NEW_YORK = '+12125550123' as never;
const SINK = { begin: () => undefined, write: () => undefined, end: () => undefined };

/** @param states - where the people of the buyer are; none: nobody has said */
function desk(
  recording?: Campaign['recording'],
  forbidden = false,
  states: readonly string[] | undefined = ['NY'],
  unknownBuyers: 'all_party' | 'as_caller' = 'all_party',
) {
  const made: RecordingBasics[] = [];
  const refused: string[] = [];
  const market = new Market();
  market.load({
    ...EMPTY_MARKET,
    campaigns: [campaign({ recording })],
    numbers: [number()],
    buyers: [buyer({ states, ...(forbidden ? { recording: 'forbidden' } : {}) })],
  });
  const studio: Pick<Studio, 'record'> = {
    record: (basics) => {
      made.push(basics);
      return SINK;
    },
  };
  const recordings = new LawfulRecordings({
    nodeId: 'n1',
    market,
    studio,
    unknownBuyers,
    keepDays: 90,
    clock: { now: () => NOON, monotonic: () => 0 },
    onRefused: (why) => refused.push(why),
  });
  return { recordings, made, refused };
}

function request(from: CallAttempt['from'], more: Partial<RecordingRequest> = {}): RecordingRequest {
  const target: RingTarget = ringTarget({ buyerId: 'buyer' });
  return {
    attempt: attempt({ from, tags: {} }),
    kind: 'conversation',
    target,
    announcedAt: undefined,
    ...more,
  };
}

test('one party is enough in New York; in California everybody must have been told, by the rule that says so', () => {
  const { recordings, made, refused } = desk();
  expect(recordings.open(request(NEW_YORK))).toMatchObject({ sink: SINK });
  expect(recordings.open(request(CALIFORNIA))).toEqual({
    refused: 'everybody must have been told first: Cal. Penal Code §§632, 632.7',
  });
  expect(recordings.open(request(CALIFORNIA, { announcedAt: NOON - 3_000 }))).toMatchObject({ sink: SINK });
  expect(made.map(({ consent }) => consent)).toEqual([
    {
      ...{ needs: 'one_party', citation: 'N.Y. Penal Law §250.00', announcedAt: null },
      ...{ caller: { states: ['NY'], by: 'area code' }, other: { states: ['NY'], by: 'buyer' } },
    },
    {
      ...{ needs: 'all_party', citation: 'Cal. Penal Code §§632, 632.7', announcedAt: NOON - 3_000 },
      ...{ caller: { states: ['CA'], by: 'area code' }, other: { states: ['NY'], by: 'buyer' } },
    },
  ]);
  expect(refused).toEqual(['consent']);
});

test('the strictest of both sides decides, and of a caller of whom nothing is known the strictest of all', () => {
  const { recordings } = desk();
  const inCalifornia = ringTarget({ kind: 'pstn', uri: 'sip:+14155550199@192.0.2.9;user=phone' });
  const inTexas = ringTarget({ kind: 'pstn', uri: 'sip:+12145550199@192.0.2.9' });
  expect(recordings.open(request(NEW_YORK, { target: inCalifornia }))).toMatchObject({
    refused: expect.stringContaining('Cal. Penal Code') as unknown,
  });
  expect(recordings.open(request(NEW_YORK, { target: inTexas }))).toMatchObject({ sink: SINK });
  for (const nobody of [undefined, '+442079460000' as never]) {
    for (const target of [ringTarget({ buyerId: 'buyer' }), inTexas]) {
      expect(recordings.open(request(nobody, { target }))).toMatchObject({
        refused: expect.stringContaining('the strictest rule is taken') as unknown,
      });
    }
  }
  // What the sender says of the caller's place counts as well.
  const claimed = { ...request(NEW_YORK), attempt: attempt({ from: NEW_YORK, tags: { state: 'FL' } }) };
  expect(recordings.open(claimed)).toMatchObject({
    refused: expect.stringContaining('Fla. Stat.') as unknown,
  });
});

test('where a buyer is counts by what is told of it and by its number; of one that nobody knows everybody is told', () => {
  const onSip = { target: ringTarget({ buyerId: 'buyer' }) };
  const inTexas = {
    target: ringTarget({ buyerId: 'buyer', kind: 'pstn', uri: 'sip:+12145550199@192.0.2.9' }),
  };
  const tollFree = { target: ringTarget({ buyerId: 'buyer', kind: 'pstn', uri: 'tel:+18005550199' }) };
  const anywhere = { refused: expect.any(String) as unknown };
  const strict = { refused: expect.stringContaining('the strictest rule is taken') as unknown };
  const ofFlorida = { refused: expect.stringContaining('Fla. Stat.') as unknown };
  const taken = { sink: SINK };
  for (const [states, expected] of [
    [[], [strict, taken, anywhere]],
    [['TX'], [taken, taken, taken]],
    // Some of its people are in one, some in the other.
    [
      ['TX', 'FL'],
      [ofFlorida, ofFlorida, ofFlorida],
    ],
    // One is mistyped: nobody knows which was meant.
    [
      ['TX', 'XX'],
      [strict, taken, anywhere],
    ],
  ] as const) {
    const { recordings } = desk(undefined, false, states);
    const opened = [onSip, inTexas, tollFree].map((more) => recordings.open(request(NEW_YORK, more)));
    expect([states, opened]).toMatchObject([states, expected]);
    expect(recordings.mayMonitor(request(NEW_YORK, onSip)) === undefined).toBe(expected[0] === taken);
    expect(recordings.open(request(NEW_YORK, { ...onSip, announcedAt: NOON }))).toMatchObject(taken);
  }
  const lax = desk(undefined, false, [], 'as_caller').recordings;
  expect(lax.open(request(NEW_YORK, onSip))).toMatchObject(taken);
  expect(lax.open(request(CALIFORNIA, onSip))).toMatchObject({ refused: expect.any(String) as unknown });
  expect(desk(undefined, false, ['FL'], 'as_caller').recordings.open(request(NEW_YORK, onSip))).toMatchObject(
    ofFlorida,
  );
});

test('who listens in asks the same law, whether or not anything is recorded', () => {
  const { recordings, made } = desk(undefined, true);
  expect(recordings.mayMonitor(request(NEW_YORK))).toBeUndefined();
  expect(recordings.mayMonitor(request(CALIFORNIA))).toContain('Cal. Penal Code');
  expect(recordings.mayMonitor(request(CALIFORNIA, { announcedAt: NOON }))).toBeUndefined();
  expect(made).toEqual([]);
});

test('who leaves a message wants it recorded', () => {
  const { recordings, made } = desk();
  const message = request(CALIFORNIA, { kind: 'voicemail', target: undefined });
  expect(recordings.open(message)).toMatchObject({ sink: SINK });
  expect(made[0]).toMatchObject({ kind: 'voicemail', buyerId: null, buyerAccountId: null, targetId: null });
});

test('a buyer that does not want it is not recorded, whatever anybody says', () => {
  const { recordings, refused } = desk({ mode: 'always', announce: 'consent/recording' }, true);
  expect(recordings.open(request(NEW_YORK, { announcedAt: NOON }))).toEqual({
    refused: 'the buyer does not want its conversations recorded',
  });
  expect(refused).toEqual(['forbidden']);
});

test('the campaign says whether, after which announcement, and for how long', () => {
  expect(desk().recordings.policyOf(attempt({}))).toBeUndefined();
  expect(desk({ mode: 'off', keepDays: 7 }).recordings.policyOf(attempt({}))).toBeUndefined();
  const { recordings, made } = desk({ mode: 'always', announce: 'consent/recording', keepDays: 30 });
  expect(recordings.policyOf(attempt({}))).toEqual({ announce: 'consent/recording' });
  recordings.open(request(NEW_YORK));
  desk().recordings.open(request(NEW_YORK));
  expect(made).toMatchObject([
    {
      callId: 'call',
      nodeId: 'n1',
      campaignId: 'campaign',
      sellerId: 'seller-account',
      buyerId: 'buyer',
      buyerAccountId: 'buyer-account',
      targetId: 'target-1',
      startedAt: NOON,
      keepDays: 30,
    },
  ]);
});

test('what goes wrong refuses a recording, and never a call', () => {
  const { recordings, refused } = desk();
  const broken = { ...request(NEW_YORK), attempt: undefined as never };
  expect(recordings.open(broken)).toMatchObject({ refused: expect.any(String) as unknown });
  expect(refused).toEqual(['bug']);
});
