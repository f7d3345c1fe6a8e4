import { systemDns } from '../../../../src/sip-server/core/dns';
import type { NextHopOptions } from '../../../../src/sip-server/core/next-hop';
import { NextHops } from '../../../../src/sip-server/core/next-hop';
import type { Hop } from '../../../../src/sip-server/transport';
import type { Zone, ZoneRecord } from '../dns-server';
import { DnsServer } from '../dns-server';

let server: DnsServer;
let now = 0;

beforeAll(async () => {
  server = await DnsServer.start({});
});
afterAll(() => server.close());
beforeEach(() => {
  server.asked.length = 0;
  now = 1_000_000;
});

function hopsIn(zone: Zone, options: NextHopOptions = {}): NextHops {
  server.zone = zone;
  return new NextHops({
    dns: systemDns([server.address]),
    random: () => 0.5,
    now: () => now,
    ...options,
  });
}

function names(hops: readonly Hop[]): string[] {
  return hops.map(({ protocol, address, port }) => `${protocol} ${address} ${port}`);
}

const a = (address: string): ZoneRecord => ({ type: 'A', address });
const aaaa = (address: string): ZoneRecord => ({ type: 'AAAA', address });
const srv = (target: string, port: number, priority = 0, weight = 0): ZoneRecord => ({
  type: 'SRV',
  priority,
  weight,
  port,
  target,
});
const naptr = (
  service: string,
  replacement: string,
  order = 10,
  preference = 10,
  flags = 's',
): ZoneRecord => ({
  type: 'NAPTR',
  order,
  preference,
  flags,
  service,
  replacement,
});

describe('URIs that name an address need no question', () => {
  test.each([
    ['sip:192.0.2.1', 'udp 192.0.2.1 5060'],
    ['sip:bob@192.0.2.1:5080', 'udp 192.0.2.1 5080'],
    ['sip:bob@192.0.2.1;transport=TCP', 'tcp 192.0.2.1 5060'],
    ['sip:[2001:db8::1]', 'udp 2001:db8::1 5060'],
    ['sip:bob@[2001:db8::1]:5070;transport=tcp', 'tcp 2001:db8::1 5070'],
    ['sip:bob@example.com;maddr=192.0.2.7', 'udp 192.0.2.7 5060'],
    ['sip:bob@example.com:5099;maddr=[2001:db8::7]', 'udp 2001:db8::7 5099'],
    ['sip:192.0.2.1;transport=tls', 'tls 192.0.2.1 5061'],
    ['sips:192.0.2.1', 'tls 192.0.2.1 5061'],
    ['sips:192.0.2.1:5071;transport=tcp', 'tls 192.0.2.1 5071'],
    ['sip:192.0.2.1:50123;transport=ws', 'ws 192.0.2.1 50123'],
    ['sip:192.0.2.1;transport=wss', 'wss 192.0.2.1 443'],
    ['sips:[2001:db8::1]:50123;transport=ws', 'wss 2001:db8::1 50123'],
    ['sip:x7k2@df7jal23ls0d.invalid;transport=ws', 'ws df7jal23ls0d.invalid 80'],
  ])('%s', async (uri, hop) => {
    const hops = hopsIn({});
    expect(names([hops.literal(uri)].flatMap((found) => found ?? []))).toEqual([hop]);
    expect(names(await hops.resolve(uri))).toEqual([hop]);
    expect(server.asked).toEqual([]);
  });

  test.each([
    'sip:192.0.2.1;transport=sctp',
    'sips:192.0.2.1;transport=udp',
    'sips:example.com;transport=sctp',
    'tel:+12125550100',
    'nonsense',
    '',
  ])('%p leads nowhere', async (uri) => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1')] });
    expect(hops.literal(uri)).toBeUndefined();
    expect(await hops.resolve(uri)).toEqual([]);
    expect(server.asked).toEqual([]);
  });
});

test('ob asks for the connection that stands (RFC 5626 §5.2)', () => {
  const hops = hopsIn({});
  expect(hops.literal('sip:192.0.2.1:50123;transport=tls;ob')).toMatchObject({ standing: true });
  expect(hops.literal('sip:192.0.2.1:50123;transport=tls')?.standing).toBeUndefined();
});

test.each(['sips:example.com', 'sip:example.com;transport=tls'])(
  '%s is looked up for TLS alone, and the certificate must be for its name',
  async (uri) => {
    const hops = hopsIn({
      '_sips._tcp.example.com': [srv('edge.example.net', 5071)],
      'edge.example.net': [a('192.0.2.1')],
    });
    expect(await hops.resolve(uri)).toEqual([
      { protocol: 'tls', address: '192.0.2.1', port: 5071, domain: 'example.com' },
    ]);
    expect(server.asked.filter((asked) => asked.startsWith('SRV'))).toEqual(['SRV _sips._tcp.example.com']);
  },
);

