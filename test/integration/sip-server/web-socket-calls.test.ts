import type Srf from 'drachtio-srf';
import { headerValue, headerValues, tagOf } from '../../../src/sip-server/message';
import type { SipRequest } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import type { Bench, Browser, Call, Peer, TcpPeer } from './support';
import { answered, benches, bridgeCalls, HOST, Leg, newBranch, offered, responseTo, SDP } from './support';

const start = benches();
let bench: Bench;

beforeEach(async () => {
  bench = await start({
    listen: [
      { protocol: 'udp', address: HOST, port: 0 },
      { protocol: 'tcp', address: HOST, port: 0 },
      { protocol: 'ws', address: HOST, port: 0 },
    ],
  });
});

const BROWSER_URI = 'sip:x7k2@df7jal23ls0d.invalid;transport=ws';

/** An application that connects every caller to a browser by its connection, and tells how that failed. */
async function connecting(
  to: () => string,
): Promise<{ calls: { uas: Srf.Dialog; uac: Srf.Dialog }[]; failures: number[] }> {
  const calls: { uas: Srf.Dialog; uac: Srf.Dialog }[] = [];
  const failures: number[] = [];
  await bench.application((srf) =>
    srf.invite((req, res) => {
      srf.createB2BUA(req, res, BROWSER_URI, { proxy: to() }).then(
        (call) => calls.push(call),
        (error: { status?: number }) => failures.push(error.status ?? 0),
      );
    }),
  );
  return { calls, failures };
}

/** The same browser again, on another connection: its dialogs go on there. */
async function again(leg: Leg): Promise<Browser> {
  const browser = await bench.browser();
  leg.peer = browser;
  return browser;
}

