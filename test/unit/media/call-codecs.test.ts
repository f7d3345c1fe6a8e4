import fc from 'fast-check';
import type { AudioCodec, RemoteAudio } from '../../../src/media/sdp/audio-description';
import type { Party } from '../../../src/media/sdp/call-codecs';
import { CallCodecs } from '../../../src/media/sdp/call-codecs';

const CALLER: Party = { role: 'caller' };
const BUYER: Party = { role: 'buyer' };

function remote(codecs: readonly AudioCodec[], telephoneEvent?: number, ptime?: number): RemoteAudio {
  return {
    address: '192.0.2.1',
    port: 4000,
    rtcpPort: 4001,
    rtcpMux: false,
    codecs,
    telephoneEvent,
    ptime,
    direction: 'sendrecv',
    mediaIndex: 0,
    media: [{ type: 'audio', protocol: 'RTP/AVP', payloads: '0' }],
  };
}

const codecs = fc.constantFrom<readonly AudioCodec[]>(['PCMU'], ['PCMA'], ['PCMU', 'PCMA'], ['PCMA', 'PCMU']);
const events = fc.option(fc.integer({ min: 96, max: 127 }), { nil: undefined });

test("a buyer is offered what the caller offered, in the caller's order", () => {
  const call = new CallCodecs();
  call.offeredBy(CALLER, remote(['PCMA', 'PCMU'], 96, 30));
  expect(call.offer(BUYER)).toEqual({ codecs: ['PCMA', 'PCMU'], telephoneEvent: 96, ptime: 30 });
});

test("the caller is answered with what the buyer chose, under the caller's own payload type for digits", () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU', 'PCMA'], 96);
  call.offeredBy(CALLER, caller);
  expect(call.answeredBy(BUYER, remote(['PCMA'], 101), call.offer(BUYER))).toBe(true);
  expect(call.answer(CALLER, caller)).toMatchObject({ codecs: ['PCMA'], telephoneEvent: 96 });
});

test('digits are agreed only where both sides have them', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU'], 101);
  call.offeredBy(CALLER, caller);
  call.answeredBy(BUYER, remote(['PCMU']), call.offer(BUYER));
  expect(call.answer(CALLER, caller)?.telephoneEvent).toBeUndefined();
  const without = new CallCodecs();
  without.offeredBy(CALLER, remote(['PCMU']));
  expect(without.offer(BUYER).telephoneEvent).toBeUndefined();
});

test('before the caller was told a codec, the next buyer is offered them all again', () => {
  const call = new CallCodecs();
  call.offeredBy(CALLER, remote(['PCMU', 'PCMA']));
  call.answeredBy(BUYER, remote(['PCMA']), call.offer(BUYER));
  expect(call.offer(BUYER).codecs).toEqual(['PCMU', 'PCMA']);
});

test('after it was told one (early media), the next buyer is offered that one alone', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU', 'PCMA']);
  call.offeredBy(CALLER, caller);
  call.answeredBy(BUYER, remote(['PCMA']), call.offer(BUYER));
  call.answer(CALLER, caller);
  expect(call.offer(BUYER).codecs).toEqual(['PCMA']);
  expect(call.answeredBy(BUYER, remote(['PCMU']), call.offer(BUYER))).toBe(false);
  expect(call.answer(CALLER, caller)?.codecs).toEqual(['PCMA']);
});

test('late offer: the caller is offered what the buyer chose, and its answer stands', () => {
  const call = new CallCodecs();
  expect(call.offer(BUYER)).toEqual({ codecs: ['PCMU', 'PCMA'], telephoneEvent: 101, ptime: undefined });
  call.answeredBy(BUYER, remote(['PCMA', 'PCMU'], 101), call.offer(BUYER));
  const offer = call.offer(CALLER);
  expect(offer).toMatchObject({ codecs: ['PCMA'], telephoneEvent: 101 });
  expect(call.answeredBy(CALLER, remote(['PCMA'], 110), offer)).toBe(true);
  expect(call.codec).toBe('PCMA');
});

test('a re-INVITE without the codec of the call is refused and changes nothing', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU']);
  call.offeredBy(CALLER, caller);
  call.answeredBy(BUYER, remote(['PCMU']), call.offer(BUYER));
  call.answer(CALLER, caller);
  expect(call.offeredBy(BUYER, remote(['PCMA']))).toBe(false);
  expect(call.codec).toBe('PCMU');
  expect(call.offeredBy(BUYER, remote(['PCMA', 'PCMU']))).toBe(true);
  expect(call.answer(BUYER, remote(['PCMA', 'PCMU']))?.codecs).toEqual(['PCMU']);
});

