import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import express from 'express';
import { listen } from '../../../src/api';
import type { ListenOptions } from '../../../src/api/listen';
import { sendFile } from '../../../src/api/send-file';
import { makeCertificate } from '../../support/browser/certificate';
import { until } from '../../support/until';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

/** What is sent so slowly comes to its end long after the time for it is over. */
const EVERY_MS = 20;
const LONG = 'x'.repeat(4_096);
/** More than the system keeps between two sockets. */
const MORE_THAN_FITS = 64 * 1024 * 1024;

const open = new Set<Socket>();
const servers: Server[] = [];
let api: TestApi | undefined;

afterEach(async () => {
  for (const socket of open) socket.destroy();
  open.clear();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
  await api?.close();
  api = undefined;
});

interface Client {
  readonly socket: Socket;
  /** What it was told so far; it need not listen. */
  readonly told: () => string;
  readonly isCut: () => boolean;
}

/** Connects, sends, and then a byte of what is left now and then. */
async function client(server: Server, first: string, dribble = '', more: object = {}): Promise<Client> {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', ...more });
  return dribbling(socket, first, dribble);
}

async function dribbling(socket: Socket, first: string, dribble: string, ready = 'connect'): Promise<Client> {
  open.add(socket);
  let told = '';
  let isCut = false;
  socket.on('error', () => undefined);
  socket.on('data', (data) => (told += data.toString('latin1')));
  socket.on('close', () => (isCut = true));
  await once(socket, ready);
  socket.write(first);
  let at = 0;
  const timer = setInterval(() => {
    const byte = dribble[at++];
    if (byte === undefined || socket.destroyed) clearInterval(timer);
    else socket.write(byte);
  }, EVERY_MS);
  socket.once('close', () => clearInterval(timer));
  return { socket, told: () => told, isCut: () => isCut };
}

/** Asks for something, and reads nothing of the answer. */
async function deaf(socket: Socket, ready = 'connect'): Promise<void> {
  open.add(socket);
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, ready);
  socket.write('GET /much HTTP/1.1\r\nHost: x\r\n\r\n');
}

function application() {
  const app = express();
  const files = { begun: 0, over: 0 };
  app.get('/', (_request, response) => void response.send('here'));
  app.get('/much', (_request, response) => void response.end(Buffer.alloc(MORE_THAN_FITS)));
  app.get('/file', async (_request, response) => {
    files.begun++;
    const piece = 'x'.repeat(65_536);
    await sendFile(response, { type: 'text/csv', name: 'file' }, async (write) => {
      for (let sent = 0; sent < MORE_THAN_FITS; sent += piece.length) await write(piece);
    });
    files.over++;
  });
  app.post('/body', express.text({ type: '*/*' }), (_request, response) => void response.send('taken'));
  return { app, files };
}

async function serve(options: ListenOptions, app = application().app): Promise<Server> {
  const server = await listen(app, '127.0.0.1', 0, options);
  servers.push(server);
  return server;
}

