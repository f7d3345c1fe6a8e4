import type Srf from 'drachtio-srf';
import { headerValue, headerValues, splitVias } from '../../../src/sip-server/message';
import type { SipRequest } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import type { Bench, Peer } from './support';
import { benches, HOST, Leg, responseTo, SDP } from './support';

const start = benches();
let bench: Bench;
let a: Peer;
let b: Peer;
let c: Peer;

beforeEach(async () => {
  bench = await start();
  a = await bench.udpPeer();
  b = await bench.udpPeer();
  c = await bench.udpPeer();
});

interface Outcome {
  readonly connected: boolean;
  readonly finalStatus: number;
  /** Final responses of the targets, in the order in which they came. */
  readonly finals: number[];
}

/** An application that proxies every request of these kinds; what it hears of the outcome. */
async function proxying(
  destinations: string | string[],
  options: Record<string, unknown> = {},
): Promise<{ outcomes: Outcome[]; errors: string[]; srf: Srf }> {
  const outcomes: Outcome[] = [];
  const errors: string[] = [];
  const application = await bench.application((srf) => {
    for (const verb of ['invite', 'message', 'options']) {
      srf.use(verb, (req) => {
        // drachtio-srf keeps the array that it is given, and writes to it.
        const to = typeof destinations === 'string' ? destinations : [...destinations];
        (srf.proxyRequest(req, to, { ...options } as never) as unknown as Promise<unknown>).then(
          (result: unknown) => {
            const { connected, finalStatus, responses } = result as {
              connected: boolean;
              finalStatus: number;
              responses: { msgs: { status: number }[] }[];
            };
            const finals = responses.flatMap(({ msgs }) => msgs.map(({ status }) => status));
            outcomes.push({ connected, finalStatus, finals });
          },
          (error: unknown) => errors.push(String(error)),
        );
      });
    }
  });
  return { outcomes, errors, srf: application };
}

/** The address of a peer, as a target that becomes the Request-URI. */
function uriOf(peer: Peer, user = 'bob'): string {
  return `sip:${user}@${HOST}:${peer.port}${peer.protocol === 'TCP' ? ';transport=tcp' : ''}`;
}

/** A call leg of the called side, which goes back by the route that the INVITE recorded. */
function calledBy(peer: Peer, invite: SipRequest): Leg {
  const leg = Leg.callee(peer, invite);
  leg.learnRoutes(invite);
  return leg;
}

async function rings(peer: Peer): Promise<{ invite: SipRequest; leg: Leg }> {
  const invite = await peer.request('INVITE');
  return { invite, leg: calledBy(peer, invite) };
}

/** A refusal with these headers alone. */
function refusal(request: SipRequest, status: number, headers: string[]): string {
  return responseTo(request, status, `refused${status}`, headers);
}