describe('names (RFC 3263 §4)', () => {
  test('NAPTR says which services there are, and in which order', async () => {
    const hops = hopsIn({
      'example.com': [
        naptr('SIP+D2U', '_sip._udp.two.test', 20),
        naptr('SIPS+D2T', '_sips._tcp.one.test', 5),
        naptr('SIP+D2T', '_sip._tcp.one.test', 10, 20),
        naptr('SIP+D2U', '_sip._udp.one.test', 10, 10),
        naptr('E2U+sip', 'x.test', 1, 1, 'u'),
      ],
      '_sip._udp.one.test': [srv('h1.test', 5061)],
      '_sip._tcp.one.test': [srv('h2.test', 5062)],
      '_sip._udp.two.test': [srv('h3.test', 5063)],
      'h1.test': [a('192.0.2.1')],
      'h2.test': [a('192.0.2.2')],
      'h3.test': [a('192.0.2.3')],
    });
    expect(names(await hops.resolve('sip:bob@Example.COM'))).toEqual([
      'udp 192.0.2.1 5061',
      'tcp 192.0.2.2 5062',
      'udp 192.0.2.3 5063',
    ]);
    expect(server.asked).not.toContain('SRV _sip._udp.example.com');
    expect(server.asked).not.toContain('SRV _sips._tcp.one.test');
  });

  test('without NAPTR the standard SRV names are asked, UDP first', async () => {
    const hops = hopsIn({
      'example.com': [],
      '_sip._udp.example.com': [srv('h2.test', 5062, 2), srv('h1.test', 5061, 1)],
      '_sip._tcp.example.com': [srv('h1.test', 5063)],
      'h1.test': [a('192.0.2.1'), a('192.0.2.11')],
      'h2.test': [a('192.0.2.2')],
    });
    expect(names(await hops.resolve('sip:example.com'))).toEqual([
      'udp 192.0.2.1 5061',
      'udp 192.0.2.11 5061',
      'udp 192.0.2.2 5062',
      'tcp 192.0.2.1 5063',
      'tcp 192.0.2.11 5063',
    ]);
  });

  test('a transport in the URI asks for its SRV records alone', async () => {
    const hops = hopsIn({
      'example.com': [naptr('SIP+D2U', '_sip._udp.example.com')],
      '_sip._udp.example.com': [srv('h1.test', 5061)],
      '_sip._tcp.example.com': [srv('h1.test', 5062)],
      'h1.test': [a('192.0.2.1')],
    });
    expect(names(await hops.resolve('sip:example.com;transport=tcp'))).toEqual(['tcp 192.0.2.1 5062']);
    expect(server.asked.filter((question) => question.startsWith('NAPTR'))).toEqual([]);
  });

  test('a port in the URI rules NAPTR and SRV out', async () => {
    const hops = hopsIn({
      'example.com': [a('192.0.2.9'), naptr('SIP+D2U', '_sip._udp.example.com')],
      '_sip._udp.example.com': [srv('example.com', 5061)],
    });
    expect(names(await hops.resolve('sip:example.com:5070'))).toEqual(['udp 192.0.2.9 5070']);
    expect(server.asked.sort()).toEqual(['A example.com', 'AAAA example.com']);
  });

  test('without SRV the name itself is the server, at 5060', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.9'), aaaa('2001:db8::9')] });
    expect(names(await hops.resolve('sip:example.com'))).toEqual([
      'udp 192.0.2.9 5060',
      'udp 2001:db8::9 5060',
    ]);
    expect(names(await hops.resolve('sip:example.com;transport=tcp'))).toEqual([
      'tcp 192.0.2.9 5060',
      'tcp 2001:db8::9 5060',
    ]);
  });

  test("maddr's name is asked instead of the host's", async () => {
    const hops = hopsIn({ 'other.test': [a('192.0.2.4')] });
    expect(names(await hops.resolve('sip:bob@example.com;maddr=other.test'))).toEqual(['udp 192.0.2.4 5060']);
  });

  test("a service that is decidedly absent ('.') leaves the others", async () => {
    const hops = hopsIn({
      'example.com': [a('192.0.2.9')],
      '_sip._udp.example.com': [srv('.', 0)],
      '_sip._tcp.example.com': [srv('example.com', 5065)],
    });
    expect(names(await hops.resolve('sip:example.com'))).toEqual(['tcp 192.0.2.9 5065']);
  });

  test('hops that no listener speaks are left out', async () => {
    const hops = hopsIn(
      { 'example.com': [aaaa('2001:db8::9'), a('192.0.2.9')] },
      { speaks: ({ address }) => !address.includes(':') },
    );
    expect(names(await hops.resolve('sip:example.com'))).toEqual(['udp 192.0.2.9 5060']);
  });

  test('never more than eight hops', async () => {
    const many = Array.from({ length: 20 }, (_, i) => a(`192.0.2.${i}`));
    const hops = hopsIn({ 'example.com': many });
    expect(await hops.resolve('sip:example.com')).toHaveLength(8);
  });

  test('a name that does not exist has no hops', async () => {
    expect(await hopsIn({}).resolve('sip:nowhere.test')).toEqual([]);
  });
});

