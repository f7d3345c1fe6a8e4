import type Srf from 'drachtio-srf';
import type { ZoneRecord } from '../../unit/sip-server/dns-server';
import { DnsServer } from '../../unit/sip-server/dns-server';
import type { Bench, Peer } from './support';
import { benches, bridgeCalls, HOST, Leg, SDP } from './support';

const start = benches();
let bench: Bench;
let dns: DnsServer;
let a: Peer;
let b: Peer;

beforeAll(async () => {
  dns = await DnsServer.start({});
});
afterAll(() => dns.close());
beforeEach(async () => {
  bench = await start({ dnsServers: [dns.address] });
  a = await bench.udpPeer();
  b = await bench.udpPeer();
});

/** `trunk.test` is served by these peers, the first before the second. */
function trunkOf(...peers: Peer[]): void {
  const records = (protocol: Peer['protocol']): ZoneRecord[] =>
    peers.flatMap((peer, i) =>
      peer.protocol === protocol
        ? { type: 'SRV', priority: i, weight: 0, port: peer.port, target: 'host.test' }
        : [],
    );
  dns.zone = {
    'trunk.test': [],
    '_sip._udp.trunk.test': records('UDP'),
    '_sip._tcp.trunk.test': records('TCP'),
    'host.test': [{ type: 'A', address: HOST }],
  };
}

/** What the caller hears when no server takes the call, and when there is none, comes last. */
const ways: readonly [string, (srf: Srf, uri: string) => void, number, number][] = [
  [
    'a call of the application',
    (srf, uri) => {
      bridgeCalls(srf, uri);
    },
    503,
    500,
  ],
  [
    'a proxied call',
    (srf, uri) => {
      srf.invite((req) => {
        srf.proxyRequest(req, uri, { remainInDialog: true } as never);
      });
    },
    500,
    480,
  ],
];

describe.each(ways)('%s to a name', (_way, serve, refused, unserved) => {
  async function calls(transport = ''): Promise<Leg> {
    await bench.application((srf) => serve(srf, `sip:bob@trunk.test${transport}`));
    const caller = Leg.caller(a);
    caller.invite();
    return caller;
  }

  async function answeredBy(peer: Peer, caller: Leg): Promise<void> {
    const invite = await peer.request('INVITE');
    expect(invite.uri).toContain('sip:bob@trunk.test');
    const callee = Leg.callee(peer, invite);
    callee.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await peer.request('ACK');
    caller.request('BYE');
    callee.answer(await peer.request('BYE'), 200);
    await a.response(200, 'BYE');
  }

  test('whose first server says 503: the second is asked', async () => {
    const second = await bench.udpPeer();
    trunkOf(b, second);
    const caller = await calls();
    const invite = await b.request('INVITE');
    Leg.callee(b, invite).answer(invite, 503);
    await b.request('ACK');
    await answeredBy(second, caller);
  });

  test('whose first server says nothing: the second is asked after 64 T1', async () => {
    const second = await bench.udpPeer();
    trunkOf(b, second);
    const caller = await calls();
    await answeredBy(second, caller);
    expect(b.count('INVITE')).toBeGreaterThan(3);
  });

  test('whose first server takes no connection: the second is asked at once', async () => {
    const [first, second] = [await bench.tcpListener(), await bench.tcpListener()];
    first.close();
    trunkOf(first, second);
    await answeredBy(second, await calls(';transport=tcp'));
  });

  test('whose server is busy: that is an answer, nobody else is asked', async () => {
    const second = await bench.udpPeer();
    trunkOf(b, second);
    const caller = await calls();
    const invite = await b.request('INVITE');
    Leg.callee(b, invite).answer(invite, 486);
    caller.ack(await a.response(486));
    expect(second.seen).toEqual([]);
  });

  test('all of whose servers fail: the caller hears of it', async () => {
    const second = await bench.udpPeer();
    trunkOf(b, second);
    const caller = await calls();
    for (const peer of [b, second]) {
      const invite = await peer.request('INVITE');
      Leg.callee(peer, invite).answer(invite, 503);
    }
    caller.ack(await a.response(refused));
  });

  test('given up while the second server is asked: CANCEL goes there', async () => {
    const second = await bench.udpPeer();
    trunkOf(b, second);
    const caller = await calls();
    const first = await b.request('INVITE');
    Leg.callee(b, first).answer(first, 503);
    const invite = await second.request('INVITE');
    const callee = Leg.callee(second, invite);
    callee.answer(invite, 180);
    await a.response(180);
    caller.cancel();
    callee.answer(await second.request('CANCEL'), 200);
    callee.answer(invite, 487);
    caller.ack(await a.response(487));
    expect(b.count('CANCEL')).toBe(0);
  });

  test('that nobody serves: the caller hears of it', async () => {
    dns.zone = {};
    const caller = await calls();
    caller.ack(await a.response(unserved));
  });
});
