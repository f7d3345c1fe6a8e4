import type { MediaLeg, MediaLegRole, MediaSession } from '../../../src/media';
import { MediaUnavailable } from '../../../src/media';
import { Carriage } from '../../../src/media/mediasoup/carriage';
import type { RtpPeer } from '../../support/rtp-peer';
import { until } from '../../support/until';
import type { CallOptions } from './harness';
import { aWhile, Harness, portOf, sdpOf } from './harness';

let watched = false;
let bench: Harness;
beforeAll(async () => {
  bench = await Harness.start(5, {
    rtpTimeoutMs: 1_500,
    qualityEveryMs: 250,
    oneWayAfterMs: 400,
    qualityWanted: () => watched,
  });
});
afterEach(async () => {
  jest.restoreAllMocks();
  await bench.settle();
});
afterAll(() => bench.engine.close());

interface Reached {
  readonly leg: MediaLeg;
  /** The port of the switch that the peer sends to. */
  readonly sends: number;
}

/** Somebody who was offered the call and took it. */
async function reach(session: MediaSession, peer: RtpPeer, role: MediaLegRole = 'buyer'): Promise<Reached> {
  const leg = await session.createLeg(role);
  const sends = portOf(sdpOf(leg.createOffer()));
  sdpOf(await leg.applyAnswer(peer.sdp()));
  return { leg, sends };
}

/** Until nothing is heard any more. */
function silence(peer: RtpPeer): Promise<void> {
  return until('silence', async () => {
    const before = peer.heard.length;
    await aWhile();
    return peer.heard.length === before;
  });
}

/** Until something is heard that was not heard before. */
function more(peer: RtpPeer): Promise<void> {
  const before = peer.heard.length;
  return until('more audio', () => peer.heard.length > before + 5);
}

