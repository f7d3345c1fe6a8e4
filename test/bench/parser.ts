/**
 * How many SIP messages one core reads in a second: `parseMessage` next to the parser of drachtio-srf,
 * the same texts, in rounds that take turns; each figure is the median round. Prints a table, and as
 * its last line one JSON object. Nothing here is a pass or fail.
 */
import { parseMessage, validateMessage } from '../../src/sip-server/message';

// eslint-disable-next-line @typescript-eslint/no-require-imports -- a file of the package without types
const drachtio = require('drachtio-srf/lib/sip-parser/parser') as {
  parseSipMessage(text: string, lazy: boolean): object | undefined;
};

const ROUNDS = 16;
const MESSAGES_A_ROUND = 20_000;

const SDP = [
  'v=0',
  'o=carrier 4711 4711 IN IP4 203.0.113.10',
  's=-',
  'c=IN IP4 203.0.113.10',
  't=0 0',
  'm=audio 40000 RTP/AVP 0 8 101',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
  'a=rtpmap:101 telephone-event/8000',
  'a=fmtp:101 0-15',
  'a=ptime:20',
  'a=sendrecv',
  '',
].join('\r\n');

function message(head: readonly string[], body = ''): string {
  return [...head, `Content-Length: ${body.length}`, '', body].join('\r\n');
}

/** The messages of one call as a carrier sends them, and a REGISTER. */
const MESSAGES: readonly string[] = [
  message(
    [
      'INVITE sip:+18005550100@203.0.113.1:5060;user=phone SIP/2.0',
      'Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK-524287-1---6fbd1a9e0c4d8c5c;rport',
      'Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK2d4790.1;received=198.51.100.7',
      'Max-Forwards: 69',
      'Record-Route: <sip:203.0.113.10;lr;ftag=as4f9d6d0e>',
      'From: "NEW YORK NY" <sip:+12125551234@203.0.113.10;user=phone>;tag=as4f9d6d0e',
      'To: <sip:+18005550100@203.0.113.1;user=phone>',
      'Call-ID: 3c26700c1adb-7x1v5wl0ixmz@198.51.100.7',
      'CSeq: 102 INVITE',
      'Contact: <sip:+12125551234@203.0.113.10:5060;transport=udp>',
      'P-Asserted-Identity: <sip:+12125551234@203.0.113.10>',
      'X-Campaign: medicare-2026',
      'Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, OPTIONS, REFER',
      'Supported: timer, 100rel, replaces',
      'Session-Expires: 1800;refresher=uac',
      'Min-SE: 90',
      'User-Agent: Carrier SBC 7.2',
      'Content-Type: application/sdp',
    ],
    SDP,
  ),
  message([
    'SIP/2.0 180 Ringing',
    'Via: SIP/2.0/UDP 203.0.113.1:5060;rport=5060;branch=z9hG4bK7a1f;received=203.0.113.1',
    'From: <sip:+12125551234@203.0.113.1>;tag=8x2',
    'To: <sip:buyer@192.0.2.20>;tag=6ff',
    'Call-ID: 0d6f62c1-9a5e-4d6b-8f4a-2a8d6a1c1f00',
    'CSeq: 1 INVITE',
    'Contact: <sip:buyer@192.0.2.20:5060>',
    'User-Agent: Buyer PBX',
  ]),
  message(
    [
      'SIP/2.0 200 OK',
      'Via: SIP/2.0/UDP 203.0.113.1:5060;rport=5060;branch=z9hG4bK7a1f;received=203.0.113.1',
      'From: <sip:+12125551234@203.0.113.1>;tag=8x2',
      'To: <sip:buyer@192.0.2.20>;tag=6ff',
      'Call-ID: 0d6f62c1-9a5e-4d6b-8f4a-2a8d6a1c1f00',
      'CSeq: 1 INVITE',
      'Contact: <sip:buyer@192.0.2.20:5060>',
      'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS',
      'Content-Type: application/sdp',
    ],
    SDP,
  ),
  message([
    'ACK sip:+18005550100@203.0.113.1:5060 SIP/2.0',
    'Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bK-524287-1---77;rport',
    'Max-Forwards: 70',
    'From: "NEW YORK NY" <sip:+12125551234@203.0.113.10;user=phone>;tag=as4f9d6d0e',
    'To: <sip:+18005550100@203.0.113.1;user=phone>;tag=q1w2e3',
    'Call-ID: 3c26700c1adb-7x1v5wl0ixmz@198.51.100.7',
    'CSeq: 102 ACK',
  ]),
  message([
    'BYE sip:+18005550100@203.0.113.1:5060 SIP/2.0',
    'v: SIP/2.0/TCP 203.0.113.10:5060;branch=z9hG4bK-524287-1---78;rport',
    'Max-Forwards: 70',
    'f: "NEW YORK NY" <sip:+12125551234@203.0.113.10;user=phone>;tag=as4f9d6d0e',
    't: <sip:+18005550100@203.0.113.1;user=phone>;tag=q1w2e3',
    'i: 3c26700c1adb-7x1v5wl0ixmz@198.51.100.7',
    'CSeq: 103 BYE',
    'Reason: Q.850;cause=16;text="Normal call clearing"',
  ]),
  message([
    'REGISTER sip:example.com SIP/2.0',
    'Via: SIP/2.0/WSS 4k3j5h.invalid;branch=z9hG4bK4893283',
    'Max-Forwards: 69',
    'To: <sip:alice@example.com>',
    'From: <sip:alice@example.com>;tag=2ke9ahr3ek',
    'Call-ID: 9q8w7e6r5t',
    'CSeq: 81 REGISTER',
    'Authorization: Digest algorithm=SHA-256, username="alice", realm="example.com", nonce="5f2c", uri="sip:example.com", response="c0ffee", qop=auth, cnonce="a1", nc=00000001',
    'Contact: <sip:q7@4k3j5h.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=600',
    'Expires: 600',
    'Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY',
    'Supported: path,gruu,outbound',
  ]),
];

