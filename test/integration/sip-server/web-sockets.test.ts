import { once } from 'node:events';
import { connect } from 'node:net';
import type { ClientOptions } from 'ws';
import { WebSocket } from 'ws';
import type { FlowChange } from '../../../src/sip-server/options';
import { headerValue } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import type { Bench } from './support';
import { benches, Browser, HOST, Leg, newBranch } from './support';

const start = benches();
const WS = { protocol: 'ws', address: HOST, port: 0 } as const;
const TCP = { protocol: 'tcp', address: HOST, port: 0 } as const;
const UDP = { protocol: 'udp', address: HOST, port: 0 } as const;

/** The status with which a WebSocket connection is refused. */
async function refusal(
  port: number,
  subprotocols: string | string[],
  options: ClientOptions = {},
): Promise<number> {
  const socket = new WebSocket(`ws://${HOST}:${port}`, subprotocols, options);
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  socket.terminate();
  return response.statusCode;
}

/** A REGISTER; what it asks for is for the application to say. */
function registerOf(browser: Browser): string {
  return optionsFor(browser, 'sip:dce.invalid', 'REGISTER');
}

function optionsFor(browser: Browser, to = 'sip:server@dce.invalid', method = 'OPTIONS'): string {
  return [
    `${method} ${to} SIP/2.0`,
    `Via: SIP/2.0/WS ${browser.sentBy};branch=${newBranch()}`,
    'Max-Forwards: 70',
    'From: <sip:a@dce.invalid>;tag=1',
    'To: <sip:server@dce.invalid>',
    `Call-ID: ${newBranch()}`,
    `CSeq: 1 ${method}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

describe('who may connect (RFC 7118 §4)', () => {
  test('the sub-protocol must be sip, alone or among others', async () => {
    const bench = await start({ listen: [WS] });
    expect(await refusal(bench.port('ws'), 'chat')).toBe(400);
    expect(await refusal(bench.port('ws'), [])).toBe(400);
    const socket = new WebSocket(`ws://${HOST}:${bench.port('ws')}`, ['chat', 'sip']);
    await once(socket, 'open');
    expect(socket.protocol).toBe('sip');
    socket.terminate();
  });

  test('a page of another origin may not, and who names none', async () => {
    const told: string[] = [];
    const bench = await start({
      listen: [WS],
      webSocket: { origins: ['https://phone.example.com'] },
      log: (_level, message) => told.push(message),
    });
    expect(await refusal(bench.port('ws'), 'sip', { origin: 'https://evil.example.com' })).toBe(403);
    expect(await refusal(bench.port('ws'), 'sip')).toBe(403);
    // Each kind of trouble is told once a minute.
    expect(told).toEqual(['connection refused: this origin may not connect']);
    const browser = await bench.browser('ws', { origin: 'https://phone.example.com' });
    expect(browser.socket.protocol).toBe('sip');
  });

  test('who asks for a page is told to upgrade', async () => {
    const bench = await start({ listen: [WS] });
    const response = await fetch(`http://${HOST}:${bench.port('ws')}/`);
    expect(response.status).toBe(426);
  });

  test('one address gets so many connections and no more, until one ends', async () => {
    const bench = await start({ listen: [WS], limits: { maxWebSocketsPerSource: 2 } });
    const first = await bench.browser();
    await bench.browser();
    await expect(Browser.connect('ws', bench.port('ws'))).rejects.toThrow();
    expect(bench.server.stats().connections).toBe(2);
    first.close();
    await until('the first is forgotten', () => bench.server.stats().connections === 1);
    await bench.browser();
  });

  test('behind a trusted proxy it is the client that counts, and that is shown', async () => {
    const bench = await start({
      listen: [WS],
      webSocket: { trustedProxies: [`${HOST}/32`] },
      limits: { maxWebSocketsPerSource: 1 },
    });
    const sources: string[] = [];
    await bench.application((srf) =>
      srf.use('options', (req, res) => {
        sources.push(`${req.source_address}:${req.source_port}`);
        res.send(200);
      }),
    );
    const behind = (client: string) => ({ headers: { 'X-Forwarded-For': `203.0.113.66, ${client}` } });
    const first = await bench.browser('ws', behind('198.51.100.1'));
    const second = await bench.browser('ws', behind('198.51.100.2'));
    expect(await refusal(bench.port('ws'), 'sip', behind('198.51.100.2'))).toBe(503);
    for (const browser of [first, second]) {
      browser.send(optionsFor(browser));
      await browser.response(200);
    }
    expect(sources).toEqual([`198.51.100.1:${first.port}`, `198.51.100.2:${second.port}`]);
  });

  test('nobody else is believed whom he speaks for', async () => {
    const bench = await start({ listen: [WS] });
    const sources: string[] = [];
    await bench.application((srf) =>
      srf.use('options', (req, res) => {
        sources.push(req.source_address);
        res.send(200);
      }),
    );
    const browser = await bench.browser('ws', { headers: { 'X-Forwarded-For': '198.51.100.1' } });
    browser.send(optionsFor(browser));
    await browser.response(200);
    expect(sources).toEqual([HOST]);
  });
});

