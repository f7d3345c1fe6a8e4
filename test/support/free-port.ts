import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/**
 * Each of jest's workers has ports of its own: what a test was given stays free while it is not in use.
 * They lie beyond those of the demo market's buyers, which a test's peer would answer for.
 */
const WORKERS = 8;
const FIRST_PORT = 16_000;
const PORTS_PER_WORKER = 2_000;
const NEIGHBOURS = 4;

/**
 * A port free for UDP and TCP on loopback, with the next three free too: SIP peers take some
 * neighbours for TLS and RTCP. Never handed out twice within one test file, and below those that the
 * system gives to whoever connects (32,768 and up on Linux).
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS;
  for (let tries = 0; tries < PORTS_PER_WORKER / NEIGHBOURS; tries++) {
    const port = FIRST_PORT + worker * PORTS_PER_WORKER + nextOffset();
    const free = await Promise.all([0, 1, 2, 3].map((n) => isFree(port + n)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free port found');
}

let offset = (process.pid * NEIGHBOURS) % PORTS_PER_WORKER;
function nextOffset(): number {
  offset = (offset + NEIGHBOURS) % PORTS_PER_WORKER;
  return offset;
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  if (!tcp) return false;
  return new Promise<boolean>((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
}