interface Subject {
  readonly name: string;
  read(text: string, bytes: Buffer): boolean;
  readonly rounds: number[];
}

const subjects: readonly Subject[] = [
  { name: 'parseMessage', read: (text) => parseMessage(text).ok, rounds: [] },
  { name: 'parseMessage, from bytes', read: (_text, bytes) => parseMessage(bytes).ok, rounds: [] },
  {
    name: 'parseMessage and validateMessage',
    read: (text) => {
      const parsed = parseMessage(text);
      return parsed.ok && validateMessage(parsed.message) === undefined;
    },
    rounds: [],
  },
  {
    // As drachtio-srf itself calls it: header values stay texts.
    name: 'drachtio-srf',
    read: (text) => drachtio.parseSipMessage(text, true) !== undefined,
    rounds: [],
  },
];

const BYTES = MESSAGES.map((text) => Buffer.from(text, 'latin1'));

/**
 * Messages per second of one round. Each text is made anew of bytes before the clock starts, so that
 * neither parser profits from what V8 remembers of a string.
 */
function round(subject: Subject): number {
  let nanoseconds = 0n;
  for (let done = 0; done < MESSAGES_A_ROUND; done += 600) {
    const batch = Array.from({ length: 600 }, (_, i) => BYTES[i % BYTES.length] ?? Buffer.alloc(0));
    const texts = batch.map((bytes) => bytes.toString('latin1'));
    const start = process.hrtime.bigint();
    for (let i = 0; i < texts.length; i++) {
      if (!subject.read(texts[i] ?? '', batch[i] ?? Buffer.alloc(0)))
        throw new Error(`${subject.name} refused`);
    }
    nanoseconds += process.hrtime.bigint() - start;
  }
  return (Math.ceil(MESSAGES_A_ROUND / 600) * 600 * 1e9) / Number(nanoseconds);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function out(line: string): void {
  process.stdout.write(`${line}\n`);
}

for (const subject of subjects) round(subject);
for (let i = 0; i < ROUNDS; i++) {
  // Each goes first equally often: the first of a turn pays for the garbage of the last.
  for (let turn = 0; turn < subjects.length; turn++) {
    const subject = subjects[(i + turn) % subjects.length];
    subject?.rounds.push(round(subject));
  }
}

out(`${MESSAGES.length} messages, ${ROUNDS} rounds of ${MESSAGES_A_ROUND}, one core`);
for (const { name, rounds } of subjects) {
  const perSecond = median(rounds);
  out(
    `${name.padEnd(36)}${Math.round(perSecond).toLocaleString('en').padStart(12)} messages/s  ${(1e6 / perSecond).toFixed(2)} µs each`,
  );
}
const [ours, , , theirs] = subjects.map((subject) => median(subject.rounds));
out(
  JSON.stringify({
    messagesPerSecond: Math.round(ours ?? 0),
    drachtioMessagesPerSecond: Math.round(theirs ?? 0),
    ratio: Math.round(((ours ?? 0) / (theirs ?? 1)) * 100) / 100,
  }),
);