describe.each([
  ['UDP', 'UDP', 1],
  ['TCP', 'TCP', 1],
  ['UDP', 'TCP', 2],
  ['TCP', 'UDP', 2],
] as const)('a call from %s to %s with us in its route', (from, to, routes) => {
  beforeEach(async () => {
    a = from === 'UDP' ? await bench.udpPeer() : await bench.tcpPeer();
    b = to === 'UDP' ? await bench.udpPeer() : await bench.tcpListener();
  });

  test('stands, changes and ends through us, and we keep nothing of it', async () => {
    const { outcomes } = await proxying(uriOf(b), { remainInDialog: true });
    const caller = Leg.caller(a);
    caller.invite(['X-Mine: kept']);
    const { invite, leg: callee } = await rings(b);
    expect(invite.uri).toBe(uriOf(b));
    expect(headerValue(invite, 'max-forwards')).toBe('69');
    expect(headerValue(invite, 'x-mine')).toBe('kept');
    expect(headerValue(invite, 'contact')).toBe(a.contact);
    expect(invite.body).toBe(SDP);
    expect(headerValues(invite, 'via').flatMap(splitVias)).toHaveLength(2);
    // One of ours, or two where the sides speak differently: the nearer side's first (RFC 5658).
    expect(callee.routes).toHaveLength(routes);
    expect(callee.routes[0]?.includes('transport=tcp')).toBe(to === 'TCP');
    expect(callee.routes.at(-1)?.includes('transport=tcp')).toBe(from === 'TCP');
    callee.answer(invite, 180);
    const ringing = await a.response(180);
    expect(headerValues(ringing, 'via').flatMap(splitVias)).toHaveLength(1);
    callee.answer(invite, 200, [], SDP);
    const answer = await a.response(200);
    expect(answer.body).toBe(SDP);
    caller.ack(answer);
    expect(caller.routes).toHaveLength(routes);
    const ack = await b.request('ACK');
    expect(headerValues(ack, 'route')).toEqual([]);
    expect(headerValue(ack, 'max-forwards')).toBe('69');
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: true, finalStatus: 200, finals: [200] }]);
    expect(bench.server.stats().dialogs).toBe(0);

    caller.reinvite();
    const second = await b.request('INVITE');
    expect(headerValues(second, 'route')).toEqual([]);
    callee.answer(second, 200, [], SDP);
    caller.ack(await a.response(200));
    await b.request('ACK');

    callee.request('INFO');
    caller.answer(await a.request('INFO'), 200);
    await b.response(200, 'INFO');
    caller.request('BYE');
    callee.answer(await b.request('BYE'), 200);
    await a.response(200, 'BYE');
  });

  test('the called side changes it and hangs up', async () => {
    await proxying(uriOf(b), { remainInDialog: true });
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    callee.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await b.request('ACK');
    callee.reinvite();
    caller.answer(await a.request('INVITE'), 488);
    callee.ack(await b.response(488));
    await a.request('ACK');
    callee.request('BYE');
    caller.answer(await a.request('BYE'), 200);
    await b.response(200, 'BYE');
  });

  test('CANCEL', async () => {
    const { outcomes } = await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    expect(callee.routes).toEqual([]);
    callee.answer(invite, 180);
    await a.response(180);
    caller.cancel();
    await a.response(200, 'CANCEL');
    callee.answer(await b.request('CANCEL'), 200);
    callee.answer(invite, 487);
    await b.request('ACK');
    caller.ack(await a.response(487));
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: false, finalStatus: 487, finals: [487] }]);
  });
});

describe('one target', () => {
  test('a target without a user is asked for whom the caller wants', async () => {
    await proxying(`${HOST}:${b.port}`);
    const caller = Leg.caller(a, '+13105550123');
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    expect(invite.uri).toBe(caller.target);
    callee.answer(invite, 486);
    await b.request('ACK');
    caller.ack(await a.response(486));
  });

  test('headers that the application gives replace those of the caller, or join them', async () => {
    await proxying(uriOf(b), { headers: { 'X-Mine': 'changed', 'X-New': 'added' } });
    const caller = Leg.caller(a);
    caller.invite(['X-Mine: original']);
    const { invite, leg: callee } = await rings(b);
    expect(headerValues(invite, 'x-mine')).toEqual(['changed']);
    expect(headerValues(invite, 'x-new')).toEqual(['added']);
    expect(invite.body).toBe(SDP);
    callee.answer(invite, 480);
    caller.ack(await a.response(480));
  });

  test.each([
    [404, 404],
    [503, 500],
    [600, 600],
  ])('a refusal of %i reaches the caller as %i', async (given, seen) => {
    const { outcomes } = await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    callee.answer(invite, given);
    await b.request('ACK');
    caller.ack(await a.response(seen));
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: false, finalStatus: given, finals: [given] }]);
  });

  test('one that says nothing at all: 408 after 64 T1', async () => {
    const { outcomes } = await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(408));
    expect(b.count('INVITE')).toBeGreaterThan(3);
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes[0]).toMatchObject({ connected: false, finalStatus: 408 });
  });

  test('a port that takes no connection: 500 at once, as RFC 3261 §16.9 says', async () => {
    const gone = await bench.tcpListener();
    gone.close();
    await proxying(uriOf(gone));
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(500));
  });

  test('CANCEL before the target said anything waits for its first word', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    caller.cancel();
    await a.response(200, 'CANCEL');
    expect(b.count('CANCEL')).toBe(0);
    callee.answer(invite, 100);
    callee.answer(await b.request('CANCEL'), 200);
    callee.answer(invite, 487);
    caller.ack(await a.response(487));
  });

  test('an answer that crosses the CANCEL reaches the caller, who must end it', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    callee.answer(invite, 180);
    await a.response(180);
    caller.cancel();
    await b.request('CANCEL');
    callee.answer(invite, 200, [], SDP);
    await a.response(200, 'INVITE');
    expect(a.count('487 INVITE')).toBe(0);
  });

  test('an answer that is repeated reaches the caller each time', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    for (let i = 0; i < 3; i++) callee.answer(invite, 200, [], SDP);
    await until('all three', () => a.count('200 INVITE') === 3);
  });

  test('a response without the Via of the caller is nobody’s', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg: callee } = await rings(b);
    const [own = ''] = headerValues(invite, 'via').flatMap(splitVias);
    const rest = invite.headers.filter(({ key }) => key !== 'via');
    callee.answer({ ...invite, headers: [{ name: 'Via', key: 'via', value: own }, ...rest] }, 603);
    callee.answer(invite, 486);
    caller.ack(await a.response(486));
    expect(a.count('603 INVITE')).toBe(0);
  });
});

