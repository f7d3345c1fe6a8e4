import type { SipRequest } from '../../../src/sip-server/message';
import { headerValue, splitTopVia } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import { TORTURE } from '../../unit/sip-server/message/torture-messages';
import type { Bench } from './support';
import { benches, HOST, Leg, newBranch, responseTo, SDP } from './support';

const start = benches();
let bench: Bench;

/** Asks for the answer where the message came from: the hosts of the RFC do not listen. */
function withRport(text: string): string {
  return text.replace(/((?:^|\r\n)(?:v|via)\s*:\s*SIP\s*\/\s*2\.0\s*\/\s*\w+\s+[^\s;,]+)/i, '$1;rport');
}

describe('RFC 4475 on the wire', () => {
  beforeEach(async () => {
    bench = await start();
  });

  test.each(TORTURE)('$name', async ({ text, answered }) => {
    const [a, probe] = [await bench.udpPeer(), await bench.udpPeer()];
    a.send(withRport(text));
    if (answered !== 'none') await a.response(answered);
    // The server is well, whatever it was sent; and what it did not answer it has read by now.
    Leg.caller(probe).request('OPTIONS');
    await probe.response(503, 'OPTIONS');
    const finals = a.seen.filter((message) => message.kind === 'response' && message.status >= 200);
    expect(finals.map((message) => message.kind === 'response' && message.status)).toEqual(
      answered === 'none' ? [] : Array(finals.length || 1).fill(answered),
    );
  });
});

describe('garbage', () => {
  beforeEach(async () => {
    bench = await start({ limits: { maxMessageBytes: 65_536 } });
  });

  async function isWell(): Promise<void> {
    const probe = await bench.udpPeer();
    Leg.caller(probe).request('OPTIONS');
    await probe.response(503, 'OPTIONS');
  }

  test('over UDP: counted, never answered, harmless', async () => {
    const a = await bench.udpPeer();
    const pieces = [
      '',
      '\0',
      '\r\n',
      '\r\n\r\n',
      'hello',
      '\0'.repeat(60_000),
      '\xff'.repeat(1_400),
      'SIP/2.0',
      'INVITE ',
      'ACK sip:a SIP/2.0\r\n\r\n',
    ];
    for (const piece of pieces) a.send(piece);
    await isWell();
    expect(a.seen).toEqual([]);
    expect(bench.server.stats().malformed).toBeGreaterThanOrEqual(5);
  });

  test('an INVITE cut off anywhere over UDP is never taken for a call', async () => {
    const a = await bench.udpPeer();
    const whole = [
      `INVITE sip:bob@${HOST} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${a.port};rport;branch=${newBranch()}`,
      'From: <sip:a@a>;tag=1',
      'To: <sip:b@b>',
      'Call-ID: cut',
      'CSeq: 1 INVITE',
      `Content-Length: ${SDP.length}`,
      '',
      SDP,
    ].join('\r\n');
    for (let length = 0; length < whole.length; length += 7) a.send(whole.slice(0, length));
    await isWell();
    const statuses = a.seen.map((message) => (message.kind === 'response' ? message.status : message.method));
    expect(new Set(statuses)).toEqual(new Set([400]));
  });

  test('64 KiB of zeros over TCP end that connection only', async () => {
    const [bad, good] = [await bench.tcpPeer(), await bench.tcpPeer()];
    bad.send('\0'.repeat(65_537));
    await until('the connection ends', () => bad.closed);
    Leg.caller(good).request('OPTIONS');
    await good.response(503, 'OPTIONS');
    expect(bench.server.stats()).toMatchObject({ malformed: 1, connections: 1 });
  });

  test.each([
    ['no Content-Length', 'OPTIONS sip:a@b SIP/2.0\r\nX: 1\r\n\r\n'],
    ['too long a body announced', 'OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 999999\r\n\r\n'],
    ['headers that never end', `OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(12_000)}`],
  ])('over TCP, %s: the connection ends', async (_name, text) => {
    const a = await bench.tcpPeer();
    a.send(text);
    await until('the connection ends', () => a.closed);
    await isWell();
  });

  test('over TCP, a message in two pieces with keep-alives around it', async () => {
    const a = await bench.tcpPeer();
    a.send('\r\n\r\n');
    await until('a pong', () => a.pongs === 1);
    const text = `OPTIONS sip:a@${HOST} SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=${newBranch()}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: two\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`;
    a.send(text.slice(0, 40));
    await isWell();
    a.send(text.slice(40));
    await a.response(503, 'OPTIONS');
  });

  test('a connection that is half a message when it closes leaves nothing', async () => {
    const a = await bench.tcpPeer();
    a.send('INVITE sip:a@b SIP/2.0\r\nVia: ');
    a.close();
    await until('no connection left', () => bench.server.stats().connections === 0);
    await isWell();
  });
});

