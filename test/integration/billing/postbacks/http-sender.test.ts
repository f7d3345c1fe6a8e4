import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { HttpSenderSettings, PostbackRequest } from '../../../../src/billing/postbacks/http-sender';
import { HttpSender } from '../../../../src/billing/postbacks/http-sender';
import { PortPolicy } from '../../../../src/billing/postbacks/port-policy';
import { AddressPolicy } from '../../../../src/domain';
import type { SystemLookup } from '../../../../src/outbound';
import { freePort } from '../../../support/free-port';
import { Receiver } from './support/receiver';

const PEM = join(__dirname, '../../rtb/support');
const HERE = new AddressPolicy(['127.0.0.1']);

let receiver: Receiver;
const senders: HttpSender[] = [];

beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  await receiver.close();
});

function sender(more: Partial<HttpSenderSettings> = {}): HttpSender {
  const made = new HttpSender({
    addresses: HERE,
    ports: new PortPolicy(['1024-65535']),
    insecureAllowed: () => true,
    timeoutMs: 2_000,
    monotonic: () => performance.now(),
    ...more,
  });
  senders.push(made);
  return made;
}
const get = (url: string): PostbackRequest => ({ method: 'GET', url, headers: {}, body: undefined });
const at = (address: string) => ({ address, family: 4 });
const says =
  (...addresses: string[]): SystemLookup =>
  (_host, done) =>
    done(null, addresses.map(at));
const port = (): string => receiver.host.split(':')[1] ?? '';

test('a name goes to the address that was judged, whatever it says the next time', async () => {
  const inside = createServer();
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.2', resolve));
  const reached: unknown[] = [];
  inside.on('connection', (socket) => {
    reached.push(socket.remoteAddress);
    socket.destroy();
  });
  let asked = 0;
  const lookup: SystemLookup = (_host, done) => {
    done(null, [at(asked++ === 0 ? '127.0.0.1' : '127.0.0.2')]);
  };
  const rebinding = sender({ lookup });
  for (let n = 0; n < 3; n++) {
    const reply = await rebinding.send(get(`http://rebinding.example:${port()}/${n}`));
    expect(reply).toMatchObject({ ok: true, status: 200 });
  }
  expect(asked).toBe(1);
  expect(receiver.received.map(({ headers }) => headers['host'])).toEqual(
    Array(3).fill(`rebinding.example:${port()}`),
  );
  expect(reached).toEqual([]);
  await new Promise((resolve) => inside.close(resolve));
});

test('a name that turns to a private address later is refused then, whatever connection is open', async () => {
  let now = 0;
  let asked = 0;
  const lookup: SystemLookup = (_host, done) => done(null, [at(asked++ === 0 ? '127.0.0.1' : '10.0.0.1')]);
  const rebinding = sender({ lookup, monotonic: () => now });
  const reply = () => rebinding.send(get(`http://rebinding.example:${port()}/`));
  expect(await reply()).toMatchObject({ ok: true, status: 200 });
  now = 30_001;
  expect(await reply()).toMatchObject({ ok: false, why: 'refused' });
  expect(receiver.received).toHaveLength(1);
});

test('of several addresses only those are used that may be', async () => {
  const lookup = says('10.0.0.1', '127.0.0.2', '127.0.0.1', '169.254.169.254');
  const reply = await sender({ lookup }).send(get(`http://mixed.example:${port()}/`));
  expect(reply).toMatchObject({ ok: true, status: 200 });
  expect(receiver.received).toHaveLength(1);
});