describe('several targets, one after the other', () => {
  test('the next one is tried when one refuses, and the best refusal goes back', async () => {
    const { outcomes } = await proxying([uriOf(b), uriOf(c)]);
    const caller = Leg.caller(a);
    caller.invite();
    const first = await rings(b);
    expect(c.count('INVITE')).toBe(0);
    first.leg.answer(first.invite, 404);
    const second = await rings(c);
    second.leg.answer(second.invite, 503);
    caller.ack(await a.response(404));
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: false, finalStatus: 503, finals: [404, 503] }]);
  });

  test('a target silent for the provisional timeout is passed over, and cancelled when it speaks', async () => {
    const { outcomes } = await proxying([uriOf(b), uriOf(c)], { provisionalTimeout: '200ms' });
    const caller = Leg.caller(a);
    caller.invite();
    const first = await rings(b);
    const second = await rings(c);
    second.leg.answer(second.invite, 180);
    await a.response(180);
    first.leg.answer(first.invite, 180);
    first.leg.answer(await b.request('CANCEL'), 200);
    first.leg.answer(first.invite, 487);
    await b.request('ACK');
    second.leg.answer(second.invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: true, finalStatus: 200, finals: [408, 200] }]);
    expect(a.count('180 INVITE')).toBe(1);
  });

  test('one that rings beyond the final timeout is cancelled', async () => {
    await proxying([uriOf(b), uriOf(c)], { finalTimeout: '250ms' });
    const caller = Leg.caller(a);
    caller.invite();
    const first = await rings(b);
    first.leg.answer(first.invite, 180);
    first.leg.answer(await b.request('CANCEL'), 200);
    first.leg.answer(first.invite, 487);
    const second = await rings(c);
    second.leg.answer(second.invite, 486);
    await c.request('ACK');
    caller.ack(await a.response(486));
  });

  test('6xx is for all: nobody else is tried', async () => {
    await proxying([uriOf(b), uriOf(c)]);
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg } = await rings(b);
    leg.answer(invite, 603);
    caller.ack(await a.response(603));
    expect(c.count('INVITE')).toBe(0);
  });

  test('CANCEL ends the search', async () => {
    await proxying([uriOf(b), uriOf(c)]);
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg } = await rings(b);
    leg.answer(invite, 180);
    await a.response(180);
    caller.cancel();
    await b.request('CANCEL');
    leg.answer(invite, 486);
    caller.ack(await a.response(487));
    expect(c.count('INVITE')).toBe(0);
  });
});