describe('requests that must not go further', () => {
  test('from a source that is not admitted: dropped without a word, calls that stand go on', async () => {
    let admitted = true;
    bench = await start({ admits: () => admitted });
    const a = await bench.udpPeer();
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf.createUAS(req, res, { localSdp: SDP });
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(200));
    admitted = false;
    const stranger = await bench.udpPeer();
    Leg.caller(stranger).invite();
    stranger.send('OPTIONS sip:x SIP/7.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bKq\r\n\r\n');
    Leg.caller(stranger).request('OPTIONS');
    caller.request('BYE');
    await a.response(200, 'BYE');
    await until('both are counted', () => bench.server.stats().dropped === 2);
    expect(stranger.seen).toEqual([]);
  });

  test('the same request by another way: 482', async () => {
    bench = await start();
    const a = await bench.udpPeer();
    let shown = 0;
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        shown++;
        setTimeout(() => res.send(486), 300);
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    await a.response(100);
    // The copy has the caller's Call-ID, From and CSeq, but a branch of its own.
    const copy = caller.twin();
    copy.invite();
    copy.ack(await a.response(482));
    caller.ack(await a.response(486));
    expect(shown).toBe(1);
  });

  test.each([
    ['BYE', 481],
    ['UPDATE', 481],
    ['PRACK', 481],
    ['CANCEL', 481],
    ['FOO', 501],
  ])('%s outside any dialog: %d', async (method, status) => {
    bench = await start();
    const a = await bench.udpPeer();
    Leg.caller(a).request(method);
    await a.response(status, method);
  });

  test('too many hops: 483', async () => {
    bench = await start();
    const a = await bench.udpPeer();
    a.send(
      `INVITE sip:a@${HOST} SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${a.port};branch=${newBranch()}\r\nMax-Forwards: 0\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: hops\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n`,
    );
    await a.response(483);
  });

  test('more transactions than there is room for: 503, and room again later', async () => {
    bench = await start({ limits: { maxTransactions: 2 } });
    const a = await bench.udpPeer();
    for (let i = 0; i < 3; i++) Leg.caller(a).request('OPTIONS');
    await until('three refusals', () => a.count('503 OPTIONS') === 3);
    expect(bench.server.stats().serverTransactions).toBe(2);
  });

  test('more connections than there is room for are closed', async () => {
    bench = await start({ limits: { maxConnectionsPerSource: 1 } });
    const [first, second] = [await bench.tcpPeer(), await bench.tcpPeer()];
    await until('the second is closed', () => second.closed);
    Leg.caller(first).request('OPTIONS');
    await first.response(503, 'OPTIONS');
  });

  test('an old CSeq in a dialog: 500', async () => {
    bench = await start();
    const a = await bench.udpPeer();
    await bench.application((srf) => {
      srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP }));
    });
    const caller = Leg.caller(a);
    caller.sequence = 10;
    caller.invite();
    caller.ack(await a.response(200));
    caller.sequence = 3;
    caller.request('INFO');
    await a.response(500, 'INFO');
    caller.sequence = 10;
    caller.request('BYE');
    await a.response(200, 'BYE');
  });
});

