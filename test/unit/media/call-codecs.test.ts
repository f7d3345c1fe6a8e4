import fc from 'fast-check';
import type { AudioCodec, RemoteAudio } from '../../../src/media/sdp/audio-description';
import { CallCodecs } from '../../../src/media/sdp/call-codecs';

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
  call.offeredBy('caller', remote(['PCMA', 'PCMU'], 96, 30));
  expect(call.offer('buyer')).toEqual({ codecs: ['PCMA', 'PCMU'], telephoneEvent: 96, ptime: 30 });
});

test("the caller is answered with what the buyer chose, under the caller's own payload type for digits", () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU', 'PCMA'], 96);
  call.offeredBy('caller', caller);
  expect(call.answeredBy('buyer', remote(['PCMA'], 101), call.offer('buyer'))).toBe(true);
  expect(call.answer('caller', caller)).toMatchObject({ codecs: ['PCMA'], telephoneEvent: 96 });
});

test('digits are agreed only where both sides have them', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU'], 101);
  call.offeredBy('caller', caller);
  call.answeredBy('buyer', remote(['PCMU']), call.offer('buyer'));
  expect(call.answer('caller', caller)?.telephoneEvent).toBeUndefined();
  const without = new CallCodecs();
  without.offeredBy('caller', remote(['PCMU']));
  expect(without.offer('buyer').telephoneEvent).toBeUndefined();
});

test('before the caller was told a codec, the next buyer is offered them all again', () => {
  const call = new CallCodecs();
  call.offeredBy('caller', remote(['PCMU', 'PCMA']));
  call.answeredBy('buyer', remote(['PCMA']), call.offer('buyer'));
  expect(call.offer('buyer').codecs).toEqual(['PCMU', 'PCMA']);
});

test('after it was told one (early media), the next buyer is offered that one alone', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU', 'PCMA']);
  call.offeredBy('caller', caller);
  call.answeredBy('buyer', remote(['PCMA']), call.offer('buyer'));
  call.answer('caller', caller);
  expect(call.offer('buyer').codecs).toEqual(['PCMA']);
  expect(call.answeredBy('buyer', remote(['PCMU']), call.offer('buyer'))).toBe(false);
  expect(call.answer('caller', caller)?.codecs).toEqual(['PCMA']);
});

test('late offer: the caller is offered what the buyer chose, and its answer stands', () => {
  const call = new CallCodecs();
  expect(call.offer('buyer')).toEqual({ codecs: ['PCMU', 'PCMA'], telephoneEvent: 101, ptime: undefined });
  call.answeredBy('buyer', remote(['PCMA', 'PCMU'], 101), call.offer('buyer'));
  const offer = call.offer('caller');
  expect(offer).toMatchObject({ codecs: ['PCMA'], telephoneEvent: 101 });
  expect(call.answeredBy('caller', remote(['PCMA'], 110), offer)).toBe(true);
  expect(call.codec).toBe('PCMA');
});

test('a re-INVITE without the codec of the call is refused and changes nothing', () => {
  const call = new CallCodecs();
  const caller = remote(['PCMU']);
  call.offeredBy('caller', caller);
  call.answeredBy('buyer', remote(['PCMU']), call.offer('buyer'));
  call.answer('caller', caller);
  expect(call.offeredBy('buyer', remote(['PCMA']))).toBe(false);
  expect(call.codec).toBe('PCMU');
  expect(call.offeredBy('buyer', remote(['PCMA', 'PCMU']))).toBe(true);
  expect(call.answer('buyer', remote(['PCMA', 'PCMU']))?.codecs).toEqual(['PCMU']);
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
        call.offeredBy('caller', caller);
        let told: AudioCodec | undefined;
        for (const buyer of buyers) {
          const offer = call.offer('buyer');
          expect(offer.codecs.every((codec) => callerCodecs.includes(codec))).toBe(true);
          const accepted = call.answeredBy('buyer', remote(buyer.codecs, buyer.events), offer);
          expect(accepted).toBe(buyer.codecs.some((codec) => offer.codecs.includes(codec)));
          if (!accepted) continue;
          expect(
            call.common().every((codec) => callerCodecs.includes(codec) && buyer.codecs.includes(codec)),
          ).toBe(true);
          if (!buyer.early) continue;
          const answer = call.answer('caller', caller);
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
