import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config';
import type { DemoAgent } from './parts/demo-agent';
import { prepareDatabase } from './parts/prepare-database';
import type { PrivateService, WantedAddress } from './provision';
import {
  claimFolder,
  KeptService,
  requireBindable,
  startPrivatePostgres,
  startPrivateRedis,
} from './provision';
import { parseListenAddress } from './sip-server';
import { DEMO } from './storage';
import { SupervisedWorker } from './parts/supervised-worker';
import type { RunningSwitch } from './switch';
import { startSwitch } from './switch';
import type { Logger } from './telemetry';

/** What a started exchange leaves for others to find it by (`dce demo`, tests). */
export interface RunFile {
  readonly pid: number;
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Who signs in on the console first; undefined once that password was taken away. */
  readonly admin: { readonly email: string; readonly passwordFile: string } | undefined;
  readonly sip: readonly string[];
  readonly number: string;
  /** Who signs in on the phone page of a demo market, and the number that rings there. */
  readonly phone: (DemoAgent & { readonly number: string }) | undefined;
  readonly buyerPorts: readonly [number, number];
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly sipServerPid: number | undefined;
  readonly workerPid: number | undefined;
}

/** Where a data folder says what runs on it. */
export function runFilePath(dataDir: string): string {
  return join(dataDir, 'run.json');
}

/**
 * Everything on one machine: PostgreSQL and Redis where none is configured, the schema, a demo market in
 * an empty database, the switch and a worker. What dies of it is started again.
 */
export class Exchange {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #say: (line: string) => void;
  readonly #services: PrivateService[] = [];
  #giveBack: (() => void) | undefined;
  #switch: RunningSwitch | undefined;
  #worker: SupervisedWorker | undefined;

  /** @param say - takes one line about each step, for people */
  constructor(config: Config, log: Logger, say: (line: string) => void) {
    this.#config = config;
    this.#log = log;
    this.#say = say;
  }

  /** @throws Error in one line that says what to do; nothing of it runs then */
  async start(): Promise<RunFile> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop(0).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Ends everything that was started, in due order.
   * @param drainMs - how long calls that are up may take to end; `limits.drainMs` by default
   */
  async stop(drainMs?: number): Promise<void> {
    const steps = [
      () => this.#switch?.stop(drainMs),
      () => this.#worker?.stop(),
      ...[...this.#services].reverse().map((service) => () => service.stop()),
    ];
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        // What can still be ended is.
        failures.push(error);
      }
    }
    if (this.#giveBack) writeFileSync(runFilePath(this.#config.dataDir), '{}');
    this.#giveBack?.();
    if (failures.length > 0) throw failures[0];
  }

  /** For who ends at once: what does not end with this process by itself is told to, and not awaited. */
  leave(): void {
    this.#worker?.leave();
    for (const service of this.#services) service.leave();
    this.#giveBack?.();
  }

  async #start(): Promise<RunFile> {
    const { dataDir, demo } = this.#config;
    this.#giveBack = claimFolder(dataDir);
    await requireBindable(wantedAddresses(this.#config));
    const databaseUrl =
      this.#config.database.url ?? (await this.#provide('PostgreSQL', () => startPrivatePostgres(dataDir)));
    const redisUrl =
      this.#config.redis.url ?? (await this.#provide('Redis', () => startPrivateRedis(dataDir)));
    const complete: Config = {
      ...this.#config,
      database: { ...this.#config.database, url: databaseUrl },
      redis: { ...this.#config.redis, url: redisUrl },
    };
    const { adminKey, agent, admin, adminFile } = await prepareDatabase(complete, this.#say);
    this.#switch = await startSwitch(complete, this.#log);
    this.#worker = new SupervisedWorker(complete, this.#log);
    const file: RunFile = {
      pid: process.pid,
      apiUrl: this.#switch.apiUrl,
      apiKey: adminKey,
      admin: admin && { email: admin.email, passwordFile: adminFile },
      sip: this.#switch.sipListening,
      number: DEMO.number,
      phone: agent && { ...agent, number: DEMO.phoneNumber },
      buyerPorts: [demo.buyerPort1, demo.buyerPort2],
      databaseUrl,
      redisUrl,
      sipServerPid: this.#switch.sipServerPid,
      workerPid: this.#worker.pid,
    };
    writeFileSync(runFilePath(dataDir), JSON.stringify(file, null, 2), { mode: 0o600 });
    return file;
  }

  async #provide(what: string, start: () => Promise<PrivateService>): Promise<string> {
    this.#say(`starting a private ${what}`);
    const service = await KeptService.start(start, {
      onDown: (why) => this.#log.error({ why }, `the private ${what} is down and is started again`),
      onBack: () => this.#log.info(`the private ${what} is back`),
    });
    this.#services.push(service);
    return service.url;
  }
}

/** What is looked at before anything is started, because it is what most often is taken. */
function wantedAddresses({ sip, api, media }: Config): WantedAddress[] {
  const wanted: WantedAddress[] = [
    { protocol: 'tcp', address: api.host, port: api.port, setting: 'api.port (DCE_API_PORT)' },
  ];
  if (sip.drachtio.host === undefined) {
    const setting = 'sip.listen (DCE_SIP_LISTEN)';
    for (const text of sip.listen) {
      const { protocol, address, port } = parseListenAddress(text);
      wanted.push({ protocol: protocol === 'udp' ? 'udp' : 'tcp', address, port, setting });
    }
  }
  if (media.engine === 'mediasoup') {
    // Any port: what matters is that the address is this machine's.
    const setting = 'media.listenAddress (DCE_MEDIA_LISTEN_ADDRESS)';
    wanted.push({ protocol: 'udp', address: media.listenAddress, port: 0, setting });
  }
  return wanted;
}