describe('routing', () => {
  beforeEach(async () => {
    bench = await start();
  });

  /** A call that the application makes; `b` answers with these Record-Routes. */
  async function routed(routes: (port: number) => string[]): Promise<{
    callee: Leg;
    proxy: Awaited<ReturnType<Bench['udpPeer']>>;
    hangUp: () => void;
  }> {
    const [b, proxy] = [await bench.udpPeer(), await bench.udpPeer()];
    const srf = await bench.application(() => undefined);
    const call = srf.createUAC(`sip:bob@${HOST}:${b.port}`, { localSdp: SDP });
    const invite = await b.request('INVITE');
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 200, routes(proxy.port), SDP);
    const dialog = await call;
    return { callee, proxy, hangUp: () => dialog.destroy() };
  }

  test('loose routing: the remote target in the Request-URI, the routes in reverse order', async () => {
    const { callee, proxy, hangUp } = await routed((port) => [
      'Record-Route: <sip:far.example.com;lr>',
      `Record-Route: <sip:middle.example.com;lr>, <sip:${HOST}:${port};lr>`,
    ]);
    const routes = (request: { headers: { key: string; value: string }[] }): string[] =>
      request.headers.filter(({ key }) => key === 'route').map(({ value }) => value);
    const expected = [
      `<sip:${HOST}:${proxy.port};lr>`,
      '<sip:middle.example.com;lr>',
      '<sip:far.example.com;lr>',
    ];
    const ack = await proxy.request('ACK');
    expect([ack.uri, ...routes(ack)]).toEqual([callee.peer.contact.slice(1, -1), ...expected]);
    hangUp();
    const bye = await proxy.request('BYE');
    expect([bye.uri, ...routes(bye)]).toEqual([callee.peer.contact.slice(1, -1), ...expected]);
    proxy.send(responseTo(bye, 200, ''));
  });

  test('strict routing: the router in the Request-URI, the remote target last of the routes', async () => {
    const { callee, proxy, hangUp } = await routed((port) => [
      'Record-Route: <sip:far.example.com;lr>',
      `Record-Route: <sip:${HOST}:${port}>`,
    ]);
    hangUp();
    const bye = await proxy.request('BYE');
    const routes = bye.headers.filter(({ key }) => key === 'route').map(({ value }) => value);
    expect(bye.uri).toBe(`sip:${HOST}:${proxy.port}`);
    expect(routes).toEqual(['<sip:far.example.com;lr>', callee.peer.contact]);
    proxy.send(responseTo(bye, 200, ''));
  });

  test('as the called side: Record-Route comes back in the 200, and BYE takes that way in the same order', async () => {
    const a = await bench.udpPeer();
    const proxy = await bench.udpPeer();
    const hangUps: (() => void)[] = [];
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf
          .createUAS(req, res, { localSdp: SDP })
          .then((dialog) => hangUps.push(() => dialog.destroy()));
      });
    });
    const caller = Leg.caller(a);
    const recorded = [`<sip:${HOST}:${proxy.port};lr>`, '<sip:near.caller.example.com;lr>'];
    caller.invite(recorded.map((route) => `Record-Route: ${route}`));
    const answer = await a.response(200);
    expect(answer.headers.filter(({ key }) => key === 'record-route').map(({ value }) => value)).toEqual(
      recorded,
    );
    caller.ack(answer);
    await until('the application has its dialog', () => hangUps.length === 1);
    hangUps[0]?.();
    const bye = await proxy.request('BYE');
    expect(bye.headers.filter(({ key }) => key === 'route').map(({ value }) => value)).toEqual(recorded);
    expect(bye.uri).toBe(a.contact.slice(1, -1));
    proxy.send(responseTo(bye, 200, ''));
  });

  test('responses go where the request came from, and say so', async () => {
    const a = await bench.udpPeer();
    Leg.caller(a).request('OPTIONS');
    const answer = await a.response(503);
    expect(splitTopVia(headerValue(answer, 'via') ?? '').top).toContain(`;rport=${a.port};`);
    expect(headerValue(answer, 'via')).toContain(`;received=${HOST}`);
  });

  test('without rport the answer goes to the port of the Via', async () => {
    const [a, elsewhere] = [await bench.udpPeer(), await bench.udpPeer()];
    a.send(
      `OPTIONS sip:a@${HOST} SIP/2.0\r\nVia: SIP/2.0/UDP ${HOST}:${elsewhere.port};branch=${newBranch()}\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: via\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
    await elsewhere.response(503);
    expect(a.seen).toEqual([]);
  });
});

describe('storms', () => {
  beforeEach(async () => {
    bench = await start();
  });

  test('an INVITE that is sent a thousand times is one request, answered each time with what stands', async () => {
    let calls = 0;
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        calls++;
        res.send(180);
        setTimeout(() => res.send(486), 200);
      });
    });
    const a = await bench.udpPeer();
    const caller = Leg.caller(a);
    caller.invite();
    await a.response(180);
    for (let i = 0; i < 1_000; i++) caller.inviteAgain();
    caller.ack(await a.response(486));
    expect(calls).toBe(1);
    expect(bench.server.stats().serverTransactions).toBe(1);
  });

  test('responses to nothing, and ACKs for nothing, leave nothing', async () => {
    const a = await bench.udpPeer();
    const caller = Leg.caller(a);
    const nothing: SipRequest = {
      kind: 'request',
      method: 'INVITE',
      uri: caller.target,
      headers: [
        { name: 'Via', key: 'via', value: `SIP/2.0/UDP ${HOST}:${bench.port('udp')};branch=z9hG4bKnobody` },
        { name: 'From', key: 'from', value: caller.local },
        { name: 'To', key: 'to', value: caller.remote },
        { name: 'Call-ID', key: 'call-id', value: caller.callId },
        { name: 'CSeq', key: 'cseq', value: '1 INVITE' },
      ],
      body: '',
    };
    for (let i = 0; i < 100; i++) {
      a.send(responseTo(nothing, 200, 'nobody'));
      caller.request('ACK');
    }
    caller.request('OPTIONS');
    await a.response(503, 'OPTIONS');
    const { serverTransactions, clientTransactions, dialogs } = bench.server.stats();
    expect({ serverTransactions, clientTransactions, dialogs }).toEqual({
      serverTransactions: 1,
      clientTransactions: 0,
      dialogs: 0,
    });
    expect(a.seen).toHaveLength(1);
  });

  test('a thousand callers whom nobody serves are refused, and forgotten', async () => {
    // Over TCP, where none of the refusals can be lost.
    const a = await bench.tcpPeer();
    for (let i = 0; i < 1_000; i++) Leg.caller(a).request('OPTIONS');
    await until('all refused', () => a.count('503 OPTIONS') === 1_000);
  });
});