/** Somebody else is served all the while. */
async function isServed(server: Server): Promise<void> {
  const one = await client(server, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await until('an answer', one.isCut);
  expect(one.told()).toMatch(/^HTTP\/1\.1 200 OK[^]*here$/);
}

describe('a client that takes its time', () => {
  const times = { headersMs: 300, requestMs: 600, sendMs: 300 };

  test.each([
    ['for its first byte', ''],
    ['for headers, a byte at a time', `GET / HTTP/1.1\r\nHost: x\r\nX-Long: `],
  ])('%s is cut off, and others are served', async (_what, first) => {
    const server = await serve({ limits: times });
    const slow = await client(server, first, first === '' ? '' : LONG);
    await isServed(server);
    await until('the slow one to be cut off', slow.isCut);
    expect(slow.told()).toMatch(/^HTTP\/1\.1 408 /);
    await isServed(server);
  });

  test('for a body is cut off, however often it sends something', async () => {
    const server = await serve({ limits: times });
    const post = 'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 4096\r\n\r\n';
    const slow = await client(server, post, LONG);
    await isServed(server);
    await until('the slow one to be cut off', slow.isCut);
    expect(slow.told()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('for a body that nobody wants is cut off as well', async () => {
    const server = await serve({ limits: times });
    const slow = await client(server, 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4096\r\n\r\n', LONG);
    await until('the answer, which waits for no body', () => slow.told().endsWith('here'));
    await until('the slow one to be cut off', slow.isCut);
  });

  test('for a body is told by the API that it took too long, and its operation is not done', async () => {
    const started = await startTestApi({ timeoutMs: 300 }, undefined, { requestMs: 60_000 });
    api = started;
    const body = JSON.stringify({ id: 'slow', name: LONG, type: 'buyer' });
    const head = `POST /api/v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.admin}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    const slow = await client(api.server, head, body);
    const accounts = (): Promise<number> =>
      started.ask('GET', '/api/v1/accounts').then(({ status }) => status);
    await until('others to be served', async () => (await accounts()) === 200);
    await until('the slow one to be cut off', slow.isCut);
    expect(slow.told()).toMatch(/^HTTP\/1\.1 503 [^]*Connection: close[^]*"timed_out"/);
    expect((await api.ask('GET', '/api/v1/accounts/slow')).status).toBe(404);
    expect(api.switch.bugs).toEqual([]);
  });

  test('for an answer, and reads nothing of it, is cut off', async () => {
    const refused: string[] = [];
    let connections = 0;
    const server = await serve({
      limits: times,
      onRefused: (why) => refused.push(why),
      onOpen: (count) => (connections = count),
    });
    await deaf(connect((server.address() as AddressInfo).port, '127.0.0.1'));
    await isServed(server);
    await until('the deaf one to be cut off', () => refused.length > 0);
    expect(refused).toEqual(['unread']);
    await until('its connection to be gone', () => connections === 0);
  });

  test('for an answer over TLS is cut off, and for a handshake too', async () => {
    const certificate = makeCertificate();
    const refused: string[] = [];
    const server = await serve({
      limits: times,
      tls: { ...certificate, onError: () => undefined },
      onRefused: (why) => refused.push(why),
    });
    const { port } = server.address() as AddressInfo;
    await deaf(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'secureConnect');
    // Some of a ClientHello, and then byte by byte.
    const shaking = await client(server, '\x16\x03\x01\x0f\xff\x01', '\x00'.repeat(4_096));
    await until('the deaf one to be cut off', () => refused.includes('unread'));
    await until('the one that does not shake hands to be cut off', shaking.isCut);
    certificate.remove();
  });

  test('for a file stops what makes it', async () => {
    const { app, files } = application();
    const server = await serve({ limits: times }, app);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    open.add(socket);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET /file HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the file to be begun', () => files.begun === 1);
    await until('it to be given up', () => files.over === 1);
  });

  test('for an answer, but reads on, has all of it', async () => {
    const refused: string[] = [];
    const { app, files } = application();
    const server = await serve({ limits: times, onRefused: (why) => refused.push(why) }, app);
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    open.add(socket);
    let bytes = 0;
    // A mebibyte, a rest, a mebibyte.
    socket.on('data', (data) => {
      bytes += data.length;
      if (Math.floor(bytes / 1_048_576) === Math.floor((bytes - data.length) / 1_048_576)) return;
      socket.pause();
      setTimeout(() => socket.resume(), EVERY_MS);
    });
    socket.write('GET /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await until('all of it', () => bytes > MORE_THAN_FITS, 60_000);
    expect(refused).toEqual([]);
    expect(files.over).toBe(1);
  });
});

describe('connections', () => {
  const from = (server: Server, localAddress: string): Promise<Client> =>
    client(server, '', '', { localAddress });

  test('are so many of an address, and of all; others come in when some go', async () => {
    const refused: string[] = [];
    let connections = 0;
    const server = await serve({
      limits: { max: 5, maxPerAddress: 3 },
      onRefused: (why) => refused.push(why),
      onOpen: (count) => (connections = count),
    });
    const first = await from(server, '127.0.0.2');
    for (let n = 0; n < 2; n++) await from(server, '127.0.0.2');
    await until('three', () => connections === 3);
    const fourth = await from(server, '127.0.0.2');
    await until('the fourth of an address to be cut off', fourth.isCut);
    expect(refused.splice(0)).toEqual(['address']);

    // Whoever comes from elsewhere is served.
    await isServed(server);
    await until('three again', () => connections === 3);
    for (const other of ['127.0.0.3', '127.0.0.4']) await from(server, other);
    await until('five', () => connections === 5);
    const sixth = await from(server, '127.0.0.5');
    await until('the sixth of all to be cut off', sixth.isCut);
    expect(refused.splice(0)).toEqual(['total']);

    first.socket.destroy();
    await until('four', () => connections === 4);
    const next = await from(server, '127.0.0.2');
    await until('five once more', () => connections === 5);
    expect(next.isCut()).toBe(false);
    expect(refused).toEqual([]);
  });

  test('of a proxy of ours are not counted of its address', async () => {
    let connections = 0;
    const server = await serve({
      limits: { max: 5, maxPerAddress: 1 },
      trustedProxies: ['127.0.0.7'],
      onOpen: (count) => (connections = count),
    });
    for (let n = 0; n < 4; n++) await from(server, '127.0.0.7');
    await until('four', () => connections === 4);
  });
});
