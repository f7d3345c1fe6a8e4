import { headerValue, headerValues } from '../../../src/sip-server/message';
import type { SipRequest } from '../../../src/sip-server/message';
import type { Bench, Peer } from './support';
import { benches, bridgeCalls, HOST, Leg, SDP } from './support';

const V6 = '::1';
const start = benches();
let bench: Bench;

interface Way {
  readonly name: string;
  serve(uri: string): Promise<unknown>;
}

const bridged: Way = {
  name: 'bridged',
  serve: (uri) =>
    bench.application((srf) => {
      bridgeCalls(srf, uri);
    }),
};

const proxied: Way = {
  name: 'proxied',
  serve: (uri) =>
    bench.application((srf) => {
      srf.invite((req) => {
        srf.proxyRequest(req, uri, { remainInDialog: true } as never);
      });
    }),
};

function uriOf(peer: Peer): string {
  return `sip:bob@${peer.host}:${peer.port}${peer.protocol === 'TCP' ? ';transport=tcp' : ''}`;
}

/** A call from one to the other, hung up by the called side; the INVITE as it arrived. */
async function wholeCall(a: Peer, b: Peer): Promise<SipRequest> {
  const caller = Leg.caller(a);
  caller.invite();
  const invite = await b.request('INVITE');
  const callee = Leg.callee(b, invite);
  callee.learnRoutes(invite);
  callee.answer(invite, 180);
  await a.response(180);
  callee.answer(invite, 200, [], SDP);
  caller.ack(await a.response(200));
  await b.request('ACK');
  callee.request('BYE');
  caller.answer(await a.request('BYE'), 200);
  await b.response(200, 'BYE');
  return invite;
}

describe.each([bridged, proxied])('IPv6: calls $name', (way) => {
  beforeEach(async () => {
    bench = await start({
      listen: [
        { protocol: 'udp', address: V6, port: 0 },
        { protocol: 'tcp', address: V6, port: 0 },
      ],
    });
  });

  test.each(['UDP', 'TCP'])('over %s', async (protocol) => {
    const a = protocol === 'UDP' ? await bench.udpPeer(V6) : await bench.tcpPeer(V6);
    const b = protocol === 'UDP' ? await bench.udpPeer(V6) : await bench.tcpListener(V6);
    await way.serve(uriOf(b));
    const invite = await wholeCall(a, b);
    const port = bench.port(protocol === 'UDP' ? 'udp' : 'tcp');
    expect(headerValue(invite, 'via')).toMatch(new RegExp(`^SIP/2.0/${protocol} \\[::1\\]:${port};`));
  });
});

describe.each([bridged, proxied])('between IPv4 and IPv6: calls $name', (way) => {
  test('find their way to and fro', async () => {
    bench = await start({
      listen: [
        { protocol: 'udp', address: HOST, port: 0 },
        { protocol: 'tcp', address: V6, port: 0 },
      ],
    });
    const a = await bench.udpPeer();
    const b = await bench.tcpListener(V6);
    await way.serve(uriOf(b));
    await wholeCall(a, b);
  });

  test('a family without a listener is no way', async () => {
    bench = await start({ listen: [{ protocol: 'udp', address: HOST, port: 0 }] });
    const a = await bench.udpPeer();
    await way.serve(`sip:bob@[${V6}]:5999`);
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(way === proxied ? 480 : 500));
  });
});

test('both families may have the same port, also bound to all addresses', async () => {
  const first = await start({
    listen: [
      { protocol: 'udp', address: '0.0.0.0', port: 0 },
      { protocol: 'tcp', address: '0.0.0.0', port: 0 },
    ],
  });
  bench = await start({
    listen: [
      { protocol: 'udp', address: '::', port: first.port('udp') },
      { protocol: 'tcp', address: '::', port: first.port('tcp') },
    ],
  });
  const b = await bench.udpPeer(V6);
  await bridged.serve(uriOf(b));
  const invite = await wholeCall(await bench.udpPeer(V6), b);
  // Not the wildcard, which nobody can send to.
  expect(headerValue(invite, 'contact')).toContain(`[::1]:${first.port('udp')}`);
});

describe('an external address', () => {
  const EXTERNAL = '203.0.113.7';

  beforeEach(async () => {
    bench = await start({ externalAddress: EXTERNAL });
  });

  test('stands in Via and Contact, and is announced to applications', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await bridged.serve(uriOf(b));
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    const shown = `${EXTERNAL}:${bench.port('udp')}`;
    expect(headerValue(invite, 'via')).toContain(`UDP ${shown};rport`);
    expect(headerValue(invite, 'contact')).toContain(shown);
    expect(headerValue(invite, 'from')).not.toContain(`@${HOST}:${bench.port('udp')}`);
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 200, [], SDP);
    const answer = await a.response(200);
    expect(headerValue(answer, 'contact')).toContain(shown);
    caller.ack(answer);
    await b.request('ACK');
    caller.request('BYE');
    callee.answer(await b.request('BYE'), 200);
    expect(bench.server.listening).toContain(`udp/${shown}`);
  });

  test('stands in Record-Route, and the way back is known by it', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.tcpListener()];
    await proxied.serve(uriOf(b));
    const invite = await wholeCall(a, b);
    const routes = headerValues(invite, 'record-route');
    expect(routes).toHaveLength(2);
    for (const route of routes) expect(route).toContain(`sip:${EXTERNAL}:`);
  });

  test('is ourselves: nothing is sent there', async () => {
    const a = await bench.udpPeer();
    await proxied.serve(`sip:bob@${EXTERNAL}:${bench.port('udp')}`);
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(482));
  });
});