describe('what a connection carries (RFC 7118 §5)', () => {
  test('one message to a frame, text or binary, Content-Length or not; the application learns transport and peer', async () => {
    const bench = await start({ listen: [WS, UDP], admits: () => false });
    const seen: string[] = [];
    await bench.application((srf) =>
      srf.use('options', (req, res) => {
        seen.push(`${req.protocol} ${req.source_address}:${req.source_port}`);
        res.send(200);
      }),
    );
    const browser = await bench.browser();
    const text = optionsFor(browser);
    browser.socket.send(Buffer.from(text), { binary: true });
    const response = await browser.response(200);
    expect(headerValue(response, 'via')).toContain(`received=${HOST}`);
    browser.socket.send(optionsFor(browser).replace('Content-Length: 0\r\n', ''), { binary: false });
    await browser.response(200);
    expect(seen).toEqual([`ws ${HOST}:${browser.port}`, `ws ${HOST}:${browser.port}`]);
  });

  test('bytes that are no UTF-8 go out as they are', async () => {
    const bench = await start({ listen: [WS] });
    await bench.application((srf) =>
      srf.use('options', (_req, res) => void res.send(200, { headers: { Subject: 'caf\u00e9' } })),
    );
    const frames: { text: string; binary: boolean }[] = [];
    const browser = await bench.browser();
    browser.socket.on('message', (data: Buffer, binary) =>
      frames.push({ text: data.toString('latin1'), binary }),
    );
    // The tag comes back in the response, byte for byte.
    browser.socket.send(
      Buffer.from(optionsFor(browser).replace('<sip:a@', '"\u00ff\u00fe" <sip:a@'), 'latin1'),
      { binary: true },
    );
    await browser.response(200);
    expect(frames.map(({ binary }) => binary)).toEqual([true]);
    expect(frames[0]?.text).toContain('"\u00ff\u00fe" <sip:a@');
  });

  test('a double CRLF gets a CRLF, a CRLF nothing (RFC 5626 §4.4.1)', async () => {
    const bench = await start({ listen: [WS] });
    await bench.application((srf) => srf.use('options', (_req, res) => void res.send(200)));
    const browser = await bench.browser();
    browser.send('\r\n');
    browser.send('\r\n\r\n');
    browser.send(optionsFor(browser));
    await browser.response(200);
    expect(browser.others).toEqual(['\r\n']);
  });

  test('a message that is too long ends the connection', async () => {
    const bench = await start({ listen: [WS] });
    const browser = await bench.browser();
    browser.send('x'.repeat(65_537));
    await until('it is closed', () => browser.closedWith !== undefined);
    expect(browser.closedWith).toBe(1009);
  });

  test('what is no SIP is borne a while, then the connection ends', async () => {
    const bench = await start({ listen: [WS] });
    const browser = await bench.browser();
    for (let n = 0; n < 8; n++) browser.send('{"hello": "world"}');
    await until('it is closed', () => browser.closedWith !== undefined);
    expect(browser.closedWith).toBe(1008);
    expect(bench.server.stats().malformed).toBe(8);
  });
});