test('law: whatever is agreed, both sides listed it, and one codec holds from the first answer on', () => {
  fc.assert(
    fc.property(
      codecs,
      events,
      fc.array(fc.record({ codecs, events, early: fc.boolean() }), { minLength: 1, maxLength: 4 }),
      (callerCodecs, callerEvents, buyers) => {
        const call = new CallCodecs();
        const caller = remote(callerCodecs, callerEvents);
        call.offeredBy(CALLER, caller);
        let told: AudioCodec | undefined;
        for (const buyer of buyers) {
          const offer = call.offer(BUYER);
          expect(offer.codecs.every((codec) => callerCodecs.includes(codec))).toBe(true);
          const accepted = call.answeredBy(BUYER, remote(buyer.codecs, buyer.events), offer);
          expect(accepted).toBe(buyer.codecs.some((codec) => offer.codecs.includes(codec)));
          if (!accepted) continue;
          expect(
            call
              .common(CALLER, BUYER)
              .every((codec) => callerCodecs.includes(codec) && buyer.codecs.includes(codec)),
          ).toBe(true);
          if (!buyer.early) continue;
          const answer = call.answer(CALLER, caller);
          expect(answer?.codecs).toHaveLength(1);
          const [codec] = answer?.codecs ?? [];
          expect(told === undefined || told === codec).toBe(true);
          told = codec;
          expect(answer?.telephoneEvent).toBe(buyer.events === undefined ? undefined : callerEvents);
        }
      },
    ),
  );
});

describe('browsers and teams', () => {
  const browser = (): Party => ({ role: 'buyer', oneCodec: true });

  test('a browser is offered one codec, and whoever rings beside it the same', () => {
    const call = new CallCodecs();
    call.offeredBy(CALLER, remote(['PCMA', 'PCMU'], 96));
    const [first, phone] = [browser(), BUYER];
    expect(call.offer(first).codecs).toEqual(['PCMA']);
    expect(call.offer(phone).codecs).toEqual(['PCMA']);
    call.forget(first);
    expect(call.offer(phone).codecs).toEqual(['PCMA', 'PCMU']);
  });

  test('the caller who is answered before anybody else is answered with what browsers were offered', () => {
    const call = new CallCodecs();
    call.offeredBy(CALLER, remote(['PCMU', 'PCMA']));
    call.answeredBy(BUYER, remote(['PCMA']), call.offer(BUYER));
    call.forget(BUYER);
    call.offer(browser());
    expect(call.answer(CALLER, remote(['PCMU', 'PCMA']))?.codecs).toEqual(['PCMU']);
  });

  test('who answers with another codec than the caller was told meanwhile is of no use', () => {
    const call = new CallCodecs();
    const caller = remote(['PCMU', 'PCMA']);
    call.offeredBy(CALLER, caller);
    const [one, two]: Party[] = [{ role: 'buyer' }, { role: 'buyer' }];
    if (!one || !two) throw new Error('two phones');
    const [toOne, toTwo] = [call.offer(one), call.offer(two)];
    call.answeredBy(one, remote(['PCMU']), toOne);
    call.answer(CALLER, caller);
    expect(call.answeredBy(two, remote(['PCMA']), toTwo)).toBe(false);
    expect(call.answeredBy(two, remote(['PCMA', 'PCMU']), toTwo)).toBe(true);
    expect(call.common(CALLER, two)).toEqual(['PCMU', 'PCMA']);
  });

  test('whoever the buyer asks is offered the codec of the call, and the caller’s digits', () => {
    const call = new CallCodecs();
    const caller = remote(['PCMA'], 96);
    call.offeredBy(CALLER, caller);
    call.answeredBy(BUYER, remote(['PCMA'], 101), call.offer(BUYER));
    call.answer(CALLER, caller);
    const second: Party = { role: 'buyer', oneCodec: true };
    expect(call.offeredBy(second, remote(['PCMU']))).toBe(false);
    expect(call.offeredBy(second, remote(['PCMU', 'PCMA'], 126))).toBe(true);
    expect(call.answer(second, remote(['PCMU', 'PCMA'], 126))).toMatchObject({
      codecs: ['PCMA'],
      telephoneEvent: 126,
    });
    expect(call.offer({ role: 'consult' })).toMatchObject({ codecs: ['PCMA'], telephoneEvent: 96 });
  });
});

test('a supervisor is offered the codec of the call, and changes nothing of what the two have in common', () => {
  const call = new CallCodecs();
  const supervisor: Party = { role: 'supervisor' };
  const caller = remote(['PCMU', 'PCMA'], 96, 20);
  call.offeredBy(CALLER, caller);
  call.answeredBy(BUYER, remote(['PCMA'], 101, 30), call.offer(BUYER));
  const answer = call.answer(CALLER, caller);
  expect(call.offer(supervisor).codecs).toEqual(['PCMA']);
  expect(call.answeredBy(supervisor, remote(['PCMU']), call.offer(supervisor))).toBe(false);
  expect(call.answeredBy(supervisor, remote(['PCMA'], undefined, 40), call.offer(supervisor))).toBe(true);
  expect(call.answer(CALLER, caller)).toEqual(answer);
});