describe('a call to a browser', () => {
  let carrier: Peer;
  let browser: Browser;
  beforeEach(async () => {
    carrier = await bench.udpPeer();
    browser = await bench.browser();
  });

  test('goes down its connection, and so does what follows in the dialog', async () => {
    const { calls } = await connecting(() => browser.flow);
    const call = await offered(carrier, browser);
    expect(call.invite.uri).toBe(BROWSER_URI);
    expect(headerValue(call.invite, 'via')).toMatch(new RegExp(`^SIP/2.0/WS ${HOST}:${bench.port('ws')};`));
    expect(headerValue(call.invite, 'contact')).toContain(`@${HOST}:${bench.port('ws')};transport=ws>`);
    await answered(carrier, browser, call);
    await until('it stands', () => calls.length === 1);
    void calls[0]?.uac.request({ method: 'INFO' } as never);
    call.callee.answer(await browser.request('INFO'), 200);
    void calls[0]?.uac.destroy();
    const bye = await browser.request('BYE');
    // The Request-URI is the Contact of the browser, which names nothing that could be looked up.
    expect(bye.uri).toBe(`sip:peer@${browser.sentBy};transport=ws`);
    call.callee.answer(bye, 200);
    void calls[0]?.uas.destroy();
    call.caller.answer(await carrier.request('BYE'), 200);
  });

  test('that is not there fails at once with 430', async () => {
    const { failures } = await connecting(() => 'sip:127.0.0.1:9;transport=ws');
    Leg.caller(carrier).invite();
    await carrier.response(430);
    expect(failures).toEqual([430]);
  });

  test('by its Contact alone, which no look-up finds, fails with 430, too', async () => {
    const { failures } = await connecting(() => BROWSER_URI);
    Leg.caller(carrier).invite();
    await carrier.response(430);
    expect(failures).toEqual([430]);
  });

  test('whose connection ends while it rings fails at once with 430', async () => {
    const { failures } = await connecting(() => browser.flow);
    const call = await offered(carrier, browser);
    call.callee.answer(call.invite, 180);
    await carrier.response(180);
    browser.close();
    await carrier.response(430);
    expect(failures).toEqual([430]);
  });

  test('is answered by its connection only', async () => {
    await connecting(() => browser.flow);
    const call = await offered(carrier, browser);
    const other = await bench.browser();
    other.send(responseTo(call.invite, 200, 'forged', [`Contact: ${other.contact}`], SDP));
    // A request that is answered shows that what came before it was read.
    other.send(
      `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=${newBranch()}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: ${newBranch()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
    await other.response(481);
    call.callee.answer(call.invite, 486);
    await carrier.response(486);
    expect(carrier.count('200')).toBe(0);
  });

  test('goes on where the browser comes back on another connection', async () => {
    const { calls } = await connecting(() => browser.flow);
    const call = await offered(carrier, browser);
    await answered(carrier, browser, call);
    await until('it stands', () => calls.length === 1);
    browser.close();
    await until('the connection is gone', () => bench.server.stats().connections === 0);
    const returned = await again(call.callee);
    call.callee.reinvite();
    const answer = await returned.response(200);
    call.callee.ack(answer);
    void calls[0]?.uac.destroy();
    call.callee.answer(await returned.request('BYE'), 200);
    void calls[0]?.uas.destroy();
    call.caller.answer(await carrier.request('BYE'), 200);
  });

  describe('whose browser loses its connection before it acknowledges our answer to its re-INVITE', () => {
    let calls: { uas: Srf.Dialog; uac: Srf.Dialog }[];
    let call: Call;
    beforeEach(async () => {
      ({ calls } = await connecting(() => browser.flow));
      call = await offered(carrier, browser);
      await answered(carrier, browser, call);
      await until('it stands', () => calls.length === 1);
      call.callee.reinvite();
      await browser.response(200);
      browser.close();
      await until('the connection is gone', () => bench.server.stats().connections === 0);
    });

    async function goesOn(): Promise<void> {
      const returned = await again(call.callee);
      call.callee.reinvite();
      call.callee.ack(await returned.response(200));
      void calls[0]?.uac.destroy();
      call.callee.answer(await returned.request('BYE'), 200);
      void calls[0]?.uas.destroy();
      call.caller.answer(await carrier.request('BYE'), 200);
    }

    test('goes on when it comes back at once', () => goesOn());

    test('is not hung up when it takes its time', async () => {
      await until('no ACK is awaited any more', () => bench.server.stats().serverTransactions === 0);
      expect(bench.server.stats().dialogs).toBe(2);
      await goesOn();
    });
  });

  test('whose connection is gone takes no requests: they fail at once with 430', async () => {
    const { calls } = await connecting(() => browser.flow);
    const call = await offered(carrier, browser);
    await answered(carrier, browser, call);
    await until('it stands', () => calls.length === 1);
    browser.close();
    await until('the connection is gone', () => bench.server.stats().connections === 0);
    const uac = calls[0]?.uac;
    const answer = (await uac?.request({ method: 'INFO' } as never)) as unknown as { status: number };
    expect(answer.status).toBe(430);
    void uac?.destroy();
    void calls[0]?.uas.destroy();
    call.caller.answer(await carrier.request('BYE'), 200);
    await bench.settles();
  });
});

test('a browser that goes before its call is answered has cancelled it', async () => {
  let cancelled = 0;
  let came = 0;
  await bench.application((srf) =>
    srf.invite((req, res) => {
      came++;
      req.on('cancel', () => cancelled++);
      res.send(180);
    }),
  );
  const browser = await bench.browser();
  const caller = Leg.caller(browser);
  caller.invite();
  await browser.response(180);
  expect(came).toBe(1);
  browser.close();
  await until('the application hears', () => cancelled === 1);
  await bench.settles();
});

describe('a call that is passed on to a connection, with us in its route (RFC 5626 §5.3)', () => {
  /** The node that asks: its INVITE names the Contact of the phone, and the phone is on one of our connections. */
  async function passedOn(
    node: Peer,
    phone: Peer,
    destination: string,
  ): Promise<{ caller: Leg; callee: Leg; invite: SipRequest }> {
    await bench.application((srf) =>
      srf.invite((req) => {
        const options = { remainInDialog: true } as never;
        void (srf.proxyRequest(req, [destination], options) as unknown as Promise<unknown>).catch(
          () => undefined,
        );
      }),
    );
    const caller = Leg.caller(node);
    caller.target = BROWSER_URI;
    caller.invite();
    const invite = await phone.request('INVITE');
    const callee = Leg.callee(phone, invite);
    callee.learnRoutes(invite);
    callee.answer(invite, 200, [], SDP);
    caller.ack(await node.response(200));
    await phone.request('ACK');
    return { caller, callee, invite };
  }

  test('a browser is reached by the token in our Record-Route, both ways', async () => {
    const node = await bench.udpPeer();
    const browser = await bench.browser();
    const { caller, callee, invite } = await passedOn(node, browser, browser.flow);
    expect(invite.uri).toBe(BROWSER_URI);
    const [nearer = '', farther = ''] = headerValues(invite, 'record-route');
    expect(nearer).toContain(`@${HOST}:${bench.port('ws')};transport=ws;lr;`);
    expect(farther).toContain(`<sip:${HOST}:${bench.port('udp')};lr;`);
    caller.request('INFO');
    const info = await browser.request('INFO');
    expect(info.uri).toBe(`sip:peer@${browser.sentBy};transport=ws`);
    callee.answer(info, 200);
    await node.response(200, 'INFO');
    callee.request('BYE');
    caller.answer(await node.request('BYE'), 200);
    await browser.response(200, 'BYE');
  });

  test('a browser that calls is reached by its own token', async () => {
    const carrier = await bench.udpPeer();
    const browser = await bench.browser();
    await bench.application((srf) =>
      srf.invite((req) => {
        const to = `sip:bob@${HOST}:${carrier.port}`;
        void (
          srf.proxyRequest(req, [to], { remainInDialog: true } as never) as unknown as Promise<unknown>
        ).catch(() => undefined);
      }),
    );
    const caller = Leg.caller(browser);
    caller.invite();
    const invite = await carrier.request('INVITE');
    const callee = Leg.callee(carrier, invite);
    callee.learnRoutes(invite);
    callee.answer(invite, 200, [], SDP);
    caller.ack(await browser.response(200));
    await carrier.request('ACK');
    callee.request('BYE');
    caller.answer(await browser.request('BYE'), 200);
    await carrier.response(200, 'BYE');
  });

  test('a browser that comes back on another connection is found there', async () => {
    const node = await bench.udpPeer();
    const browser = await bench.browser();
    const { caller, callee } = await passedOn(node, browser, browser.flow);
    browser.close();
    await until('the connection is gone', () => bench.server.stats().connections === 0);
    caller.request('INFO');
    await node.response(430, 'INFO');
    const returned = await again(callee);
    callee.reinvite();
    const reinvite = await node.request('INVITE');
    caller.answer(reinvite, 200, [], SDP);
    callee.ack(await returned.response(200));
    await node.request('ACK');
    caller.request('BYE');
    callee.answer(await returned.request('BYE'), 200);
    await node.response(200, 'BYE');
  });

  test('a token that we did not write leads nowhere', async () => {
    const node = await bench.udpPeer();
    const browser = await bench.browser();
    const victim = await bench.browser();
    const { caller, callee } = await passedOn(node, browser, browser.flow);
    const routes = caller.routes;
    const token = Buffer.from(`ws/${HOST}/${victim.port}`).toString('base64url');
    caller.routes = routes.map((route) => route.replace(/<sip:[^@>]+@/, `<sip:${token}@`));
    expect(caller.routes).not.toEqual(routes);
    caller.request('INFO');
    // Without our mark it is a route to ourselves like any other: what remains is the Contact.
    await node.response(430, 'INFO');
    expect(victim.seen).toEqual([]);
    caller.routes = routes;
    caller.request('BYE');
    callee.answer(await browser.request('BYE'), 200);
    await node.response(200, 'BYE');
  });

  test('a phone that connected by TCP from behind a NAT is reached, too', async () => {
    const node = await bench.udpPeer();
    const phone = await bench.tcpPeer();
    // What makes it known: a request of its own.
    phone.send(
      `OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP ${HOST}:1;branch=${newBranch()}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>;tag=2\r\nCall-ID: ${newBranch()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
    );
    await phone.response(481);
    const { caller, callee } = await passedOn(node, phone, `sip:${HOST}:${phone.port};transport=tcp;ob`);
    caller.request('BYE');
    callee.answer(await phone.request('BYE'), 200);
    await node.response(200, 'BYE');
  });

  test('a connection that is not there makes it fail at once with 430', async () => {
    const node = await bench.udpPeer();
    const finals: number[] = [];
    await bench.application((srf) =>
      srf.invite((req) => {
        const options = { remainInDialog: true } as never;
        const done = srf.proxyRequest(req, ['sip:127.0.0.1:9;transport=ws'], options);
        void (done as unknown as Promise<{ finalStatus: number }>).then(({ finalStatus }) =>
          finals.push(finalStatus),
        );
      }),
    );
    const caller = Leg.caller(node);
    caller.invite();
    const failure = await node.response(430);
    caller.ack(failure);
    await until('the application hears', () => finals.length === 1);
    expect(finals).toEqual([430]);
  });
});

describe('a call by a connection that we opened', () => {
  let carrier: Peer;
  let buyer: TcpPeer;
  beforeEach(async () => {
    carrier = await bench.udpPeer();
    buyer = await bench.tcpListener();
    await bench.application((srf) => bridgeCalls(srf, `sip:b@${HOST}:${buyer.port};transport=tcp`));
  });

  /** It rings, and its connection is gone. */
  async function lost(): Promise<Call> {
    const call = await offered(carrier, buyer);
    call.callee.answer(call.invite, 180);
    await carrier.response(180);
    buyer.hangUp();
    await until('the connection is gone', () => bench.server.stats().connections === 0);
    return call;
  }

  test('gives 503 when it ends before a word was said', async () => {
    await offered(carrier, buyer);
    buyer.close();
    await carrier.response(503);
  });

  test('is answered by another connection of the same peer when it ends while it rings', async () => {
    const call = await lost();
    const callingBack = await bench.tcpPeer();
    const tag = tagOf(call.callee.local);
    callingBack.send(responseTo(call.invite, 200, tag, [`Contact: ${buyer.contact}`], SDP));
    call.caller.ack(await carrier.response(200));
    // The ACK opens a connection once more.
    await buyer.request('ACK');
    call.caller.request('BYE');
    call.callee.answer(await buyer.request('BYE'), 200);
    await carrier.response(200, 'BYE');
  });

  test('is refused by another connection, and acknowledged there', async () => {
    const call = await lost();
    const callingBack = await bench.tcpPeer();
    callingBack.send(responseTo(call.invite, 486, tagOf(call.callee.local), []));
    await carrier.response(486);
    await callingBack.request('ACK');
  });

  test('is cancelled by a new connection', async () => {
    const call = await lost();
    call.caller.cancel();
    call.callee.answer(await buyer.request('CANCEL'), 200);
    call.callee.answer(call.invite, 487);
    call.caller.ack(await carrier.response(487));
    await buyer.request('ACK');
  });

  test('goes on there, whatever connection of its own the peer uses now and then', async () => {
    const call = await offered(carrier, buyer);
    const { callee, caller, invite } = call;
    // From behind a NAT: its Contact is nowhere to connect to.
    const contact = 'Contact: <sip:b@192.0.2.1:5060;transport=tcp>';
    buyer.send(responseTo(invite, 200, tagOf(callee.local), [contact], SDP));
    caller.ack(await carrier.response(200));
    await buyer.request('ACK');
    const passing = await bench.tcpPeer();
    callee.peer = passing;
    callee.request('INFO');
    await passing.response(200, 'INFO');
    passing.close();
    await until('it has passed', () => bench.server.stats().connections === 1);
    callee.peer = buyer;
    caller.request('BYE');
    callee.answer(await buyer.request('BYE'), 200);
    await carrier.response(200, 'BYE');
  });
});

test('the flow of a phone on TCP that asks for no other way is never dialled', async () => {
  const statuses: number[] = [];
  const srf = await bench.application(() => undefined);
  const listener = await bench.tcpListener();
  const send = srf.request.bind(srf) as unknown as (
    uri: string,
    options: object,
    sent: (error: unknown, request: Srf.SrfRequest) => void,
  ) => void;
  const route = `sip:${HOST}:${listener.port};transport=tcp;ob`;
  send('sip:x@10.0.0.1', { method: 'MESSAGE', proxy: route }, (_error, request) =>
    request.on('response', (response) => statuses.push(response?.status ?? 0)),
  );
  await until('it failed', () => statuses.length === 1);
  expect(statuses).toEqual([430]);
  expect(listener.seen).toEqual([]);
});
