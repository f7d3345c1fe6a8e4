import fc from 'fast-check';
import { FrameReader } from '../../../src/sip-server/control/frame-reader';
import { headerValue } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import { TORTURE } from '../../unit/sip-server/message/torture-messages';
import type { Control } from './support';
import { benches, HOST, Leg, newBranch, SDP } from './support';

const start = benches();

/** An application that answers every request it is shown, first provisionally, then with one of these. */
function answersEverything(control: Control, statuses: readonly number[]): () => number {
  let shown = 0;
  const reader = new FrameReader(
    1 << 20,
    (payload) => {
      const [, kind, source, , , , , , transaction] = payload.split('\r\n', 1)[0]?.split('|') ?? [];
      if (kind !== 'sip' || source !== 'network' || /\r\n(?:ACK|SIP\/2\.0) /.test(payload.slice(0, 300)))
        return;
      const status = statuses[shown++ % statuses.length] ?? 200;
      control.frame(`p|sip|${transaction}|\r\nSIP/2.0 183 Progress\r\n\r\n`);
      control.frame(`f|sip|${transaction}|\r\nSIP/2.0 ${status} Done\r\n\r\n${SDP}`);
    },
    () => undefined,
  );
  control.socket.on('data', (chunk: string) => reader.push(chunk));
  return () => shown;
}

/** As many that an application is shown while they are whole as torture messages, most of which it never is. */
const message = fc.oneof(
  fc.constantFrom(...TORTURE.map(({ text }) => text)),
  fc
    .constantFrom('INVITE', 'OPTIONS', 'SUBSCRIBE', 'REGISTER')
    .map((method) =>
      [
        `${method} sip:bob@${HOST} SIP/2.0`,
        `Via: SIP/2.0/UDP ${HOST};rport;branch=BRANCH`,
        'From: <sip:a@a>;tag=1',
        'To: <sip:b@b>',
        'Call-ID: BRANCH',
        `CSeq: 1 ${method}`,
        `Contact: <sip:a@${HOST}:9>`,
        'Record-Route: <sip:p@127.0.0.1:9;lr>, <sip:q@q>',
        'Session-Expires: 1800;refresher=uac',
        'Supported: 100rel, timer',
        'Max-Forwards: 70',
        `Content-Length: ${Buffer.byteLength(SDP)}`,
        '',
        SDP,
      ].join('\r\n'),
    ),
);
/** Anywhere in a message, not at its start and its end above all. */
const anywhere = fc.noBias(fc.nat());
const hit = fc.record({ at: anywhere, byte: fc.constantFrom(...'\r\n\0 :;,<>"@=\xff[]%1') });
const damaged = fc
  .record({
    text: message,
    hits: fc.array(hit, { maxLength: 4 }),
    cut: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, anywhere),
  })
  .map(({ text, hits, cut }) => {
    const bytes = [...text.replaceAll('BRANCH', newBranch())];
    for (const { at, byte } of hits) bytes[at % bytes.length] = byte;
    return (cut === null ? bytes : bytes.slice(0, cut % bytes.length)).join('');
  });

test.each(['udp', 'tcp'] as const)(
  'no damaged message, answered or not, harms the server (%s)',
  async (protocol) => {
    const bench = await start();
    const control = await bench.control();
    await control.authenticate();
    for (const verb of ['invite', 'options', 'subscribe', 'register', 'message', 'info']) {
      control.frame(`r|route|${verb}`);
    }
    const shown = answersEverything(control, [200, 486, 302]);
    const a = await bench.udpPeer();
    const seed = Date.now();
    let probes = 0;
    const serverIsWell = (): Promise<void> => {
      probes++;
      const probe = Leg.caller(a);
      probe.request('OPTIONS');
      return until(`the server is well (seed ${seed})`, () =>
        a.seen.some((seen) => seen.kind === 'response' && headerValue(seen, 'call-id') === probe.callId),
      );
    };
    for (const [n, text] of fc.sample(damaged, { numRuns: 600, seed }).entries()) {
      // What a socket's buffer has no room for never reaches the server.
      if (n % 20 === 0) await serverIsWell();
      if (protocol === 'udp') a.send(text);
      else {
        const connection = await bench.tcpPeer();
        connection.send(text);
        connection.send(text);
        setTimeout(() => connection.close(), 50);
      }
    }
    await serverIsWell();
    expect(shown() - probes).toBeGreaterThan(40);
    expect({ seed, applications: bench.server.stats().controlConnections }).toEqual({
      seed,
      applications: 1,
    });
    // Subscriptions last for an hour, unless nobody is left to serve them.
    control.close();
  },
);