describe('how long a connection stands', () => {
  test('not beyond its time for the first message; keep-alives are none', async () => {
    const bench = await start({ listen: [WS], limits: { firstMessageMs: 200 } });
    const browser = await bench.browser();
    browser.send('\r\n\r\n');
    const silent = connect(bench.port('ws'), HOST);
    const silentClosed = once(silent, 'close');
    await until('it is closed', () => browser.closedWith !== undefined);
    await silentClosed;
    await until('nothing is left', () => bench.server.stats().connections === 0);
  });

  test('not for a stranger to whom nothing is granted; for one who is, it does', async () => {
    const bench = await start({ listen: [WS], limits: { strangerMs: 800 } });
    await bench.application((srf) => {
      srf.use('register', (_req, res) => void res.send(200));
      // What everybody gets is no sign that somebody is known.
      srf.use('options', (_req, res) => void res.send(200));
    });
    const friend = await bench.browser();
    const stranger = await bench.browser();
    friend.send(registerOf(friend));
    await friend.response(200);
    stranger.send(optionsFor(stranger));
    await stranger.response(200);
    await until('the stranger is sent away', () => stranger.closedWith !== undefined);
    expect(stranger.closedWith).toBe(1008);
    friend.send(optionsFor(friend));
    await friend.response(200);
  });

  test('what a peer says after it is told to go is not heard', async () => {
    const bench = await start({ listen: [WS] });
    const heard: string[] = [];
    await bench.application((srf) =>
      srf.use('options', (req, res) => {
        heard.push(req.uri);
        res.send(200);
      }),
    );
    const gone = await bench.browser();
    for (let n = 0; n < 8; n++) gone.send('{"hello": "world"}');
    gone.send(optionsFor(gone, 'sip:late@dce.invalid'));
    await until('it is gone', () => bench.server.stats().connections === 0);
    const next = await bench.browser();
    next.send(optionsFor(next, 'sip:next@dce.invalid'));
    await next.response(200);
    expect(heard).toEqual(['sip:next@dce.invalid']);
  });

  test('not when it does not answer pings; when it does, it does', async () => {
    const bench = await start({ listen: [WS], limits: { pingMs: 400 } });
    const alive = await bench.browser();
    const dead = await bench.browser('ws', { autoPong: false });
    await until('the dead one is gone', () => dead.closedWith !== undefined);
    expect(alive.closedWith).toBeUndefined();
  });

  test('not when the peer does not read', async () => {
    const bench = await start({ listen: [WS], limits: { maxWebSocketWriteBuffer: 65_536 } });
    const filler = 'x'.repeat(30_000);
    await bench.application((srf) =>
      srf.use(
        'options',
        (_req, res) =>
          void res.send(200, {
            headers: { 'X-Filler': filler.slice(0, 15_000), 'X-More': filler.slice(0, 15_000) },
          }),
      ),
    );
    const browser = await bench.browser();
    browser.stall();
    const closed = until('it is closed', () => bench.server.stats().connections === 0);
    let over = false;
    void closed.finally(() => (over = true)).catch(() => undefined);
    while (!over) {
      browser.send(optionsFor(browser));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await closed;
  });
});

describe('what waits for a peer that does not read counts, keep-alives, too', () => {
  // A limit below nothing: whatever is sent is too much.
  const limits = { maxWriteBuffer: -1, maxWebSocketWriteBuffer: -1, firstMessageMs: 60_000 };

  test.each(['a double CRLF', 'a ping'])('%s over WebSocket', async (what) => {
    const bench = await start({ listen: [WS], limits });
    const browser = await bench.browser();
    if (what === 'a ping') browser.socket.ping();
    else browser.send('\r\n\r\n');
    await until('it is closed', () => browser.closedWith !== undefined);
  });

  test('a double CRLF over TCP', async () => {
    const bench = await start({ limits });
    const peer = await bench.tcpPeer();
    peer.send('\r\n\r\n');
    await until('it is closed', () => peer.closed);
  });
});

test('a call leg over WebSocket names transport and listener in Via and Contact', async () => {
  const bench = await start({ listen: [WS, UDP] });
  await bench.application((srf) =>
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: 'v=0\r\n' }).catch(() => undefined)),
  );
  const browser = await bench.browser();
  const caller = Leg.caller(browser);
  caller.invite();
  const answer = await browser.response(200);
  expect(headerValue(answer, 'contact')).toBe(`<sip:+12125550100@${HOST}:${bench.port('ws')};transport=ws>`);
  caller.ack(answer);
  caller.request('BYE');
  await browser.response(200, 'BYE');
});

