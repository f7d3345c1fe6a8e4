import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { createApiKey, Database, migrateUp, readMigrations } from '../../../src/storage';
import * as scenario from '../../e2e/support/scenarios';
import { Sipp } from '../../e2e/support/sipp';
import { until } from '../../support/until';
import type { Audit } from './audit';
import { audit } from './audit';
import type { Deeds } from './havoc';
import { Havoc } from './havoc';
import { Admin, NUMBER, openChaosMarket } from './market';
import type { Node, ProductPart } from './parts';
import { Lines, PostgresPart, RedisPart, switchNode, workerPart } from './parts';
import { carrierCalls } from './witness';

export interface ChaosOptions {
  /** Calls that carriers must have been given an answer for. */
  readonly calls: number;
  /** Calls a second, over both switches. */
  readonly rate: number;
  readonly seed: number;
  /** Milliseconds between two deeds of havoc, on average. */
  readonly gapMs: number;
  /** Told what happens, line by line. */
  readonly say: (line: string) => void;
}

export interface ChaosReport extends Audit {
  /** Calls that carriers were given an answer for. */
  readonly calls: number;
  readonly deeds: Deeds;
  /** What processes printed that somebody should read, when something is wrong. */
  readonly output: string;
}

const OPERATOR = 'operator';
const MIGRATIONS = join(process.cwd(), 'migrations');
/** Seconds of calls in one go of SIPp, before it is looked how many were answered. */
const WAVE_SECONDS = 20;
/** Goes at most: a switch that answers nothing must not keep the run for ever. */
const MAX_WAVES = 60;
const CLEAN_MS = 120_000;

/**
 * A whole exchange (two switches, two workers, PostgreSQL, Redis, each a process of its own) takes calls
 * from real SIP peers while its parts are killed, stopped and cut off; afterwards its books are audited
 * against what the carriers saw.
 *
 * @throws Error when it does not come to rest: something is lost or stuck for good
 */
export async function chaosRun(options: ChaosOptions): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-chaos-'));
  const closing: (() => Promise<unknown>)[] = [];
  try {
    return await run(options, folder, closing);
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(
  options: ChaosOptions,
  folder: string,
  closing: (() => Promise<unknown>)[],
): Promise<ChaosReport> {
  const { say } = options;
  const postgres = new PostgresPart(join(folder, 'shared'));
  const redis = new RedisPart(join(folder, 'shared'));
  for (const service of [postgres, redis]) {
    await service.start();
    closing.push(() => service.stop());
  }
  const key = await prepare(postgres.url);
  const lines = async (): Promise<Lines> => {
    const opened = await Lines.open(postgres.url, redis.url);
    closing.push(() => opened.close());
    return opened;
  };
  const up = async (part: ProductPart): Promise<void> => {
    closing.push(() => part.stop());
    await part.start();
  };
  const nodes: Node[] = [];
  const workers: ProductPart[] = [];
  for (const name of ['switch-1', 'switch-2']) nodes.push(await switchNode(folder, name, await lines()));
  for (const name of ['worker-1', 'worker-2']) workers.push(workerPart(folder, name, await lines()));
  const switches = nodes.map(({ part }) => part);
  await Promise.all([...switches, ...workers].map(up));
  const buyer = await Sipp.start({ scenario: scenario.buyerAnswers(20), timeoutSeconds: 3_600 });
  closing.push(() => buyer.stop());
  const [first] = nodes;
  if (!first) throw new Error('no switch');
  await openChaosMarket(new Admin(first.api, key), buyer.port);
  await wait(500);

  const havoc = new Havoc({ postgres, redis, switches, workers }, options.seed, options.gapMs, say);
  havoc.start();
  const answered = new Set<string>();
  try {
    for (let wave = 0; answered.size < options.calls || !havoc.eachDied; wave++) {
      if (wave === MAX_WAVES) throw new Error(`only ${answered.size} calls were answered`);
      const missing = Math.max(Math.ceil((options.calls - answered.size) * 1.1), options.rate);
      const each = Math.ceil(Math.min(missing, options.rate * WAVE_SECONDS) / nodes.length);
      const seen = await Promise.all(
        nodes.map(({ sip }) =>
          carrierCalls({ sip, number: NUMBER, calls: each, rate: Math.max(1, options.rate / nodes.length) }),
        ),
      );
      for (const witness of seen) for (const id of witness.answered) answered.add(id);
      say(`${answered.size} calls answered`);
    }
  } finally {
    await havoc.stop();
  }
  const db = new Client({ connectionString: postgres.url });
  db.on('error', () => undefined);
  await db.connect();
  closing.push(() => db.end());
  say('everything is up again; waiting for it to come to rest');
  const restless = await atRest(db, nodes, key).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  const database = new Database({
    url: postgres.url,
    poolSize: 2,
    statementTimeoutMs: 60_000,
    connectTimeoutMs: 5_000,
  });
  closing.push(() => database.close());
  const audited = await audit(db, database, [...answered]);
  const output = [...switches, ...workers].map((part) => `== ${part.name}\n${part.output()}`).join('\n');
  const wrong = restless === undefined ? audited.wrong : [restless, ...audited.wrong];
  return { ...audited, wrong, calls: answered.size, deeds: havoc.deeds, output };
}

/** The schema, and a key of the operator. */
async function prepare(url: string): Promise<string> {
  const database = new Database({ url, poolSize: 2, statementTimeoutMs: 60_000, connectTimeoutMs: 5_000 });
  try {
    await migrateUp(database, readMigrations(MIGRATIONS));
    return await createApiKey(database, OPERATOR, 'chaos', ['*']);
  } finally {
    await database.close();
  }
}

/** No call is up, every record is stored, every call settled or nothing to be settled, nothing held. */
async function atRest(db: Client, nodes: readonly Node[], key: string): Promise<void> {
  for (const { api, part } of nodes) {
    await until(
      `${part.name} to have no call and no record`,
      async () => {
        const reply = await fetch(`${api}/api/v1/system/stats`, { headers: { 'X-API-Key': key } }).catch(
          () => undefined,
        );
        if (!reply?.ok) return false;
        const { calls, queuedRecords } = (await reply.json()) as { calls: number; queuedRecords: number };
        return calls === 0 && queuedRecords === 0;
      },
      CLEAN_MS,
    );
  }
  await until(
    'every call to be closed, settled and let go of',
    async () => {
      const { rows } = await db.query<{ open: string }>(
        `select (select count(*) from calls where ended_at is null)
           + (select count(*) from outbox where type = 'call.ended' and done_at is null)
           + (select count(*) from holds where state = 'open') as open`,
      );
      return rows[0]?.open === '0';
    },
    CLEAN_MS,
  );
}