test('who hands the call on is in it no more: music goes on, silence says nothing, the next one has the caller', async () => {
  const [caller, buyer, next] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const call = await bench.call(caller, buyer);
  const { session, callerLeg, buyerLeg } = call;
  caller.speak(call.callerSends, 1);
  buyer.speak(call.buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
  await session.play(callerLeg, 'hold');
  session.unbridge(buyerLeg);
  await silence(buyer);
  buyer.hush();
  await aWhile(2_000);
  await more(caller);
  expect([call.silent, call.lost]).toEqual([[], []]);
  buyerLeg.close();
  session.unbridge(buyerLeg);
  const reached = await reach(session, next);
  await session.bridge(callerLeg, reached.leg);
  next.speak(reached.sends, 3);
  await until('the next one', () => caller.marked(3) > 5 && next.marked(1) > 5);
});

test('who handed the call on may have it back', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const { session, callerLeg, buyerLeg, callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
  session.unbridge(buyerLeg);
  await Promise.all([silence(buyer), silence(caller)]);
  await session.bridge(callerLeg, buyerLeg);
  await Promise.all([more(buyer), more(caller)]);
});

test('a leg that is gone is not bridged, and the call goes on', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const call = await bench.call(caller, buyer);
  const gone = await call.session.createLeg('buyer');
  gone.close();
  await expect(call.session.bridge(call.callerLeg, gone)).rejects.toThrow(MediaUnavailable);
  caller.speak(call.callerSends, 1);
  buyer.speak(call.buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
  expect(call.lost).toEqual([]);
  call.session.close();
  await call.session.bridge(call.callerLeg, gone);
});

describe('beside a call that goes on', () => {
  async function consultation(): Promise<{
    readonly told: string[];
    /** Packets of the buyer's leg, each time that quality was told. */
    readonly received: (number | undefined)[];
    readonly hears: () => Promise<unknown>;
    readonly session: MediaSession;
    readonly asking: Reached & { readonly peer: RtpPeer };
    readonly asked: Reached & { readonly peer: RtpPeer };
  }> {
    const peers = await Promise.all([1, 2, 3, 4].map(() => bench.peer()));
    const [caller, buyer, asks, isAsked] = peers as [RtpPeer, RtpPeer, RtpPeer, RtpPeer];
    const told: string[] = [];
    const received: (number | undefined)[] = [];
    const listener: CallOptions['listener'] = {
      onConsultLost: () => told.push('consultation lost'),
      onOneWayAudio: (leg) => told.push(`one way: ${leg}`),
      onQuality: ({ buyer }) => received.push(buyer?.packetsReceived),
    };
    const call = await bench.call(caller, buyer, { listener });
    caller.speak(call.callerSends, 1);
    buyer.speak(call.buyerSends, 2);
    const asking = await reach(call.session, asks, 'consult');
    const asked = await reach(call.session, isAsked);
    return {
      told,
      received,
      session: call.session,
      hears: async () => {
        await Promise.all([more(caller), more(buyer)]);
        expect([call.silent, call.lost]).toEqual([[], []]);
      },
      asking: { ...asking, peer: asks },
      asked: { ...asked, peer: isAsked },
    };
  }

  test('two who fall silent are told of once, as what they are', async () => {
    const { told, hears, session, asking, asked } = await consultation();
    await session.bridge(asking.leg, asked.leg);
    asking.peer.speak(asking.sends, 3);
    asked.peer.speak(asked.sends, 4);
    await until('they talk', () => asking.peer.marked(4) > 5 && asked.peer.marked(3) > 5);
    asking.peer.hush();
    asked.peer.hush();
    await until('the loss', () => told.length > 0);
    await hears();
    await aWhile(1_500);
    expect(told).toEqual(['consultation lost']);
  });

  test('how they do, and that one of them is not heard, is not told as of the call', async () => {
    const { told, received, hears, session, asking, asked } = await consultation();
    await hears();
    await session.bridge(asking.leg, asked.leg);
    asking.peer.speak(asking.sends, 3);
    watched = true;
    try {
      await until('several reports', () => received.length > 3);
    } finally {
      watched = false;
    }
    expect(received.every((packets) => packets !== undefined && packets > 0)).toBe(true);
    expect(told.filter((each) => each.startsWith('one way'))).toEqual([]);
  });

  test('a leg that loses its port is one consultation less', async () => {
    const { told, hears, session, asking, asked } = await consultation();
    await hears();
    const open = Carriage.open.bind(Carriage);
    jest
      .spyOn(Carriage, 'open')
      .mockImplementation((options) =>
        options.port === asked.sends ? Promise.reject(new Error('no RTCP port')) : open(options),
      );
    await session.bridge(asking.leg, asked.leg);
    asked.peer.speak(asked.sends, 4);
    await until('the loss', () => told.length > 0);
    await hears();
    expect(told).toEqual(['consultation lost']);
    await expect(session.bridge(asking.leg, asked.leg)).rejects.toThrow(MediaUnavailable);
  });

  test('a colleague whose leg is lost while it rings cannot be joined; others can', async () => {
    const { told, hears, session, asking, asked } = await consultation();
    asked.leg.close();
    await expect(session.bridge(asking.leg, asked.leg)).rejects.toThrow(MediaUnavailable);
    await hears();
    expect(told).toEqual([]);
  });
});

test('music ends when the next one is bridged, though nothing is heard of them yet', async () => {
  // Somebody else listens on: the music itself does not end.
  const [other, callee] = [await bench.peer(), await bench.peer()];
  const elsewhere = await bench.call(other, callee);
  other.speak(elsewhere.callerSends, 8);
  await elsewhere.session.play(elsewhere.callerLeg, 'hold');
  await more(other);

  const [caller, buyer, next] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const { session, callerLeg, buyerLeg, callerSends, buyerSends } = await bench.call(caller, buyer);
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
  await session.play(callerLeg, 'hold');
  session.unbridge(buyerLeg);
  await more(caller);
  const reached = await reach(session, next);
  await session.bridge(callerLeg, reached.leg);
  await silence(caller);
  next.speak(reached.sends, 3);
  await until('the next one', () => caller.marked(3) > 5);
});

test("the caller's port stays in the hands of one router while buyers come and go", async () => {
  const opened = jest.spyOn(Carriage, 'open');
  const [caller, first, second] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const call = await bench.call(caller, first, { early: true });
  const { session, callerLeg } = call;
  caller.speak(call.callerSends, 1);
  first.speak(call.buyerSends, 2);
  await until('early media', () => caller.marked(2) > 5 && first.marked(1) > 5);
  call.buyerLeg.close();
  first.hush();
  await aWhile();
  const next = await reach(session, second);
  await session.bridge(callerLeg, next.leg);
  second.speak(next.sends, 3);
  await until('the second buyer', () => caller.marked(3) > 5 && second.marked(1) > 5);
  const takenOver = opened.mock.calls.filter(([{ port }]) => port === call.callerSends);
  expect(takenOver).toHaveLength(1);
});

test('a later buyer who wants digits as nobody did before gets them', async () => {
  const [caller, first, second] = [await bench.peer(), await bench.peer(), await bench.peer()];
  const call = await bench.call(caller, first, { early: true });
  caller.speak(call.callerSends, 1);
  first.speak(call.buyerSends, 2);
  await until('early media', () => caller.marked(2) > 5 && first.marked(1) > 5);
  call.buyerLeg.close();
  const leg = await call.session.createLeg('buyer');
  const sends = portOf(sdpOf(leg.createOffer()));
  sdpOf(await leg.applyAnswer(second.sdp({ telephoneEvent: 110 })));
  await call.session.bridge(call.callerLeg, leg);
  second.speak(sends, 3);
  await until('the second buyer', () => caller.marked(3) > 5 && second.marked(1) > 5);
  await until('a digit', () => {
    caller.send(call.callerSends, 101, Buffer.from([5, 0x0a, 0, 160]));
    return second.heard.some(({ payloadType }) => payloadType === 110);
  });
});

test('how a call of carriers does is read while somebody watches', async () => {
  const [caller, buyer] = [await bench.peer(), await bench.peer()];
  const told: number[] = [];
  const listener = { onQuality: () => told.push(1) };
  const { callerSends, buyerSends } = await bench.call(caller, buyer, { listener });
  caller.speak(callerSends, 1);
  buyer.speak(buyerSends, 2);
  await until('audio', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
  await aWhile(1_000);
  expect(told).toEqual([]);
  watched = true;
  try {
    await until('the first report', () => told.length > 0);
  } finally {
    watched = false;
  }
});

test('before the answer nothing is told of quality', async () => {
  watched = true;
  try {
    const [caller, buyer] = [await bench.peer(), await bench.peer()];
    const told: number[] = [];
    const listener = { onQuality: () => told.push(1) };
    const call = await bench.call(caller, buyer, { early: true, listener });
    caller.speak(call.callerSends, 1);
    buyer.speak(call.buyerSends, 2);
    await until('early media', () => buyer.marked(1) > 5 && caller.marked(2) > 5);
    await aWhile(1_000);
    expect(told).toEqual([]);
    await call.session.bridge(call.callerLeg, call.buyerLeg);
    await until('the first report', () => told.length > 0);
  } finally {
    watched = false;
  }
});
