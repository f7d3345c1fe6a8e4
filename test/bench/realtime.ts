import { ownTestRedis } from '../support/test-redis';
import type { FanOut } from './realtime/cluster';
import { Cluster } from './realtime/cluster';

/**
 * How many clients of /ws/v1 one machine holds, what each costs, and how long after it was told an event has
 * reached everybody. Nodes are processes with the product's parts, a real Redis between them; clients are
 * WebSockets that speak Socket.IO by themselves, in processes of their own. A process has only so many open files:
 * there are as many of both as that asks for, and clients come from an address of loopback for each.
 *
 * What can be reached here is measured in the same run: the same bytes into the same sockets, with nothing else.
 */

/** Subscribers of one node for which the fan-out is measured. */
const STEPS = [1_000, 10_000];
const EVENTS = 20;
/** Subscribers are told so many times before anything is measured, so that what is compiled is compiled. */
const WARM_UP_TELLINGS = 40_000;
/** Of all nodes together, each told to everybody. */
const EVENTS_AT_MOST = 5;
const EVENT_EVERY_MS = 100;
/** Each subscriber is told of each: more of them are told less often. */
const TELLINGS_A_SECOND = 20_000;
const MOST = Number(process.env['DCE_BENCH_CONNECTIONS'] ?? 100_000);
/** All of it, whatever happens. */
const WITHIN_MS = Number(process.env['DCE_BENCH_SECONDS'] ?? 225) * 1_000;
/** To measure and to end, when no more are opened. */
const ENDING_MS = 60_000;
const OPEN_STEP_MS = 60_000;
const LOOK_MS = 1_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const startedAt = performance.now();
const left = (): number => WITHIN_MS - (performance.now() - startedAt);
const everyMs = (held: number): number => Math.max(EVENT_EVERY_MS, (held / TELLINGS_A_SECOND) * 1_000);

interface Result {
  at: number;
  bytesEach: number;
  told: FanOut;
  bare: FanOut | undefined;
}

const results: Result[] = [];

function printRow(what: string, nodes: string, fanOut: FanOut, bytesEach?: number, opened?: number): void {
  const { within, missing, nodeMicros, clientMicros } = fanOut;
  const columns: [text: string, width: number][] = [
    [what, 11],
    [nodes, 7],
    [`${within(0.5).toFixed(1)} ms`, 12],
    [`${within(0.99).toFixed(1)} ms`, 11],
    [`${within(1).toFixed(1)} ms`, 11],
    [`${nodeMicros.toFixed(1)} µs`, 10],
    [`${clientMicros.toFixed(1)} µs`, 10],
    [String(missing), 11],
    [bytesEach?.toFixed(0) ?? '', 12],
    [opened?.toFixed(0) ?? '', 10],
  ];
  print(columns.map(([text, width]) => text.padStart(width)).join(''));
}

async function row(cluster: Cluster, events: number, opened: number): Promise<void> {
  const { held, nodes } = cluster;
  const bytesEach = await cluster.bytesEach();
  await cluster.fanOut(Math.ceil(WARM_UP_TELLINGS / held), everyMs(held), false);
  const told = await cluster.fanOut(events, everyMs(held), false);
  printRow(String(held), String(nodes), told, bytesEach, opened);
  const isTime = left() > events * everyMs(held) + ENDING_MS / 3;
  const bare = isTime ? await cluster.fanOut(events, everyMs(held), true) : undefined;
  if (bare) printRow('bare', '', bare);
  results.push({ at: held, bytesEach, told, bare });
}

async function measure(cluster: Cluster): Promise<string | undefined> {
  print(
    'subscribers  nodes  fan-out p50        p99        max  node CPU  clients’   not heard  bytes each  opened/s',
  );
  let limit: string | undefined;
  const grow = async (to: number, nodes: number, withinMs: number): Promise<number> => {
    const [before, from] = [cluster.held, performance.now()];
    limit = await cluster.grow(to, nodes, withinMs);
    return ((cluster.held - before) / (performance.now() - from)) * 1_000;
  };
  for (const step of STEPS) {
    if (step > MOST || limit !== undefined) break;
    const opened = await grow(step, Math.ceil(step / cluster.perNode), OPEN_STEP_MS);
    await row(cluster, EVENTS, opened);
  }
  const before = cluster.held;
  if (limit === undefined && MOST > before && left() > ENDING_MS) {
    const opened = await grow(MOST, Math.ceil(MOST / cluster.perNode), left() - ENDING_MS);
    if (cluster.held > before) await row(cluster, EVENTS_AT_MOST, opened);
  }
  return limit;
}

function summary(cluster: Cluster, limit: string | undefined): void {
  const last = results.at(-1);
  const atTen = results.find(({ at }) => at === STEPS[1]);
  const ms = (fanOut: FanOut | undefined): number | null => {
    const value = fanOut?.within(0.99) ?? NaN;
    return Number.isFinite(value) ? value : null;
  };
  const ended = cluster.held < MOST ? `; ended by ${limit ?? 'the time it may take'}` : '';
  print(
    `${cluster.held} connections held by ${cluster.nodes} nodes${ended}; of the machine's memory ` +
      `${cluster.machineBytes.toFixed(0)} bytes each, with the clients and the kernel`,
  );
  const [ours, bare] = [ms(atTen?.told), ms(atTen?.bare)];
  if (ours !== null && bare !== null) {
    print(
      `at ${STEPS[1]} of one node: ${ours} ms, of which ${bare} ms are write(2), TCP over loopback and reading ` +
        `it: the same bytes into the same sockets (${(ours / bare).toFixed(2)} of that)`,
    );
  }
  print(
    JSON.stringify({
      connections: cluster.held,
      bytesPerConnection: Math.round(last?.bytesEach ?? 0),
      fanoutP99Ms: ours,
      bareP99Ms: bare,
      fanoutP99MsAt1000: ms(results.find(({ at }) => at === STEPS[0])?.told),
      fanoutP99MsAtMost: ms(last?.told),
      nodeMicrosPerEvent: Math.round((atTen?.told.nodeMicros ?? 0) * 10) / 10,
    }),
  );
}

async function main(): Promise<number> {
  const redis = await ownTestRedis();
  const cluster = new Cluster(redis.url);
  const end = async (): Promise<void> => {
    clearInterval(watch);
    cluster.stop();
    await redis.drop();
  };
  let ending: Promise<never> | undefined;
  const giveUp = (why: string): void => {
    if (ending) return;
    print(`ended by ${why}`);
    if (results.length > 0) summary(cluster, why);
    ending = end().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  };
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid !== parent) giveUp('whoever started it');
    else if (left() < 0) giveUp('the time it may take');
  }, LOOK_MS);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => giveUp(signal));
  try {
    const limit = await measure(cluster);
    summary(cluster, limit);
    return 0;
  } finally {
    if (ending) await ending;
    await end();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
