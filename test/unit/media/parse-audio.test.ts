import fc from 'fast-check';
import type { RemoteAudio } from '../../../src/media/sdp/audio-description';
import { parseAudio } from '../../../src/media/sdp/parse-audio';
import { SAMPLES } from './sdp-samples';

function audioOf(text: string): RemoteAudio {
  const parsed = parseAudio(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.audio;
}

const OLD = SAMPLES.staticOnly;

test.each<[keyof typeof SAMPLES, Partial<RemoteAudio>]>([
  [
    'carrierSbc',
    {
      address: '203.0.113.22',
      port: 21430,
      codecs: ['PCMU', 'PCMA'],
      telephoneEvent: 101,
      ptime: 20,
      rtcpPort: 21431,
    },
  ],
  ['asterisk', { codecs: ['PCMA', 'PCMU'], telephoneEvent: 101, direction: 'sendrecv', rtcpMux: false }],
  ['freeswitch', { codecs: ['PCMU', 'PCMA'], telephoneEvent: 101, rtcpMux: true, rtcpPort: 26718 }],
  ['baresip', { address: '192.168.1.20', codecs: ['PCMU', 'PCMA'], rtcpPort: 10035 }],
  ['sipp', { codecs: ['PCMU'], telephoneEvent: undefined, direction: 'sendrecv' }],
  ['staticOnly', { codecs: ['PCMA', 'PCMU'], telephoneEvent: undefined }],
  ['ipv6', { address: '2001:db8::10', telephoneEvent: 96 }],
  ['audioAndVideo', { address: '192.0.2.8', port: 5000, mediaIndex: 1 }],
  ['secureThenPlain', { port: 7002, mediaIndex: 1 }],
  ['oldHold', { direction: 'sendonly', address: '0.0.0.0' }],
])('the offer of %s is read', (name, expected) => {
  expect(audioOf(SAMPLES[name])).toMatchObject(expected);
});

test.each([
  ['browser', 'unsupported_transport'],
  ['faxOnly', 'no_audio'],
] as const)('the offer of %s is refused: %s', (name, reason) => {
  expect(parseAudio(SAMPLES[name])).toEqual({ ok: false, reason });
});

test.each([
  ['nothing at all', '', 'malformed'],
  ['a version that does not exist', OLD.replace('v=0', 'v=1'), 'malformed'],
  ['no address', OLD.replace('c=IN IP4 192.0.2.1\r\n', ''), 'malformed'],
  [
    'a name for an address',
    OLD.replace('c=IN IP4 192.0.2.1', 'c=IN IP4 media.example.net'),
    'unsupported_transport',
  ],
  ['a port that is too high', OLD.replace('4000', '70000'), 'malformed'],
  ['a media line that cannot be read', OLD.replace('m=audio 4000', 'm=audio'), 'malformed'],
  ['audio that is switched off', OLD.replace('m=audio 4000', 'm=audio 0'), 'no_audio'],
  ['other codecs only', OLD.replace('8 0', '18 4'), 'no_common_codec'],
  [
    'payload type 0 as another codec',
    OLD.replace('8 0', '0') + 'a=rtpmap:0 G722/8000\r\n',
    'no_common_codec',
  ],
  ['PCMU at another rate', OLD.replace('8 0', '0') + 'a=rtpmap:0 PCMU/16000\r\n', 'no_common_codec'],
  ['too long', OLD + 'a=x\r\n'.repeat(4_000), 'malformed'],
  ['too many media lines', OLD + 'm=audio 0 RTP/AVP 0\r\n'.repeat(20), 'malformed'],
] as const)('%s is refused', (_what, text, reason) => {
  expect(parseAudio(text)).toEqual({ ok: false, reason });
});

test('a direction of the session holds for audio that states none; its own goes first', () => {
  const session = OLD.replace('t=0 0\r\n', 't=0 0\r\na=inactive\r\n');
  expect(audioOf(session).direction).toBe('inactive');
  expect(audioOf(session + 'a=recvonly\r\n').direction).toBe('recvonly');
});

test('telephone-event at another clock, or not listed, is none', () => {
  const wide = OLD.replace('8 0', '0 101') + 'a=rtpmap:101 telephone-event/48000\r\n';
  expect(audioOf(wide).telephoneEvent).toBeUndefined();
  expect(audioOf(OLD + 'a=rtpmap:101 telephone-event/8000\r\n').telephoneEvent).toBeUndefined();
});

test('bytes from the network never throw', () => {
  const samples = Object.values(SAMPLES);
  fc.assert(
    fc.property(
      fc.constantFrom(...samples),
      fc.array(fc.tuple(fc.nat(), fc.nat(40), fc.string({ unit: 'binary', maxLength: 12 })), {
        maxLength: 4,
      }),
      (sample, cuts) => {
        const text = cuts.reduce((before, [at, length, insert]) => {
          const from = at % (before.length + 1);
          return before.slice(0, from) + insert + before.slice(from + length);
        }, sample as string);
        const parsed = parseAudio(text);
        if (!parsed.ok) return;
        expect(parsed.audio.codecs.length).toBeGreaterThan(0);
        expect(parsed.audio.port).toBeGreaterThan(0);
        expect(parsed.audio.port).toBeLessThan(65_536);
        expect(parsed.audio.media[parsed.audio.mediaIndex]?.type).toBe('audio');
      },
    ),
    { numRuns: 2_000 },
  );
});
