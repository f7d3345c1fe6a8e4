import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ownTestRedis } from '../support/test-redis';
import type { FromClients, FromServer, ToClients, ToServer } from './realtime/messages';

/**
 * How many clients of /ws/v1 one machine holds, what each costs, and how long after it was written to the stream
 * an event has reached everybody. The server is a process of its own with the product's parts and a real Redis;
 * clients are WebSockets that speak Socket.IO by themselves, in processes of their own.
 */

const CLIENT_PROCESSES = 2;
/** Subscribers for which the fan-out is measured. */
const STEPS = [1_000, 10_000];
const EVENTS = 20;
/** Each subscriber is told of each: more of them are told less often. */
const EVENT_EVERY_MS = 100;
const TELLINGS_A_SECOND = 20_000;
/** Where it ends, if nothing else ends it. */
const MOST = 100_000;
const WITHIN_MS = Number(process.env['DCE_BENCH_SECONDS'] ?? 90) * 1_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const startedAt = performance.now();
const left = (): number => WITHIN_MS - (performance.now() - startedAt);

/** A process that answers each message with one. */
class Peer<To extends object, From> {
  readonly #child: ChildProcess;

  constructor(file: string, args: readonly string[]) {
    const execArgv = ['--max-old-space-size=8192', '--expose-gc'];
    this.#child = fork(join(__dirname, 'realtime', file), args, { execArgv });
  }

  async ask(message: To): Promise<From> {
    const answered = once(this.#child, 'message') as Promise<[From]>;
    this.#child.send(message);
    return (await answered)[0];
  }

  async ready(): Promise<From> {
    return ((await once(this.#child, 'message')) as [From])[0];
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

async function main(): Promise<void> {
  const redis = await ownTestRedis();
  const server = new Peer<ToServer, FromServer>('server.js', [redis.url]);
  const clients: Peer<ToClients, FromClients>[] = [];
  try {
    const { port, token, rssBytes: empty = 0 } = await server.ready();
    for (let n = 0; n < CLIENT_PROCESSES; n++) {
      clients.push(new Peer<ToClients, FromClients>('clients.js', [String(port), String(token), String(n)]));
    }
    await Promise.all(clients.map((one) => one.ready()));
    let held = 0;
    let openedPerSecond = 0;
    let stopped: string | undefined;
    const grow = async (to: number): Promise<void> => {
      const from = performance.now();
      const before = held;
      const share = Math.ceil((to - held) / clients.length);
      const answers = await Promise.all(
        clients.map((one) =>
          one.ask({ kind: 'open', count: share, withinMs: Math.max(1_000, left() - 10_000) }),
        ),
      );
      held = answers.reduce((sum, { connected = 0 }) => sum + connected, 0);
      openedPerSecond = ((held - before) / (performance.now() - from)) * 1_000;
      stopped = answers.find(({ error }) => error !== undefined)?.error;
    };
    const fanOut = async (events: number): Promise<{ sorted: number[]; missing: number }> => {
      const everyMs = Math.max(EVENT_EVERY_MS, (held / TELLINGS_A_SECOND) * 1_000);
      const withinMs = events * everyMs + 15_000;
      const heard = clients.map((one) => one.ask({ kind: 'listen', events, withinMs }));
      await server.ask({ kind: 'tell', events, everyMs });
      const answers = await Promise.all(heard);
      const sorted = answers.flatMap(({ latencies = [] }) => latencies).sort((a, b) => a - b);
      return { sorted, missing: answers.reduce((sum, { missing = 0 }) => sum + missing, 0) };
    };
    print('subscribers   fan-out p50      p99      max   not heard   bytes each   opened/s');
    const p99: Record<number, number> = {};
    let bytesEach = 0;
    const row = async (events: number): Promise<void> => {
      const { rssBytes = 0 } = await server.ask({ kind: 'memory' });
      bytesEach = (rssBytes - empty) / held;
      const { sorted, missing } = await fanOut(events);
      p99[held] = percentile(sorted, 0.99);
      const ms = (value: number): string => `${value.toFixed(1)} ms`.padStart(9);
      print(
        `${String(held).padStart(11)}   ${ms(percentile(sorted, 0.5)).padStart(11)}${ms(p99[held] ?? NaN)}${ms(sorted.at(-1) ?? NaN)}` +
          `${String(missing).padStart(12)}${bytesEach.toFixed(0).padStart(13)}${openedPerSecond.toFixed(0).padStart(11)}`,
      );
    };
    let at10k = NaN;
    for (const step of STEPS) {
      await grow(step);
      await row(EVENTS);
      at10k = p99[held] ?? NaN;
    }
    for (let step = 20_000; step <= MOST && stopped === undefined && left() > 20_000; step += 10_000) {
      const before = held;
      await grow(step);
      if (held <= before) break;
    }
    if (held > 10_000) await row(10);
    print(
      `${held} connections held${held < MOST ? `; ended by ${stopped ?? 'the time it may take'}` : ''}; ` +
        `${((bytesEach * MOST) / 2 ** 30).toFixed(1)} GiB would hold ${MOST}`,
    );
    print(
      JSON.stringify({
        connections: held,
        bytesPerConnection: Math.round(bytesEach),
        fanoutP99Ms: Math.round(at10k * 10) / 10,
        fanoutP99MsAt1000: Math.round((Object.values(p99)[0] ?? NaN) * 10) / 10,
      }),
    );
  } finally {
    for (const one of clients) one.stop();
    server.stop();
    await redis.drop();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
