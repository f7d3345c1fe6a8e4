import fc from 'fast-check';
import { parse } from 'sdp-transform';
import type { Direction, LocalAudio, RemoteAudio } from '../../../src/media/sdp/audio-description';
import { answerDirection } from '../../../src/media/sdp/direction';
import { parseAudio } from '../../../src/media/sdp/parse-audio';
import { writeAudio } from '../../../src/media/sdp/write-audio';
import { SAMPLES } from './sdp-samples';

function audioOf(text: string): RemoteAudio {
  const parsed = parseAudio(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.audio;
}

const LOCAL: LocalAudio = {
  sessionId: 77,
  version: 1,
  address: '192.0.2.100',
  port: 20_000,
  rtcpMux: false,
  codecs: ['PCMU'],
  telephoneEvent: 101,
  ptime: undefined,
  direction: 'sendrecv',
};

const direction = fc.constantFrom<Direction>('sendrecv', 'sendonly', 'recvonly', 'inactive');

test('an offer in full', () => {
  expect(writeAudio(LOCAL).split('\r\n')).toEqual([
    'v=0',
    'o=- 77 1 IN IP4 192.0.2.100',
    's=-',
    'c=IN IP4 192.0.2.100',
    't=0 0',
    'm=audio 20000 RTP/AVP 0 101',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=ptime:20',
    'a=sendrecv',
    '',
  ]);
});

test('what is written is what is read', () => {
  fc.assert(
    fc.property(
      fc.record({
        sessionId: fc.nat(),
        version: fc.nat(),
        address: fc.oneof(
          fc.ipV4().filter((ip) => ip !== '0.0.0.0'),
          fc.ipV6().filter((ip) => ip !== '::'),
        ),
        port: fc.integer({ min: 1, max: 65_534 }),
        rtcpMux: fc.boolean(),
        codecs: fc.constantFrom<LocalAudio['codecs']>(['PCMU'], ['PCMA'], ['PCMU', 'PCMA'], ['PCMA', 'PCMU']),
        telephoneEvent: fc.option(fc.integer({ min: 96, max: 127 }), { nil: undefined }),
        ptime: fc.integer({ min: 10, max: 60 }),
        direction,
      }),
      (local) => {
        const { address, port, rtcpMux, codecs, telephoneEvent, ptime, direction } = local;
        expect(audioOf(writeAudio(local))).toMatchObject({
          address,
          port,
          rtcpMux,
          codecs,
          telephoneEvent,
          ptime,
          direction,
        });
      },
    ),
  );
});

test('an answer has the media lines of the offer, in order, and takes the audio alone', () => {
  for (const sample of Object.values(SAMPLES)) {
    const parsed = parseAudio(sample);
    if (!parsed.ok) continue;
    const offer = parse(sample).media;
    const answer = parse(writeAudio(LOCAL, parsed.audio)).media;
    expect(answer.map(({ type, protocol }) => [type, protocol])).toEqual(
      offer.map(({ type, protocol }) => [type, protocol]),
    );
    const taken = answer.map(({ port }) => port > 0);
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(taken[parsed.audio.mediaIndex]).toBe(true);
  }
});

test('a direction is answered so that neither sends what the other does not want (RFC 3264 §6.1)', () => {
  const sends = (d: Direction): boolean => d === 'sendrecv' || d === 'sendonly';
  const receives = (d: Direction): boolean => d === 'sendrecv' || d === 'recvonly';
  fc.assert(
    fc.property(direction, (offered) => {
      const answered = answerDirection(offered);
      expect(sends(answered)).toBe(receives(offered));
      expect(receives(answered)).toBe(sends(offered));
    }),
  );
});
