import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import type { PrivateService } from '../../../src/provision';
import { startPrivatePostgres, startPrivateRedis } from '../../../src/provision';
import type { Program } from '../../e2e/support/processes';
import { childrenOf, freePort, startProgram } from '../../e2e/support/processes';
import { postgresFolder, postmasterOf, redisPid } from '../../support/server-pids';
import { TcpProxy } from '../../support/tcp-proxy';

const CLI = join(process.cwd(), 'dist/cli.js');
const START_MS = 60_000;
const RETRY_MS = 200;

/** Something that a chaos run kills, stops and starts again. */
export interface Part {
  readonly name: string;
  /** Processes that make it up; none while it is dead. */
  pids(): number[];
  /** Brings it up and waits until it is. */
  start(): Promise<void>;
  /** Ends it in due order. */
  stop(): Promise<void>;
}

/** kill -9 of all of it, in one moment. */
export function kill(part: Part): void {
  signal(part.pids(), 'SIGKILL');
}

/** @throws never: who is gone takes no signals */
export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // Gone already.
    }
  }
}

/** Tries until it works: what a killed predecessor held is given back by the system a little later. */
async function insist(what: string, attempt: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${what} does not start`, { cause: error });
      await wait(RETRY_MS);
    }
  }
}

/** A PostgreSQL that keeps what is committed, as a private one of the product does. */
export class PostgresPart implements Part {
  readonly name = 'postgres';
  readonly #folder: string;
  #service: PrivateService | undefined;
  #dataFolder = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return this.#service?.url ?? '';
  }

  pids(): number[] {
    const postmaster = this.#postmaster();
    return postmaster === undefined ? [] : [postmaster, ...childrenOf(postmaster)];
  }

  /** One server process of some client: its death takes all of PostgreSQL through recovery. */
  backends(): number[] {
    return this.pids().slice(1);
  }

  start(): Promise<void> {
    return insist(this.name, async () => {
      this.#service = await startPrivatePostgres(this.#folder);
      const client = new Client({ connectionString: this.url });
      await client.connect();
      this.#dataFolder = await postgresFolder(client);
      await client.end();
    });
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
  }

  #postmaster(): number | undefined {
    try {
      return postmasterOf(this.#dataFolder);
    } catch {
      return undefined;
    }
  }
}

/** A Redis as the product starts one; it may also come back empty. */
export class RedisPart implements Part {
  readonly name = 'redis';
  readonly #folder: string;
  #service: PrivateService | undefined;
  #pid: number | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return this.#service?.url ?? '';
  }

  pids(): number[] {
    return this.#pid === undefined ? [] : [this.#pid];
  }

  start(): Promise<void> {
    return insist(this.name, async () => {
      this.#service = await startPrivateRedis(this.#folder);
      this.#pid = await redisPid(this.url);
    });
  }

  /** Everything it knew is gone, as on a disk that was lost. To be called while it is dead. */
  forget(): void {
    rmSync(join(this.#folder, 'redis', 'appendonlydir'), { recursive: true, force: true });
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
  }
}

/** What a process of the product reaches the others through, so that it can be cut off by itself. */
export class Lines {
  private constructor(
    readonly postgres: TcpProxy,
    readonly redis: TcpProxy,
  ) {}

  static async open(postgresUrl: string, redisUrl: string): Promise<Lines> {
    return new Lines(await TcpProxy.open(postgresUrl), await TcpProxy.open(redisUrl));
  }

  get env(): NodeJS.ProcessEnv {
    return { DCE_DATABASE_URL: this.postgres.url, DCE_REDIS_URL: this.redis.url };
  }

  async close(): Promise<void> {
    await this.postgres.close();
    await this.redis.close();
  }
}

/** A switch or a worker, as its own process. */
export class ProductPart implements Part {
  readonly #command: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #isUp: (program: Program) => Promise<boolean>;
  #program: Program | undefined;
  #printed = '';

  /** @param isUp - asked again and again after it was started */
  constructor(
    readonly name: string,
    readonly lines: Lines,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    isUp: (program: Program) => Promise<boolean>,
  ) {
    this.#command = command;
    this.#env = env;
    this.#isUp = isUp;
  }

  pids(): number[] {
    const { pid, exitCode, signalCode } = this.#program?.child ?? {};
    return pid === undefined || exitCode !== null || signalCode !== null ? [] : [pid];
  }

  /** What runs beside it and dies with it: of a switch its SIP server. */
  helpers(): number[] {
    return this.pids().flatMap((pid) => childrenOf(pid));
  }

  /** The end of what its runs have printed. */
  output(): string {
    return (this.#printed + (this.#program?.output() ?? '')).slice(-200_000);
  }

  start(): Promise<void> {
    return insist(this.name, async () => {
      this.#printed = this.output();
      const program = startProgram(process.execPath, [CLI, ...this.#command], { env: this.#env });
      this.#program = program;
      let over = false;
      void program.exited.then(() => (over = true));
      while (!(await this.#isUp(program).catch(() => false))) {
        if (over) throw new Error(`${this.name} ended: ${program.output().slice(-2_000)}`);
        await wait(50);
      }
    });
  }

  async stop(): Promise<void> {
    await this.#program?.stop('SIGTERM');
  }
}

/** Settings of every process of the run. */
function commonEnv(folder: string, lines: Lines): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...lines.env,
    NODE_ENV: 'production',
    DCE_DATA_DIR: folder,
    DCE_PRIVACY_KEY: 'the same key on every node of a run',
    DCE_BILLING_NODE_DEAD_AFTER_MS: '15000',
    DCE_TELEMETRY_LOG_LEVEL: 'warn',
  };
}

/** A node: a switch with its embedded SIP server, and media that peers exchange by themselves. */
export interface Node {
  readonly part: ProductPart;
  /** Address that takes calls. */
  readonly sip: string;
  readonly api: string;
}

export async function switchNode(folder: string, name: string, lines: Lines): Promise<Node> {
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  const [sipPort, apiPort] = [await freePort(), await freePort()];
  const api = `http://127.0.0.1:${apiPort}`;
  const env = {
    ...commonEnv(dataDir, lines),
    DCE_NODE_ID: name,
    DCE_SIP_LISTEN: `udp:127.0.0.1:${sipPort},tcp:127.0.0.1:${sipPort}`,
    DCE_SIP_T1_MS: '50',
    DCE_SIP_RESPONSE_TIMEOUT_MS: '2000',
    DCE_API_PORT: String(apiPort),
    DCE_API_REQUESTS_PER_MINUTE: '100000',
    DCE_MEDIA_ENGINE: 'passthrough',
    DCE_BILLING_CHECKPOINT_MS: '500',
    // No wallet may owe more than its credit, whatever is away.
    DCE_BILLING_WHEN_DATABASE_IS_AWAY: 'refuse',
    DCE_LIMITS_DRAIN_MS: '0',
  };
  const isUp = async (): Promise<boolean> => (await fetch(`${api}/health/live`)).ok;
  return { part: new ProductPart(name, lines, ['switch'], env, isUp), sip: `127.0.0.1:${sipPort}`, api };
}

export function workerPart(folder: string, name: string, lines: Lines): ProductPart {
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  const env = { ...commonEnv(dataDir, lines), DCE_NODE_ID: name, DCE_TELEMETRY_LOG_LEVEL: 'info' };
  const isUp = (program: Program): Promise<boolean> =>
    Promise.resolve(program.output().includes('the worker settles calls'));
  return new ProductPart(name, lines, ['worker'], env, isUp);
}