describe('several targets at once', () => {
  test('the first answer wins, the others are cancelled', async () => {
    const { outcomes } = await proxying([uriOf(b), uriOf(c)], {
      forking: 'simultaneous',
      remainInDialog: true,
    });
    const caller = Leg.caller(a);
    caller.invite();
    const [first, second] = [await rings(b), await rings(c)];
    first.leg.answer(first.invite, 180);
    second.leg.answer(second.invite, 183);
    await a.response(180);
    await a.response(183);
    second.leg.answer(second.invite, 200, [], SDP);
    first.leg.answer(await b.request('CANCEL'), 200);
    first.leg.answer(first.invite, 487);
    await b.request('ACK');
    caller.ack(await a.response(200));
    await c.request('ACK');
    caller.request('BYE');
    second.leg.answer(await c.request('BYE'), 200);
    await a.response(200, 'BYE');
    expect(outcomes).toEqual([{ connected: true, finalStatus: 200, finals: [200] }]);
  });

  test('two who answer both reach the caller (RFC 3261 §16.7 step 5)', async () => {
    await proxying([uriOf(b), uriOf(c)], { forking: 'simultaneous' });
    const caller = Leg.caller(a);
    caller.invite();
    const [first, second] = [await rings(b), await rings(c)];
    first.leg.answer(first.invite, 200, [], SDP);
    second.leg.answer(second.invite, 200, [], SDP);
    await until('both', () => a.count('200 INVITE') === 2);
  });

  test('6xx takes the others back at once', async () => {
    const { outcomes } = await proxying([uriOf(b), uriOf(c)], { forking: 'simultaneous' });
    const caller = Leg.caller(a);
    caller.invite();
    const [first, second] = [await rings(b), await rings(c)];
    second.leg.answer(second.invite, 180);
    await a.response(180);
    first.leg.answer(first.invite, 600);
    second.leg.answer(await c.request('CANCEL'), 200);
    second.leg.answer(second.invite, 487);
    caller.ack(await a.response(600));
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes[0]).toMatchObject({ finalStatus: 600 });
  });

  test('challenges of all of them reach the caller together', async () => {
    await proxying([uriOf(b), uriOf(c)], { forking: 'simultaneous' });
    const caller = Leg.caller(a);
    caller.invite();
    const [first, second] = [await rings(b), await rings(c)];
    first.leg.answer(first.invite, 401, ['WWW-Authenticate: Digest realm="one", nonce="1"']);
    second.leg.answer(second.invite, 407, ['Proxy-Authenticate: Digest realm="two", nonce="2"']);
    const challenge = await a.response(401);
    expect(headerValue(challenge, 'www-authenticate')).toContain('one');
    expect(headerValue(challenge, 'proxy-authenticate')).toContain('two');
    caller.ack(challenge);
  });
});

describe('redirections', () => {
  test('are followed, the preferred contact first, and no contact twice', async () => {
    const d = await bench.udpPeer();
    const { outcomes } = await proxying(uriOf(b), { followRedirects: true });
    const caller = Leg.caller(a);
    caller.invite();
    const first = await rings(b);
    const contacts = `Contact: <${uriOf(d)}>;q=0.2, <${uriOf(c)}>;q=0.9, <${uriOf(b)}>`;
    b.send(refusal(first.invite, 302, [contacts]));
    const second = await rings(c);
    expect(second.invite.uri).toBe(uriOf(c));
    expect(d.count('INVITE')).toBe(0);
    c.send(refusal(second.invite, 301, [`Contact: <${uriOf(b)}>`]));
    const third = await rings(d);
    third.leg.answer(third.invite, 200, [], SDP);
    caller.ack(await a.response(200));
    expect(b.count('INVITE')).toBe(1);
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes).toEqual([{ connected: true, finalStatus: 200, finals: [302, 301, 200] }]);
  });

  test('go back to the caller where the application does not want them followed', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite } = await rings(b);
    b.send(refusal(invite, 302, [`Contact: <${uriOf(c)}>`]));
    const redirect = await a.response(302);
    expect(headerValue(redirect, 'contact')).toBe(`<${uriOf(c)}>`);
    caller.ack(redirect);
    expect(c.count('INVITE')).toBe(0);
  });

  test('that lead in a circle come to an end', async () => {
    await proxying(uriOf(b), { followRedirects: true });
    const caller = Leg.caller(a);
    caller.invite();
    const first = await rings(b);
    b.send(refusal(first.invite, 302, [`Contact: <${uriOf(c)}>`]));
    const second = await rings(c);
    c.send(refusal(second.invite, 302, [`Contact: <${uriOf(b)}>`]));
    caller.ack(await a.response(302));
  });

  test('without end are cut short', async () => {
    await proxying(uriOf(b, 'n0'), { followRedirects: true });
    const caller = Leg.caller(a);
    caller.invite();
    for (let n = 1; n <= 16; n++) {
      b.send(refusal(await b.request('INVITE'), 302, [`Contact: <${uriOf(b, `n${n}`)}>`]));
    }
    caller.ack(await a.response(302));
    // One that was sent again because we were slow is the same INVITE.
    const invites = b.seen.filter((message) => message.kind === 'request' && message.method === 'INVITE');
    expect(new Set(invites.map((invite) => headerValue(invite, 'via'))).size).toBe(16);
  });
});

