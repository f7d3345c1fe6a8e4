import { openSync, writeSync } from 'node:fs';
import type { CapLimit, CapOutcome } from '../../../src/domain';
import { RedisCapReservations } from '../../../src/storage/cap-reservations';
import { openRedis } from '../../../src/storage/redis';

/**
 * A node that does nothing but take and give back units of limits, as calls would, until it is told to
 * end or is killed. What it holds it writes down, at once, by a clock that all processes share; a line
 * is there even if the process dies behind it.
 */
interface Orders {
  readonly redisUrl: string;
  readonly logFile: string;
  readonly name: string;
  readonly leaseMs: number;
  readonly limits: readonly CapLimit[];
  readonly callsAtOnce: number;
  /** One call in so many stays up for a second or more. */
  readonly longEvery: number;
  /** The first call takes this limit alone, and stays up for so long. */
  readonly first: { readonly limit: number; readonly ms: number };
}

/** One line of the log: microseconds of the shared clock, then what happened. */
export type CapsEvent =
  | readonly [at: number, what: 'took', callId: string, limits: readonly number[]]
  | readonly [at: number, what: 'answered', callId: string]
  | readonly [at: number, what: 'over', callId: string, outcome: CapOutcome]
  | readonly [at: number, what: 'lapsed', leases: number];

const orders = JSON.parse(process.argv[2] ?? '{}') as Orders;
const log = openSync(orders.logFile, 'a');
const redis = openRedis(orders.redisUrl);
let ending = false;

type Unstamped = CapsEvent extends infer Event
  ? Event extends readonly [number, ...infer Rest]
    ? Rest
    : never
  : never;
const note = (...event: Unstamped): void => {
  const at = Number(process.hrtime.bigint() / 1_000n);
  writeSync(log, `${JSON.stringify([at, ...event])}\n`);
};

const caps = new RedisCapReservations(redis, {
  fallback: 'refuse',
  leaseMs: orders.leaseMs,
  now: Date.now,
  onLapsed: (leases) => note('lapsed', leases),
});
process.on('SIGTERM', () => (ending = true));

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const chance = (share: number): boolean => Math.random() < share;

interface Plan {
  readonly chosen: readonly number[];
  readonly connected: boolean;
  /** Milliseconds of conversation. */
  readonly lasts: number;
}

function plan(long: boolean): Plan {
  const chosen = orders.limits.map((_, n) => n).filter(() => chance(0.4));
  const lasts = long ? 1_000 + Math.random() * 2_000 : Math.random() * 80;
  return { chosen, connected: long || chance(0.6), lasts };
}

async function call(callId: string, { chosen, connected, lasts }: Plan): Promise<void> {
  const limits = chosen.map((n) => orders.limits[n] as CapLimit);
  const result = await caps.reserve(callId, limits);
  if (!result.ok) {
    await pause(5 + Math.random() * 20);
    return;
  }
  note('took', callId, chosen);
  await pause(Math.random() * 20);
  if (connected) {
    note('answered', callId);
    await pause(lasts);
  }
  const converted = connected && chance(0.6);
  const most = limits.find(({ counter }) => counter === 'revenue')?.amount ?? 0;
  const outcome = { connected, converted, revenue: converted ? Math.floor(Math.random() * (most + 1)) : 0 };
  note('over', callId, outcome);
  await caps.release(callId, limits, outcome);
}

async function line(number: number): Promise<void> {
  for (let n = 1; !ending; n++) {
    await call(`${orders.name}-${number}-${n}`, plan(n % orders.longEvery === 0));
  }
}

async function main(): Promise<void> {
  await caps.started();
  process.stdout.write('ready\n');
  const { limit, ms } = orders.first;
  await Promise.all([
    call(`${orders.name}-first`, { chosen: [limit], connected: true, lasts: ms }),
    ...Array.from({ length: orders.callsAtOnce }, (_, number) => line(number)),
  ]);
  caps.close();
  redis.disconnect();
}
void main();
