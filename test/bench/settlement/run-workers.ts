import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { SettlementFigures } from '../../support/settlement-process';
import { cpuOf } from './cpu';

const PROGRAM = join(__dirname, '../../support/settlement-process.js');
const LOOK_MS = 25;
/** Without a settlement for so long, something is wrong. */
const PATIENCE_MS = 60_000;

export interface Servers {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly postgresPid: number;
  readonly redisPid: number;
}

/** What settling took, without the calls that warmed it up. */
export interface RunFigures {
  readonly workers: number;
  readonly settled: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds of processor time for one settlement, by kind of process. */
  readonly cpuMs: { readonly worker: number; readonly postgres: number; readonly redis: number };
}

/** Settles what is there by so many processes, each with a relay and a worker, as `dce worker` is. */
export async function runWorkers(
  servers: Servers,
  workers: number,
  calls: { readonly warmUp: number; readonly timed: number },
  profileFolder?: string,
): Promise<RunFigures> {
  const children = await Promise.all(
    Array.from({ length: workers }, () => startProcess(servers, profileFolder)),
  );
  try {
    const cpu = () => ({
      worker: cpuOf(children.map(({ pid }) => pid ?? 0)),
      postgres: cpuOf([servers.postgresPid]),
      redis: cpuOf([servers.redisPid]),
    });
    const first = await settledAtLeast(children, calls.warmUp);
    const startedAt = performance.now();
    const before = cpu();
    const last = await settledAtLeast(children, calls.warmUp + calls.timed);
    const seconds = (performance.now() - startedAt) / 1_000;
    const after = cpu();
    const settled = last - first;
    const each = (kind: keyof typeof before): number => (after[kind] - before[kind]) / settled;
    return {
      workers,
      settled,
      seconds,
      perSecond: settled / seconds,
      cpuMs: { worker: each('worker'), postgres: each('postgres'), redis: each('redis') },
    };
  } finally {
    await Promise.all(children.map(stopProcess));
  }
}

async function startProcess(servers: Servers, profileFolder?: string): Promise<ChildProcess> {
  const child = fork(PROGRAM, {
    env: { ...process.env, SETTLE_DATABASE: servers.databaseUrl, SETTLE_REDIS: servers.redisUrl },
    execArgv: profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`],
  });
  await once(child, 'message');
  return child;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.send('stop');
  await gone;
}

async function settledAtLeast(children: readonly ChildProcess[], wanted: number): Promise<number> {
  let last = -1;
  let changedAt = performance.now();
  for (;;) {
    const figures = await Promise.all(children.map(ask));
    const settled = figures.reduce((sum, one) => sum + one.settled, 0);
    const dead = figures.reduce((sum, one) => sum + one.dead, 0);
    if (dead > 0) throw new Error(`${dead} settlements died`);
    if (settled >= wanted) return settled;
    if (settled !== last) changedAt = performance.now();
    last = settled;
    if (performance.now() - changedAt > PATIENCE_MS) throw new Error(`stuck at ${settled} of ${wanted}`);
    await wait(LOOK_MS);
  }
}

async function ask(child: ChildProcess): Promise<SettlementFigures> {
  const answer = once(child, 'message') as Promise<[SettlementFigures]>;
  child.send('figures');
  return (await answer)[0];
}
