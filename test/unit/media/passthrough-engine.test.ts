import type { MediaEngine } from '../../../src/media';
import { MediaUnavailable, PassthroughEngine } from '../../../src/media';
import { SAMPLES } from './sdp-samples';

const engineOf = (): MediaEngine => new PassthroughEngine();
const silent = { onMediaLost: () => undefined, onRtpTimeout: () => undefined };

test("each side is handed the other's description as it is, and nothing is left after", async () => {
  const engine = engineOf();
  const session = engine.openSession('call', silent);
  const caller = await session.createLeg('caller');
  expect(caller.createOffer()).toEqual({ ok: false, reason: 'no_audio' });
  caller.receiveOffer(SAMPLES.carrierSbc);
  const first = await session.createLeg('buyer');
  expect(first.createOffer()).toEqual({ ok: true, sdp: SAMPLES.carrierSbc });
  first.close();
  const second = await session.createLeg('buyer');
  expect(await second.applyAnswer(SAMPLES.asterisk)).toMatchObject({ ok: true });
  expect(await caller.createAnswer()).toEqual({ ok: true, sdp: SAMPLES.asterisk });
  await session.bridge(caller, second);
  expect(session.lastMediaAt()).toBeUndefined();
  expect(engine.stats()).toEqual({ sessions: 1, legs: 2, ports: 0 });
  session.close();
  session.close();
  expect(engine.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
});

test('what is no description is refused', async () => {
  const leg = await engineOf().openSession('call', silent).createLeg('caller');
  expect(leg.receiveOffer('hello')).toEqual({ ok: false, reason: 'malformed' });
});

test('what a side wants is known: hold', async () => {
  const leg = await engineOf().openSession('call', silent).createLeg('caller');
  leg.receiveOffer(`${SAMPLES.sipp}a=sendonly\r\n`);
  expect(leg.remoteDirection()).toBe('sendonly');
});

test('a side that is put on hold is told so in descriptions of ours, each newer than the last', async () => {
  const session = engineOf().openSession('call', silent);
  const caller = await session.createLeg('caller');
  const buyer = await session.createLeg('buyer');
  caller.receiveOffer(SAMPLES.sipp);
  const sdpOf = (): string => {
    const offer = buyer.createOffer();
    return offer.ok ? offer.sdp : '';
  };
  const versionOf = (sdp: string): number => Number(/^o=\S+ \S+ (\d+)/m.exec(sdp)?.[1]);
  const before = sdpOf();
  buyer.hold(true);
  buyer.hold(true);
  const held = sdpOf();
  expect(held).toMatch(/^a=inactive\r\n/m);
  expect(held).not.toMatch(/^a=sendrecv/m);
  expect(versionOf(held)).toBe(versionOf(before) + 1);
  buyer.hold(false);
  expect(sdpOf().replace(/^o=.*$/m, '')).toBe(before.replace(/^o=.*$/m, ''));
  expect(versionOf(sdpOf())).toBe(versionOf(before) + 2);
});

test('it has no sounds, and browsers cannot be joined to carriers', async () => {
  const session = engineOf().openSession('call', silent);
  const leg = await session.createLeg('caller');
  await expect(session.play(leg, 'hold')).rejects.toThrow(MediaUnavailable);
  await expect(session.createLeg('buyer', { transport: 'webrtc' })).rejects.toThrow(MediaUnavailable);
});
