import fc from 'fast-check';
import { parse } from 'sdp-transform';
import type { LocalWebRtc, RemoteWebRtc } from '../../../src/media/sdp/audio-description';
import { parseWebRtc } from '../../../src/media/sdp/parse-webrtc';
import { writeWebRtc } from '../../../src/media/sdp/write-webrtc';
import { SAMPLES } from './sdp-samples';

const HASH = Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(':');

const LOCAL: LocalWebRtc = {
  sessionId: 77,
  version: 1,
  codecs: ['PCMU'],
  telephoneEvent: 101,
  ptime: undefined,
  direction: 'sendrecv',
  ice: { usernameFragment: 'ufragOfOurs', password: 'passwordOfOurs0123456789' },
  candidates: [
    {
      foundation: 'udpcandidate',
      priority: 1_076_302_079,
      address: '192.0.2.100',
      protocol: 'udp',
      port: 50_000,
    },
    {
      foundation: 'tcpcandidate',
      priority: 1_076_276_479,
      address: '192.0.2.100',
      protocol: 'tcp',
      port: 50_000,
    },
  ],
  fingerprint: { algorithm: 'sha-256', value: HASH },
  setup: 'actpass',
  mid: '0',
  bundled: true,
};

function read(text: string): RemoteWebRtc {
  const parsed = parseWebRtc(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.audio;
}

const lines = (...text: string[]): string => `${text.join('\r\n')}\r\n`;

const FIELD = {
  chromium: lines(
    'v=0',
    'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS',
    'm=audio 56143 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126',
    'c=IN IP4 203.0.113.5',
    'a=rtcp:9 IN IP4 0.0.0.0',
    'a=candidate:1 1 udp 2113937151 6f2c1e5e.local 56143 typ host generation 0',
    'a=candidate:2 1 udp 33562367 203.0.113.5 56143 typ relay raddr 198.51.100.2 rport 4001 generation 0',
    'a=ice-ufrag:c2eS',
    'a=ice-pwd:O3pOByufxjIQMHJBQtbJsYYJ',
    'a=ice-options:trickle',
    `a=fingerprint:sha-256 ${HASH}`,
    'a=setup:actpass',
    'a=mid:0',
    'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
    'a=sendrecv',
    'a=msid:- 6c44e749-bd2e-41d4-aabe-2687ebd32661',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    'a=rtpmap:63 red/48000/2',
    'a=rtpmap:9 G722/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:13 CN/8000',
    'a=rtpmap:110 telephone-event/48000',
    'a=rtpmap:126 telephone-event/8000',
    'a=ssrc:2538507010 cname:p2cmTnSE6VxVN0GL',
    'a=ssrc:2538507010 msid:- 6c44e749-bd2e-41d4-aabe-2687ebd32661',
  ),
  firefox: lines(
    'v=0',
    'o=mozilla...THIS_IS_SDPARTA-99.0 893470987 0 IN IP4 0.0.0.0',
    's=-',
    't=0 0',
    `a=fingerprint:sha-256 ${HASH.toLowerCase()}`,
    'a=group:BUNDLE 0',
    'a=ice-options:trickle',
    'a=msid-semantic:WMS *',
    'm=audio 49152 UDP/TLS/RTP/SAVPF 8 0 101',
    'c=IN IP4 198.51.100.2',
    'a=candidate:0 1 UDP 2122252543 198.51.100.2 49152 typ host',
    'a=sendrecv',
    'a=end-of-candidates',
    'a=fmtp:101 0-15',
    'a=ice-pwd:4c3e9b1fa0f7c5a3a1a5c4a0d8a9f6b2',
    'a=ice-ufrag:1f2e3d4c',
    'a=mid:0',
    'a=msid:{5e0b} {77aa}',
    'a=rtcp-mux',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000/1',
    'a=setup:active',
    'a=ssrc:3735928559 cname:{1234}',
  ),
} as const;

test("Chromium's offer", () => {
  expect(read(FIELD.chromium)).toMatchObject({
    codecs: ['PCMU', 'PCMA'],
    telephoneEvent: 126,
    direction: 'sendrecv',
    ice: { usernameFragment: 'c2eS', password: 'O3pOByufxjIQMHJBQtbJsYYJ' },
    fingerprints: [{ algorithm: 'sha-256', value: HASH }],
    setup: 'actpass',
    mid: '0',
    bundled: true,
    ssrc: 2_538_507_010,
  });
});

test("Firefox's answer, whose fingerprint stands above the media", () => {
  expect(read(FIELD.firefox)).toMatchObject({
    codecs: ['PCMA', 'PCMU'],
    telephoneEvent: 101,
    fingerprints: [{ algorithm: 'sha-256', value: HASH }],
    setup: 'active',
    ssrc: 3_735_928_559,
  });
});

test.each([
  ['no ICE password', /a=ice-pwd.*\r\n/, '', 'malformed'],
  ['a short ICE password', /a=ice-pwd:.*\r\n/, 'a=ice-pwd:short\r\n', 'malformed'],
  ['no ICE user', /a=ice-ufrag.*\r\n/, '', 'malformed'],
  ['no fingerprint', /a=fingerprint.*\r\n/, '', 'malformed'],
  ['a fingerprint that is none', /a=fingerprint.*\r\n/, 'a=fingerprint:sha-256 AA:BB\r\n', 'malformed'],
  ['a hash of old', /sha-256/, 'sha-1', 'unsupported_transport'],
  ['RTCP on another port', /a=rtcp-mux\r\n/, '', 'unsupported_transport'],
  ['a stream without its number', /a=ssrc.*\r\n/g, '', 'unsupported_transport'],
  ['plain RTP', /UDP\/TLS\/RTP\/SAVPF/, 'RTP/AVP', 'unsupported_transport'],
  ['another codec alone', /SAVPF .*\r\n/, 'SAVPF 111\r\n', 'no_common_codec'],
  ['audio that is refused', /m=audio \d+/, 'm=audio 0', 'no_audio'],
])('refused: %s', (_, from, to, reason) => {
  expect(parseWebRtc(FIELD.chromium.replace(from, to))).toEqual({ ok: false, reason });
});

test('who sends nothing need not number it', () => {
  const held = FIELD.chromium.replace('a=sendrecv', 'a=recvonly').replace(/a=ssrc.*\r\n/g, '');
  expect(read(held)).toMatchObject({ direction: 'recvonly', ssrc: undefined });
});

test('an offer in full', () => {
  expect(writeWebRtc(LOCAL).split('\r\n')).toEqual([
    'v=0',
    'o=- 77 1 IN IP4 192.0.2.100',
    's=-',
    't=0 0',
    'a=ice-lite',
    'a=msid-semantic: WMS *',
    'a=group:BUNDLE 0',
    'm=audio 50000 UDP/TLS/RTP/SAVPF 0 101',
    'c=IN IP4 192.0.2.100',
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-15',
    'a=setup:actpass',
    'a=mid:0',
    'a=msid:exchange audio',
    'a=ptime:20',
    'a=sendrecv',
    'a=ice-ufrag:ufragOfOurs',
    'a=ice-pwd:passwordOfOurs0123456789',
    `a=fingerprint:sha-256 ${HASH}`,
    'a=candidate:udpcandidate 1 udp 1076302079 192.0.2.100 50000 typ host',
    'a=candidate:tcpcandidate 1 tcp 1076276479 192.0.2.100 50000 typ host tcptype passive',
    'a=end-of-candidates',
    'a=rtcp-mux',
    '',
  ]);
});

test('an answer has the media lines and the bundle of the offer, and takes the audio alone', () => {
  const offered = FIELD.chromium
    .replace('BUNDLE 0', 'BUNDLE v 0')
    .replace('m=audio', 'm=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\nm=audio');
  const offer = read(offered);
  const answer = parse(
    writeWebRtc({ ...LOCAL, setup: 'active', mid: offer.mid, bundled: offer.bundled }, offer),
  );
  expect(answer.groups).toEqual([{ type: 'BUNDLE', mids: 0 }]);
  expect(answer.media.map(({ type, port, mid }) => [type, port > 0, String(mid)])).toEqual([
    ['video', false, 'v'],
    ['audio', true, '0'],
  ]);
  expect(answer.media[1]?.setup).toBe('active');
});

test('law: whatever stands in a description, reading it answers, and never throws', () => {
  const texts = [...Object.values(FIELD), ...Object.values(SAMPLES)];
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.nat(),
      fc.nat(60),
      fc.string({ unit: 'binary', maxLength: 30 }),
      (text, at, cut, filling) => {
        const start = at % text.length;
        const parsed = parseWebRtc(text.slice(0, start) + filling + text.slice(start + cut));
        if (!parsed.ok) return expect(parsed.reason).not.toBe('');
        const { audio } = parsed;
        expect(audio.codecs.length).toBeGreaterThan(0);
        expect(audio.media[audio.mediaIndex]?.type).toBe('audio');
        // What can be read can be answered.
        const answer = writeWebRtc({ ...LOCAL, mid: audio.mid, bundled: audio.bundled }, audio);
        expect(parse(answer).media).toHaveLength(audio.media.length);
      },
    ),
    { numRuns: 2_000 },
  );
});