describe('weights', () => {
  test('chance decides for each request, with one question for all', async () => {
    const chances = [0.1, 0.9];
    const hops = hopsIn(
      {
        '_sip._udp.example.com': [srv('h1.test', 1, 1, 50), srv('h2.test', 2, 1, 50)],
        'h1.test': [a('192.0.2.1')],
        'h2.test': [a('192.0.2.2')],
      },
      { random: () => chances.shift() ?? 0 },
    );
    const first = names(await hops.resolve('sip:example.com'));
    const questions = server.asked.length;
    chances.splice(0, 2, 0.9);
    const second = names(await hops.resolve('sip:example.com'));
    expect(first).toEqual(['udp 192.0.2.1 1', 'udp 192.0.2.2 2']);
    expect(second).toEqual(['udp 192.0.2.2 2', 'udp 192.0.2.1 1']);
    expect(server.asked).toHaveLength(questions);
  });
});

describe('hops that failed', () => {
  test('are tried last for half a minute', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1'), a('192.0.2.2')] });
    const uri = 'sip:example.com:5060';
    hops.failed({ protocol: 'udp', address: '192.0.2.1', port: 5060 });
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.2 5060', 'udp 192.0.2.1 5060']);
    now += 30_001;
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.1 5060', 'udp 192.0.2.2 5060']);
  });

  test('all of them: they are tried all the same', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1')] });
    hops.failed({ protocol: 'udp', address: '192.0.2.1', port: 5060 });
    expect(names(await hops.resolve('sip:example.com'))).toEqual(['udp 192.0.2.1 5060']);
  });
});

describe('what is remembered', () => {
  const uri = 'sip:example.com:5060';

  test('an answer, for half a minute', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1')] });
    await hops.resolve(uri);
    server.zone = { 'example.com': [a('192.0.2.2')] };
    now += 29_000;
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.1 5060']);
    now += 2_000;
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.2 5060']);
  });

  test('that there is nothing, for five seconds', async () => {
    const hops = hopsIn({});
    expect(await hops.resolve(uri)).toEqual([]);
    server.zone = { 'example.com': [a('192.0.2.2')] };
    expect(await hops.resolve(uri)).toEqual([]);
    now += 5_001;
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.2 5060']);
  });

  test('an old answer outlives its time while the name servers fail', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1')] });
    await hops.resolve(uri);
    server.zone = { 'example.com': 'servfail' };
    now += 600_000;
    expect(names(await hops.resolve(uri))).toEqual(['udp 192.0.2.1 5060']);
    now += 3_600_000;
    expect(await hops.resolve(uri)).toEqual([]);
  });

  test('many who ask at once ask one question', async () => {
    const hops = hopsIn({ 'example.com': [a('192.0.2.1')] });
    await Promise.all(Array.from({ length: 50 }, () => hops.resolve(uri)));
    expect(server.asked.sort()).toEqual(['A example.com', 'AAAA example.com']);
  });

  test('no more than there is room for', async () => {
    const dns = {
      srv: () => Promise.resolve([]),
      naptr: () => Promise.resolve([]),
      addresses: () => Promise.resolve(['192.0.2.1']),
    };
    const hops = hopsIn({}, { dns });
    for (let i = 0; i < 5_000; i++) {
      await hops.resolve(`sip:h${i}.test`);
      hops.failed({ protocol: 'udp', address: '192.0.2.1', port: i });
    }
    expect(hops.remembered).toBeLessThanOrEqual(3_000);
  });
});

describe('name servers in trouble', () => {
  test('SRV that cannot be had: the address will do', async () => {
    const hops = hopsIn({
      '_sip._udp.example.com': 'servfail',
      '_sip._tcp.example.com': 'servfail',
      'example.com': [a('192.0.2.1')],
    });
    expect(names(await hops.resolve('sip:example.com'))).toEqual(['udp 192.0.2.1 5060']);
  });

  test('one that says nothing: no hop, in limited time', async () => {
    const hops = hopsIn({ 'example.com': 'silent' });
    expect(await hops.resolve('sip:example.com:5060')).toEqual([]);
  });

  test('a resolver that never comes back: no hop, in limited time', async () => {
    const never = new Promise<never>(() => undefined);
    const dns = { srv: () => never, naptr: () => never, addresses: () => never };
    jest.useFakeTimers();
    try {
      const resolved = hopsIn({}, { dns }).resolve('sip:example.com');
      await jest.advanceTimersByTimeAsync(3_000);
      expect(await resolved).toEqual([]);
    } finally {
      jest.useRealTimers();
    }
  });
});
