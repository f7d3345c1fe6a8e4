import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config';
import type { DemoAgent } from './demo-agent';
import { demoAgent } from './demo-agent';
import type { FirstAdmin } from './first-admin';
import { firstAdmin } from './first-admin';
import { recordStart } from './record-start';
import { SHIPPED_MODELS } from '../fraud';
import {
  createApiKey,
  Database,
  DEMO,
  identifyApiKey,
  insertApiKey,
  migrateUp,
  offerFraudModel,
  readMigrations,
  seedDemoMarket,
} from '../storage';

const MIGRATIONS = join(__dirname, '../../migrations');

/** With what people get in. */
export interface Entrances {
  readonly adminKey: string;
  readonly agent: DemoAgent | undefined;
  /** Who signs in on the console first, while the password lies where it was put. */
  readonly admin: FirstAdmin | undefined;
  /** Where that is. */
  readonly adminFile: string;
}

/**
 * Brings the schema up to date, lays the fraud model in the shadow, seeds an empty market, and makes
 * sure that there is an admin key, a first user, and a password for the agent of a demo market.
 */
export async function prepareDatabase(config: Config, say: (line: string) => void): Promise<Entrances> {
  const database = new Database({ ...config.database, url: config.database.url ?? '', poolSize: 2 });
  try {
    const applied = await migrateUp(database, readMigrations(MIGRATIONS));
    if (applied.length > 0) say(`schema: ${applied.join(', ')}`);
    for (const id of applied) await recordStart(database, 'migrate', { kind: 'migrations', id });
    // It scores beside the rules, and decides nothing before somebody promotes it.
    const [model] = SHIPPED_MODELS;
    if (model) await offerFraudModel(database, model.id, model);
    if (config.demo.seed) {
      const ports = [config.demo.buyerPort1, config.demo.buyerPort2] as const;
      if (await seedDemoMarket(database, { buyerPorts: ports })) {
        await recordStart(database, 'seed');
        say('the database was empty: it has a demo market now');
      }
    }
    const adminFile = join(config.dataDir, 'admin-password');
    const agentFile = join(config.dataDir, 'demo-agent');
    return {
      adminKey: await adminKey(database, join(config.dataDir, 'admin-key')),
      agent: await demoAgent(database, agentFile, config.sip.domain),
      admin: await firstAdmin(database, adminFile, config),
      adminFile,
    };
  } finally {
    await database.close();
  }
}

/** The key in the file, if the database knows it; else it is made known, or made. */
async function adminKey(database: Database, file: string): Promise<string> {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '') {
    if (!(await identifyApiKey(database, kept))) {
      await database.transaction(async (tx) => {
        await insertApiKey(tx, kept, DEMO.operatorId, 'admin', ['*']);
        await recordStart(tx, 'adminKey', { kind: 'keys' });
      });
    }
    return kept;
  }
  const key = await database.transaction(async (tx) => {
    await recordStart(tx, 'adminKey', { kind: 'keys' });
    return createApiKey(tx, DEMO.operatorId, 'admin', ['*']);
  });
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}