test.each([
  ['http://inside.example/', /10\.0\.0\.1 is not/],
  ['http://127.0.0.2/', /127\.0\.0\.2 is not/],
  ['http://[::1]/', /::1 is not/],
  ['http://[::ffff:10.0.0.1]/', /10\.0\.0\.1 is not/],
  ['http://2130706434/', /127\.0\.0\.2 is not/],
  ['http://0x7f.0.0.2/', /127\.0\.0\.2 is not/],
  ['http://0177.0.0.2/', /127\.0\.0\.2 is not/],
  ['http://017700000002/', /127\.0\.0\.2 is not/],
  ['http://127.2/', /127\.0\.0\.2 is not/],
  ['http://[::ffff:7f00:2]/', /127\.0\.0\.2 is not/],
  ['http://[fd00:ec2::254]/', /fd00:ec2::254 is not/],
  ['http://[fe80::1]/', /fe80::1 is not/],
  ['http://[64:ff9b::7f00:2]/', /64:ff9b::7f00:2 is not/],
  ['http://[2002:7f00:2::]/', /2002:7f00:2:: is not/],
  ['http://[2001:0:7f00:2::]/', /2001:0:7f00:2:: is not/],
])('%s is refused', async (url, detail) => {
  const reply = await sender({ lookup: says('10.0.0.1') }).send(get(url));
  expect(reply).toMatchObject({
    ok: false,
    why: 'refused',
    detail: expect.stringMatching(detail) as unknown,
  });
});

test('without TLS only where that is allowed', async () => {
  const reply = await sender({ insecureAllowed: (host) => host === 'other' }).send(get(`${receiver.url}/`));
  expect(reply).toEqual({ ok: false, why: 'refused', detail: 'HTTPS is asked for at 127.0.0.1' });
});

test('a name without an address, and a port where nobody is, are unreachable', async () => {
  const nameless = sender({ lookup: (_host, done) => done(new Error('ENOTFOUND'), []) });
  expect(await nameless.send(get('http://nobody.example/'))).toMatchObject({ ok: false, why: 'unreachable' });
  const nobody = `http://127.0.0.1:${await freePort()}/`;
  expect(await sender().send(get(nobody))).toMatchObject({ ok: false, why: 'unreachable' });
});

test('a look-up that takes too long is given up', async () => {
  const slow = sender({ timeoutMs: 50, lookup: () => undefined });
  expect(await slow.send(get('http://slow.example/'))).toMatchObject({ ok: false, why: 'timeout' });
});

test('certificates are checked', async () => {
  const server = createTlsServer(
    { key: readFileSync(join(PEM, 'key.pem')), cert: readFileSync(join(PEM, 'cert.pem')) },
    (_request, response) => response.end('over TLS'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: tlsPort } = server.address() as AddressInfo;
  const ca = readFileSync(join(PEM, 'cert.pem'), 'utf8');
  const lookup = says('127.0.0.1');
  const named = (name: string): PostbackRequest => get(`https://${name}:${tlsPort}/`);
  expect(await sender({ lookup, ca }).send(named('buyers.example'))).toMatchObject({
    ok: true,
    excerpt: 'over TLS',
  });
  expect(await sender({ lookup, ca }).send(named('another.example'))).toMatchObject({
    ok: false,
    why: 'broken',
  });
  expect(await sender({ lookup }).send(named('buyers.example'))).toMatchObject({ ok: false, why: 'broken' });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('a request that is taken back ends at once', async () => {
  receiver.behave = () => () => undefined;
  const back = new AbortController();
  const sent = sender().send(get(receiver.url), back.signal);
  setTimeout(() => back.abort(), 20);
  expect(await sent).toMatchObject({ ok: false, why: 'aborted' });
  expect(await sender().send(get(receiver.url), AbortSignal.abort())).toMatchObject({
    ok: false,
    why: 'aborted',
  });
});

test('a compressed reply, and bytes that are no text, do no harm', async () => {
  receiver.behave =
    ({ path }) =>
    (_request, response) => {
      if (path === '/gzip') response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(Buffer.alloc(500, 7));
      else response.writeHead(200).end(Buffer.from([0, 255, 254, 27, 65, 10]));
    };
  expect(await sender().send(get(`${receiver.url}/gzip`))).toMatchObject({ excerpt: '(gzip)' });
  expect(await sender().send(get(`${receiver.url}/`))).toMatchObject({
    excerpt: '\ufffd\ufffd\ufffd\ufffdA\n',
  });
});