describe('requests of a connection that nobody answers', () => {
  /** An application that grants every REGISTER, and answers nothing else before it leaves. */
  async function silent(bench: Bench): Promise<{ asked: () => number; leave(): void }> {
    let asked = 0;
    const srf = await bench.application((app) => {
      app.use('register', (_req, res) => void res.send(200));
      app.use('options', () => asked++);
    });
    return { asked: () => asked, leave: () => srf.disconnect() };
  }

  test('of a stranger are refused beyond a limit; those that are answered do not count', async () => {
    const bench = await start({ listen: [WS], limits: { maxStrangerRequests: 3 } });
    const application = await silent(bench);
    const stranger = await bench.browser();
    for (let n = 0; n < 4; n++) stranger.send(optionsFor(stranger));
    const refusal = await stranger.response(503);
    expect(headerValue(refusal, 'retry-after')).toBe('5');
    await until('the others are shown', () => application.asked() === 3);
    application.leave();
    await until('they are answered', () => stranger.count('503') === 4);
    const second = await silent(bench);
    stranger.send(optionsFor(stranger));
    await until('it is shown', () => second.asked() === 1);
    second.leave();
    await until('it is answered', () => stranger.count('503') === 5);
  });

  test('of a peer to which something was granted are not', async () => {
    const bench = await start({ listen: [WS], limits: { maxStrangerRequests: 3 } });
    const application = await silent(bench);
    const phone = await bench.browser();
    phone.send(registerOf(phone));
    await phone.response(200);
    for (let n = 0; n < 8; n++) phone.send(optionsFor(phone));
    await until('all are shown', () => application.asked() === 8);
    application.leave();
  });

  test('over TCP, of those that may call anyway, are not', async () => {
    const bench = await start({ limits: { maxStrangerRequests: 3 }, admits: () => true });
    const application = await silent(bench);
    const trunk = await bench.tcpPeer();
    for (let n = 0; n < 8; n++) Leg.caller(trunk).request('OPTIONS');
    await until('all are shown', () => application.asked() === 8);
    application.leave();
  });
});

describe('connections by which phones registered', () => {
  test('are told of, and told of again once they are gone; those of others are not', async () => {
    const told: FlowChange[] = [];
    const bench = await start({ listen: [WS, TCP], onFlows: (changes) => told.push(...changes) });
    await bench.application((srf) => {
      srf.use('register', (req, res) => void res.send(req.uri.includes('stranger') ? 403 : 200));
      srf.use('options', (_req, res) => void res.send(200));
    });
    const phone = await bench.browser();
    const stranger = await bench.browser();
    const hardware = await bench.tcpPeer();
    for (let n = 0; n < 2; n++) {
      phone.send(registerOf(phone));
      await phone.response(200);
    }
    stranger.send(optionsFor(stranger, 'sip:stranger.invalid', 'REGISTER'));
    await stranger.response(403);
    stranger.send(optionsFor(stranger));
    await stranger.response(200);
    Leg.caller(hardware).request('REGISTER');
    await hardware.response(200);
    const flows = [
      { transport: 'ws', address: HOST, port: phone.port },
      { transport: 'tcp', address: HOST, port: hardware.port },
    ];
    await until('they are told of', () => told.length === 2);
    expect(told).toEqual(flows.map((flow) => ({ ...flow, open: true })));
    stranger.close();
    await until('the stranger is gone', () => bench.server.stats().connections === 2);
    phone.close();
    await until('the end is told of', () => told.length === 3);
    hardware.close();
    await until('the other end, too', () => told.length === 4);
    expect(told.slice(2)).toEqual(flows.map((flow) => ({ ...flow, open: false })));
  });
});
