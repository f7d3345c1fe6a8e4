import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { FromClients, ToClients } from './messages';

/**
 * Many clients in one process, each a socket and a few bytes: they speak WebSocket (RFC 6455), Engine.IO 4 and
 * Socket.IO 5 as far as the server makes them, so that what is measured is the server.
 */

const [port = 0, token = '', number = 0] = [
  Number(process.argv[2]),
  process.argv[3],
  Number(process.argv[4]),
];
const OPENING = 200;
/** Connections from one address to one port: the ports of an address are not many more. */
const PER_ADDRESS = 20_000;
const OPEN_MS = 15_000;

const say = (message: FromClients): void => void process.send?.(message);
const microseconds = (): number => Number(process.hrtime.bigint() / 1_000n);

interface Client {
  readonly socket: Socket;
  pending: Buffer;
}

const clients: Client[] = [];
const latencies: number[] = [];
const TOLD_AT = Buffer.from('"bidId":"');

/** Clients mask what they send (RFC 6455 §5.3); with a mask of zeros the text stays what it is. */
function frame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = Buffer.from([0x81, 0x80 | length, 0, 0, 0, 0]);
  if (length > 125) throw new Error('too long for a short frame');
  return Buffer.concat([header, Buffer.from(text)]);
}

const CONNECT = frame(`40${JSON.stringify({ token })}`);
const SUBSCRIBE = frame(`421["subscribe",{"topics":["calls"]}]`);
const PONG = frame('3');

function open(): Promise<void> {
  const index = clients.length + opening;
  const address = `127.0.${number + 1}.${1 + Math.floor(index / PER_ADDRESS)}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: address });
    const client: Client = { socket, pending: Buffer.alloc(0) };
    const timer = setTimeout(() => socket.destroy(new Error('a connection that took too long')), OPEN_MS);
    let upgraded = false;
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('a connection that was closed'));
      const at = clients.indexOf(client);
      if (at >= 0) clients.splice(at, 1);
    });
    socket.write(
      `GET /ws/v1/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    socket.on('data', (data) => {
      let rest = client.pending.length === 0 ? data : Buffer.concat([client.pending, data]);
      if (!upgraded) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0) {
          client.pending = rest;
          return;
        }
        if (!rest.subarray(0, 12).toString().endsWith('101')) {
          socket.destroy(new Error(rest.subarray(0, end).toString().split('\r\n', 1)[0]));
          return;
        }
        upgraded = true;
        rest = rest.subarray(end + 4);
      }
      for (;;) {
        const message = take(rest);
        if (!message) break;
        rest = rest.subarray(message.end);
        hear(client, message.payload, () => {
          clearTimeout(timer);
          clients.push(client);
          resolve();
        });
      }
      client.pending = rest.length === 0 ? EMPTY : Buffer.from(rest);
    });
  });
}

const EMPTY = Buffer.alloc(0);

function take(data: Buffer): { payload: Buffer; end: number } | undefined {
  if (data.length < 2) return undefined;
  const short = (data[1] as number) & 0x7f;
  if (short === 126 && data.length < 4) return undefined;
  const header = short === 126 ? 4 : 2;
  const length = short === 126 ? data.readUInt16BE(2) : short;
  const end = header + length;
  return data.length < end ? undefined : { payload: data.subarray(header, end), end };
}

const DIGIT = { open: 0x30, ping: 0x32, message: 0x34, connected: 0x30, event: 0x32, ack: 0x33 };

function hear({ socket }: Client, payload: Buffer, subscribed: () => void): void {
  const [type, kind] = [payload[0], payload[1]];
  if (type === DIGIT.open) socket.write(CONNECT);
  else if (type === DIGIT.ping) socket.write(PONG);
  else if (type === DIGIT.message && kind === DIGIT.connected) socket.write(SUBSCRIBE);
  else if (type === DIGIT.message && kind === DIGIT.ack) subscribed();
  else if (type === DIGIT.message && kind === DIGIT.event) {
    const at = payload.indexOf(TOLD_AT);
    if (at < 0) return;
    const from = at + TOLD_AT.length;
    const told = Number(payload.subarray(from, payload.indexOf(0x22, from)).toString('latin1'));
    latencies.push((microseconds() - told) / 1_000);
  }
}

let opening = 0;

async function openMany(count: number, withinMs: number): Promise<FromClients> {
  const deadline = performance.now() + withinMs;
  let started = 0;
  let error: string | undefined;
  const worker = async (): Promise<void> => {
    while (started < count && error === undefined && performance.now() < deadline) {
      started++;
      opening++;
      try {
        await open();
      } catch (thrown) {
        error = thrown instanceof Error ? thrown.message : String(thrown);
      } finally {
        opening--;
      }
    }
  };
  await Promise.all(Array.from({ length: OPENING }, worker));
  return { connected: clients.length, ...(error === undefined ? {} : { error }) };
}

async function listen(events: number, withinMs: number): Promise<FromClients> {
  latencies.length = 0;
  const expected = events * clients.length;
  const deadline = performance.now() + withinMs;
  while (latencies.length < expected && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // As many as tell a percentile: all of them are a long message.
  const every = Math.max(1, Math.floor(latencies.length / 200_000));
  const sorted = [...latencies].sort((a, b) => a - b);
  return {
    latencies: sorted.filter((_, index) => index % every === 0 || index === sorted.length - 1),
    missing: expected - latencies.length,
  };
}

process.on('message', (message: ToClients) => {
  const work =
    message.kind === 'open'
      ? openMany(message.count, message.withinMs)
      : listen(message.events, message.withinMs);
  void work.then(say);
});
say({});