describe('requests that are no calls', () => {
  test('MESSAGE goes through, and its answer back', async () => {
    const { outcomes } = await proxying(uriOf(b));
    Leg.caller(a).request('MESSAGE', ['Content-Type: text/plain'], 'hello');
    const message = await b.request('MESSAGE');
    expect(message.body).toBe('hello');
    Leg.callee(b, message).answer(message, 202);
    await a.response(202, 'MESSAGE');
    await until('the application is told', () => outcomes.length === 1);
  });

  test('one that gets no answer is left without a 408 (RFC 4320 §4.2)', async () => {
    const { outcomes } = await proxying(uriOf(b));
    Leg.caller(a).request('MESSAGE');
    await until('the application is told', () => outcomes.length === 1);
    expect(outcomes[0]).toMatchObject({ connected: false, finalStatus: 408 });
    expect(a.count('408 MESSAGE')).toBe(0);
    await until('nothing is left', () => bench.server.stats().serverTransactions === 0);
  });
});

describe('what must not go further', () => {
  test('Max-Forwards 0: 483, also for OPTIONS', async () => {
    const { errors } = await proxying(uriOf(b));
    Leg.caller(a).request('OPTIONS', ['Max-Forwards: 0']);
    await a.response(483, 'OPTIONS');
    await until('the application is told', () => errors.length === 1);
    expect(errors[0]).toContain('483');
    expect(b.seen).toEqual([]);
  });

  test('a request that comes back to us: 482', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg } = await rings(b);
    // The target is a proxy that sends it round.
    const text = [
      `INVITE sip:again@${HOST}:${bench.port('udp')} SIP/2.0`,
      `Via: SIP/2.0/UDP ${HOST}:${b.port};branch=z9hG4bKround${b.port}`,
      ...invite.headers.map(({ name, value }) => `${name}: ${value}`),
      '',
      invite.body,
    ].join('\r\n');
    b.send(text);
    leg.answer(invite, (await b.response(482)).status);
    caller.ack(await a.response(482));
  });

  test('a target that is ourselves: 482', async () => {
    await proxying(`sip:loop@${HOST}:${bench.port('udp')}`);
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(482));
  });

  test('an extension that proxies must know, and we do not: 420', async () => {
    const { errors } = await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite(['Proxy-Require: nothing-known, foo']);
    const refused = await a.response(420);
    expect(headerValue(refused, 'unsupported')).toBe('nothing-known, foo');
    caller.ack(refused);
    await until('the application is told', () => errors.length === 1);
  });

  test('a Route that names us and was not written by us opens no relay', async () => {
    const caller = Leg.caller(a);
    caller.remote = `<${uriOf(b)}>;tag=made-up`;
    caller.target = uriOf(b);
    for (const mark of ['', ';mark=0123456789abcdef']) {
      caller.routes = [`<sip:${HOST}:${bench.port('udp')};lr${mark}>`];
      caller.request('BYE');
      await a.response(481, 'BYE');
    }
    expect(b.seen).toEqual([]);
  });

  test('a Route that an outbound-proxy setting put there is taken off', async () => {
    await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite([`Route: <sip:${HOST}:${bench.port('udp')};lr>`]);
    const { invite, leg } = await rings(b);
    expect(headerValue(invite, 'route')).toBeUndefined();
    leg.answer(invite, 486);
    caller.ack(await a.response(486));
  });
});

describe('the application is gone, and the server goes', () => {
  test('while a proxied call rings: 503 to the caller, CANCEL to the target', async () => {
    const { srf } = await proxying(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg } = await rings(b);
    leg.answer(invite, 180);
    await a.response(180);
    srf.disconnect();
    const down = bench.server.shutdown();
    await a.response(503);
    await b.request('CANCEL');
    await down;
  });

  test('in mid-call: another with the same secret passes on what follows', async () => {
    const { srf } = await proxying(uriOf(b), { remainInDialog: true });
    const caller = Leg.caller(a);
    caller.invite();
    const { invite, leg } = await rings(b);
    leg.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await b.request('ACK');
    srf.disconnect();
    const port = bench.port('udp');
    await bench.server.shutdown();
    bench = await start({ listen: [{ protocol: 'udp', address: HOST, port }] });
    caller.request('BYE');
    leg.answer(await b.request('BYE'), 200);
    await a.response(200, 'BYE');
  });
});
