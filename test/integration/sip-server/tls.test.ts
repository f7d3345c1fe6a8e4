import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { headerValue } from '../../../src/sip-server/message';
import type { TestCertificate } from '../../support/browser/certificate';
import { makeCertificate } from '../../support/browser/certificate';
import { until } from '../../support/until';
import type { TcpPeer } from './support';
import { answered, Bench, benches, bridgeCalls, HOST, Leg, offered, SDP } from './support';

const start = benches();
const TLS = { protocol: 'tls', address: HOST, port: 0 } as const;
const WSS = { protocol: 'wss', address: HOST, port: 0 } as const;
const UDP = { protocol: 'udp', address: HOST, port: 0 } as const;

let shown: TestCertificate;
let other: TestCertificate;

beforeAll(() => {
  shown = makeCertificate();
  other = makeCertificate();
});
afterAll(() => {
  shown.remove();
  other.remove();
});

/** Fingerprint of the certificate that a handshake shows now. */
async function fingerprint(port: number): Promise<string> {
  const socket = connect({ port, host: HOST, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
  });
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

test('a call over TLS, from whatever address, stays on its connection', async () => {
  const bench = await start({ listen: [TLS, UDP], tls: shown, admits: () => false });
  const protocols: string[] = [];
  const dialogs: { destroy(): void }[] = [];
  await bench.application((srf) =>
    srf.invite((req, res) => {
      protocols.push(req.protocol);
      void srf.createUAS(req, res, { localSdp: SDP }).then((dialog) => dialogs.push(dialog as never));
    }),
  );
  const peer = await bench.tlsPeer();
  const caller = Leg.caller(peer);
  caller.invite();
  const answer = await peer.response(200);
  expect(protocols).toEqual(['tls']);
  expect(headerValue(answer, 'contact')).toContain(`@${HOST}:${bench.port('tls')};transport=tls>`);
  caller.ack(answer);
  await until('the dialog stands', () => dialogs.length === 1);
  dialogs[0]?.destroy();
  caller.answer(await peer.request('BYE'), 200);
  peer.send('\r\n\r\n');
  await until('the keep-alive is answered', () => peer.pongs === 1);
});

test('a silent connection, and one in the middle of its handshake, ends in its time', async () => {
  const bench = await start({ listen: [TLS], tls: shown, limits: { firstMessageMs: 200 } });
  const silent = await bench.tlsPeer();
  const shaking = connectPlain(bench.port('tls'), HOST);
  const closed = once(shaking, 'close');
  await until('it is closed', () => silent.closed);
  await closed;
  await until('nothing is left', () => bench.server.stats().connections === 0);
});

test('WebSocket over TLS', async () => {
  const bench = await start({ listen: [WSS, UDP], tls: shown });
  const browser = await bench.browser('wss');
  await bench.application((srf) =>
    bridgeCalls(srf, 'sip:b@x.invalid;transport=wss', { proxy: browser.flow }),
  );
  const carrier = await bench.udpPeer();
  const call = await offered(carrier, browser);
  expect(headerValue(call.invite, 'via')).toMatch(/^SIP\/2.0\/WSS /);
  await answered(carrier, browser, call);
  call.callee.request('BYE');
  await browser.response(200, 'BYE');
  call.caller.answer(await carrier.request('BYE'), 200);
});

describe('the certificate', () => {
  function copyOf(certificate: TestCertificate): void {
    copyFileSync(certificate.certFile, changing.certFile);
    copyFileSync(certificate.keyFile, changing.keyFile);
  }
  let changing: TestCertificate;
  beforeEach(() => {
    changing = makeCertificate();
  });
  afterEach(() => changing.remove());

  test('is read again when its files change; connections that stand stay; a broken one changes nothing', async () => {
    const told: string[] = [];
    const bench = await start({
      listen: [TLS, WSS],
      tls: { ...changing, pollMs: 20 },
      log: (_level, message) => told.push(message),
    });
    const ports = [bench.port('tls'), bench.port('wss')];
    const all = async (): Promise<string[]> => Promise.all(ports.map(fingerprint));
    const [first = ''] = await all();
    const browser = await bench.browser('wss');
    copyOf(other);
    await until('both show the new one', async () => (await all()).every((now) => now !== first));
    const [second = ''] = await all();
    writeFileSync(changing.certFile, 'no certificate');
    await until('it is told', () => told.includes('the new certificate is no good; the old one stays'));
    expect(await all()).toEqual([second, second]);
    copyOf(shown);
    await until('both show the third', async () => (await all()).every((now) => now !== second));
    browser.send('\r\n\r\n');
    await until('the old connection works', () => browser.others.length === 1);
  });

  test('whose folder has become something else changes nothing, until it is a folder again', async () => {
    const told: string[] = [];
    const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
    const names = { certFile: join(folder, 'live', 'cert.pem'), keyFile: join(folder, 'live', 'key.pem') };
    const put = (from: TestCertificate): void => {
      mkdirSync(join(folder, 'live'));
      copyFileSync(from.certFile, names.certFile);
      copyFileSync(from.keyFile, names.keyFile);
    };
    put(changing);
    const bench = await start({
      listen: [TLS],
      tls: { ...names, pollMs: 20 },
      log: (_level, message) => told.push(message),
    });
    const first = await fingerprint(bench.port('tls'));
    rmSync(join(folder, 'live'), { recursive: true });
    writeFileSync(join(folder, 'live'), 'no folder');
    await until('it is told', () => told.includes('the new certificate is no good; the old one stays'));
    expect(await fingerprint(bench.port('tls'))).toBe(first);
    rmSync(join(folder, 'live'));
    put(other);
    await until('the new one is shown', async () => (await fingerprint(bench.port('tls'))) !== first);
    rmSync(folder, { recursive: true });
  });

  test.each([
    ['is not there', 'certFile', undefined, /missing\.pem \(sip\.tls\.certFile\) cannot be read: .*ENOENT/],
    ['has another key', 'keyFile', 'other', /cannot be used: .*key values mismatch/],
  ] as const)('that %s stops the start with one line', async (_what, name, from, message) => {
    const file = from === undefined ? `${changing.certFile}.missing.pem` : other.keyFile;
    const started = Bench.start({ listen: [TLS], tls: { ...changing, [name]: file } });
    await expect(started).rejects.toThrow(message);
  });

  test('is needed', async () => {
    await expect(Bench.start({ listen: [WSS] })).rejects.toThrow(/sip\.tls\.certFile and sip\.tls\.keyFile/);
  });
});

describe('a peer that is called by TLS', () => {
  async function callTo(options: { caFile?: string; verifyPeers?: boolean }): Promise<{
    bench: Bench;
    carrier: Awaited<ReturnType<Bench['udpPeer']>>;
    callee: TcpPeer;
  }> {
    const bench = await start({ listen: [TLS, UDP], tls: { ...shown, ...options } });
    const callee = await bench.tcpListener(HOST, {
      cert: readFileSync(other.certFile, 'utf8'),
      key: readFileSync(other.keyFile, 'utf8'),
    });
    await bench.application((srf) => bridgeCalls(srf, `sips:b@${HOST}:${callee.port}`));
    return { bench, carrier: await bench.udpPeer(), callee };
  }

  test('whose certificate nobody vouches for is not', async () => {
    const { carrier, callee } = await callTo({});
    Leg.caller(carrier).invite();
    await carrier.response(503);
    expect(callee.seen).toEqual([]);
  });

  test.each([
    ['whose certificate we trust', () => ({ caFile: other.certFile })],
    ['is, too, where nobody asks for certificates', () => ({ verifyPeers: false })],
  ])('%s', async (_what, options) => {
    const { carrier, callee } = await callTo(options());
    const call = await offered(carrier, callee);
    expect(headerValue(call.invite, 'via')).toMatch(/^SIP\/2.0\/TLS /);
    await answered(carrier, callee, call);
    call.callee.request('BYE');
    await callee.response(200, 'BYE');
    call.caller.answer(await carrier.request('BYE'), 200);
  });

  test('that takes connections and no handshake is given up in time', async () => {
    const bench = await start({
      listen: [TLS, UDP],
      tls: shown,
      limits: { connectTimeoutMs: 200 },
    });
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, HOST, resolve));
    const { port } = mute.address() as AddressInfo;
    await bench.application((srf) => bridgeCalls(srf, `sip:b@${HOST}:${port};transport=tls`));
    const carrier = await bench.udpPeer();
    Leg.caller(carrier).invite();
    await carrier.response(503);
    mute.close();
  });
});
