import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import type { FromClients, ToClients } from './messages';

/**
 * Many clients in one process, each a socket and a few bytes: they speak WebSocket (RFC 6455), Engine.IO 4 and
 * Socket.IO 5 as far as the server makes them. All of them read into one buffer, and of an event they look at
 * when it was told and no more, so that what is measured is the server.
 */

const [port = 0, token = '', number = 0] = [
  Number(process.argv[2]),
  process.argv[3],
  Number(process.argv[4]),
];
const OPENING = 100;
/** Connections from one address to one port: the ports of an address are not many more. */
const PER_ADDRESS = 25_000;
const OPEN_MS = 15_000;
const BUFFER_BYTES = 64 * 1024;
/** Places of the histogram, a tenth of a millisecond each; the last one is for all that come later. */
const TENTHS = 600_000;

const say = (message: FromClients): void => void process.send?.(message);
/** Of the clock that the server looks at; {@link performance.now} is it as well, and costs less. */
const CLOCK_BEGAN_MS = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now();

interface Client {
  readonly socket: Socket;
  /** Of a message that has not come whole yet. */
  pending: Buffer | undefined;
  upgraded: boolean;
}

const buffer = Buffer.alloc(BUFFER_BYTES);
const clients = new Set<Client>();
const histogram = new Uint32Array(TENTHS + 1);
let heard = 0;
const TOLD_AT = Buffer.from('"bidId":"');
/** Where the time is in a message; where it was in the last one, as nearly always. */
let placed = 0;

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
const DIGIT = { open: 0x30, ping: 0x32, message: 0x34, connected: 0x30, event: 0x32, ack: 0x33, nine: 0x39 };

function open(): Promise<void> {
  const index = clients.size + opening;
  const address = `127.0.${number + 1}.${1 + Math.floor(index / PER_ADDRESS)}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      localAddress: address,
      noDelay: true,
      onread: {
        buffer,
        callback: (bytes) => {
          read(client, buffer.subarray(0, bytes), subscribed);
          return true;
        },
      },
    });
    const client: Client = { socket, pending: undefined, upgraded: false };
    const timer = setTimeout(() => socket.destroy(new Error('a connection that took too long')), OPEN_MS);
    const subscribed = (): void => {
      clearTimeout(timer);
      clients.add(client);
      resolve();
    };
    socket.on('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('a connection that was closed'));
      clients.delete(client);
    });
    socket.write(
      `GET /ws/v1/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
        `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
  });
}

function read(client: Client, data: Buffer, subscribed: () => void): void {
  const whole = client.pending ? Buffer.concat([client.pending, data]) : data;
  let at = 0;
  if (!client.upgraded) {
    const end = whole.indexOf('\r\n\r\n');
    if (end >= 0 && !whole.toString('latin1', 0, 12).endsWith('101')) {
      client.socket.destroy(new Error(whole.toString('latin1', 0, end).split('\r\n', 1)[0]));
      return;
    }
    if (end < 0) {
      client.pending = Buffer.from(whole);
      return;
    }
    client.upgraded = true;
    at = end + 4;
  }
  while (at + 2 <= whole.length) {
    const short = (whole[at + 1] as number) & 0x7f;
    const from = at + (short === 126 ? 4 : 2);
    if (from > whole.length) break;
    const end = from + (short === 126 ? whole.readUInt16BE(at + 2) : short);
    if (end > whole.length) break;
    hear(client, whole, from, end, subscribed);
    at = end;
  }
  client.pending = at === whole.length ? undefined : Buffer.from(whole.subarray(at));
}

function hear({ socket }: Client, data: Buffer, from: number, end: number, subscribed: () => void): void {
  const [type, kind] = [data[from], data[from + 1]];
  if (type === DIGIT.message && kind === DIGIT.event) {
    const told = toldAt(data, from, end);
    if (told === undefined) return;
    heard++;
    const late = Math.round((performance.now() + CLOCK_BEGAN_MS - told / 1_000) * 10);
    const place = Math.min(TENTHS, Math.max(0, late));
    histogram[place] = (histogram[place] ?? 0) + 1;
  } else if (type === DIGIT.open) socket.write(CONNECT);
  else if (type === DIGIT.ping) socket.write(PONG);
  else if (type === DIGIT.message && kind === DIGIT.connected) socket.write(SUBSCRIBE);
  else if (type === DIGIT.message && kind === DIGIT.ack) subscribed();
}

/** When an event was told; undefined of another message. */
function toldAt(data: Buffer, from: number, end: number): number | undefined {
  const until = from + placed + TOLD_AT.length;
  if (until > end || TOLD_AT.compare(data, from + placed, until) !== 0) {
    const found = data.indexOf(TOLD_AT, from);
    if (found < 0 || found >= end) return undefined;
    placed = found - from;
  }
  let told = 0;
  for (let at = from + placed + TOLD_AT.length; ; at++) {
    const digit = data[at] ?? 0;
    if (digit < DIGIT.open || digit > DIGIT.nine) return told;
    told = told * 10 + digit - DIGIT.open;
  }
}

let opening = 0;

async function openMany(count: number, withinMs: number): Promise<FromClients> {
  const deadline = performance.now() + withinMs;
  let started = 0;
  let error: string | undefined;
  const worker = async (): Promise<void> => {
    while (started < count && error === undefined) {
      if (performance.now() >= deadline) {
        error = 'the time it may take';
        return;
      }
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
  return { connected: clients.size, ...(error === undefined ? {} : { error }) };
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function listen(events: number, withinMs: number): Promise<FromClients> {
  histogram.fill(0);
  heard = 0;
  const before = cpuMicros();
  const expected = events * clients.size;
  const deadline = performance.now() + withinMs;
  while (heard < expected && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const sparse: [number, number][] = [];
  histogram.forEach((count, tenths) => {
    if (count > 0) sparse.push([tenths, count]);
  });
  return { heard: sparse, missing: expected - heard, cpuMicros: cpuMicros() - before };
}

process.on('disconnect', () => process.exit(1));
process.on('SIGINT', () => undefined);
process.on('message', (message: ToClients) => {
  const work =
    message.kind === 'open'
      ? openMany(message.count, message.withinMs)
      : listen(message.events, message.withinMs);
  void work.then(say);
});
say({});
