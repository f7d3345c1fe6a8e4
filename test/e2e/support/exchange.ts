import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import type { RunFile } from '../../../src/start';
import { readPosition } from '../../../src/storage';
import type { SwitchStats } from '../../../src/switch';
import type { DrachtioServer, TlsFiles } from './drachtio-server';
import { DRACHTIO_BINARY, startDrachtioServer } from './drachtio-server';
import { preparedFolder } from './exchange-folder';
import type { Program } from './processes';
import { freePort, startProgram, until } from './processes';

const CLI = join(process.cwd(), 'dist/cli.js');
const START_MS = 60_000;
/** Short SIP timers: 64·T1 is over in 3.2 s instead of 32. */
const T1_MS = 50;

export interface ExchangeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Folder of an exchange that ran before. */
  readonly dataDir?: string;
  /** More places to listen for SIP, as `ws:127.0.0.1:5066`. */
  readonly listen?: readonly string[];
  /** What is shown where it listens with TLS. */
  readonly tls?: TlsFiles;
}

const FIRST_MEDIA_PORT = 42_000;
const MEDIA_PORTS = 500;
const MEDIA_RANGES = 15;
/** Two exchanges of one test never have the same ports; those of several tests seldom do. */
let mediaRange = Math.floor(Math.random() * MEDIA_RANGES);

/** A whole exchange as `dce start` runs it, on its own ports, with its own PostgreSQL and Redis. */
export class Exchange {
  #program: Program;
  #file: RunFile;
  #database: Pool | undefined;

  private constructor(
    readonly dataDir: string,
    readonly sipPort: number,
    private readonly env: NodeJS.ProcessEnv,
    private readonly drachtio: DrachtioServer | undefined,
    program: Program,
    file: RunFile,
  ) {
    this.#program = program;
    this.#file = file;
  }

  static async start(options: ExchangeOptions = {}): Promise<Exchange> {
    const dataDir = options.dataDir ?? (await preparedFolder());
    const sipPort = await freePort();
    const mediaPort = FIRST_MEDIA_PORT + (mediaRange++ % MEDIA_RANGES) * MEDIA_PORTS;
    const { listen = [], tls } = options;
    const drachtio =
      DRACHTIO_BINARY === undefined
        ? undefined
        : await startDrachtioServer(DRACHTIO_BINARY, { sipPort, listen, tls, t1Ms: T1_MS });
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      NODE_ENV: 'production',
      DCE_DATA_DIR: dataDir,
      DCE_SIP_LISTEN: [`udp:127.0.0.1:${sipPort}`, `tcp:127.0.0.1:${sipPort}`, ...listen].join(','),
      DCE_SIP_T1_MS: String(T1_MS),
      DCE_API_PORT: '0',
      DCE_API_REQUESTS_PER_MINUTE: '100000',
      DCE_DEMO_SEED: 'false',
      DCE_MEDIA_PORT_MIN: String(mediaPort),
      DCE_MEDIA_PORT_MAX: String(mediaPort + MEDIA_PORTS - 1),
      // Most peers here send no audio.
      DCE_MEDIA_RTP_TIMEOUT_MS: '120000',
      DCE_BILLING_CHECKPOINT_MS: '500',
      DCE_LIMITS_DRAIN_MS: '0',
      // The machine is busy with other tests, and no call is to be refused for that.
      DCE_LIMITS_MAX_EVENT_LOOP_DELAY_MS: '0',
      DCE_TELEMETRY_LOG_LEVEL: 'warn',
      ...(tls ? { DCE_SIP_TLS_CERT_FILE: tls.certFile, DCE_SIP_TLS_KEY_FILE: tls.keyFile } : {}),
      ...drachtio?.env,
      ...options.env,
    };
    const { program, file } = await boot(env, dataDir).catch(async (error: unknown) => {
      await drachtio?.stop();
      throw error;
    });
    return new Exchange(dataDir, sipPort, env, drachtio, program, file);
  }

  get sip(): string {
    return `127.0.0.1:${this.sipPort}`;
  }

  get file(): RunFile {
    return this.#file;
  }

  output(): string {
    return this.#program.output();
  }

  /** kill -9 of the switch, as a machine that loses its mind would. */
  async kill(): Promise<void> {
    await this.#program.stop('SIGKILL');
  }

  /** Starts again on the same data. */
  async restart(): Promise<void> {
    const { program, file } = await boot(this.env, this.dataDir);
    this.#program = program;
    this.#file = file;
    await this.#leaveDatabase();
  }

  async stop(): Promise<void> {
    await this.#leaveDatabase();
    await this.#program.stop('SIGTERM');
    await this.drachtio?.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** One request of the admin API. */
  async api<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.#file.apiUrl}${path}`, {
      method,
      headers: {
        'X-API-Key': this.#file.apiKey,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as T };
  }

  /** Creates something. @throws Error with the problem when it is refused */
  async create(path: string, body: Record<string, unknown>): Promise<void> {
    const { status, body: reply } = await this.api('POST', `/api/v1/${path}`, body);
    if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(reply)}`);
  }

  /** Changes something of the market, and waits until decisions know. @throws Error with the problem when it is refused */
  async change(path: string, fields: Record<string, unknown>): Promise<void> {
    const { status, body } = await this.api('PATCH', `/api/v1/${path}`, fields);
    if (status !== 200) throw new Error(`PATCH ${path}: ${status} ${JSON.stringify(body)}`);
    await this.knowsMarket();
  }

  /** Ends a call that is up, as an admin does. @throws Error when there is none */
  async hangUp(callId: string): Promise<void> {
    const { status } = await this.api('DELETE', `/api/v1/calls/${callId}`);
    if (status !== 204) throw new Error(`the call ${callId} is not hung up: ${status}`);
  }

  async stats(): Promise<SwitchStats> {
    return (await this.api<SwitchStats>('GET', '/api/v1/system/stats')).body;
  }

  /** Waits until decisions know every change of the market that was made. */
  async knowsMarket(): Promise<void> {
    await until('the last change of the market to be known', async () => {
      const known = readPosition((await this.stats()).market ?? '');
      if (!known) return false;
      const unknown = await this.sql(
        `select 1 from market_history where era > $1 or era = $1 and not pg_visible_in_snapshot(xid, $2::pg_snapshot)
         limit 1`,
        [known.era, known.snapshot],
      );
      return unknown.length === 0;
    });
  }

  /** Rows of a statement on the exchange's own database. */
  async sql<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
    if (!this.#database) {
      this.#database = new Pool({ connectionString: this.#file.databaseUrl, max: 1 });
      // A connection that breaks while nobody asks is replaced by the next who does.
      this.#database.on('error', () => undefined);
    }
    return (await this.#database.query<T>(text, values)).rows;
  }

  async #leaveDatabase(): Promise<void> {
    await this.#database?.end();
    this.#database = undefined;
  }

  /**
   * After calls: nothing is held any more anywhere, every call has ended once, every sold one is
   * settled once, and the books balance.
   */
  async isClean(): Promise<void> {
    await until('every call to end', async () => (await this.stats()).calls === 0, 20_000);
    await until(
      'transactions, dialogs, ports and reservations to be given back',
      async () => {
        const { media, reserved, held: funds, queuedRecords, sip } = await this.stats();
        const held = [media.sessions, media.legs, media.ports, reserved, funds, queuedRecords];
        // A drachtio-server does not tell what it holds.
        const unknown = this.drachtio ? 0 : 1;
        held.push(
          sip?.serverTransactions ?? unknown,
          sip?.clientTransactions ?? unknown,
          sip?.dialogs ?? unknown,
        );
        return held.every((count) => count === 0);
      },
      20_000,
    );
    await until(
      'every sold call to be settled',
      async () =>
        (
          await this.sql(`select 1 from calls c left join settlements s on s.call_id = c.id
          where c.ended_at is null or (c.sale is not null and s.call_id is null) limit 1`)
        ).length === 0,
      20_000,
    );
    await until(
      'money that is held to be taken or given back',
      async () => (await this.sql(`select 1 from holds where state = 'open' limit 1`)).length === 0,
      20_000,
    );
    const [books] = await this.sql<{ imbalance: string; doubled: string; events: string; calls: string }>(
      `select (select coalesce(sum(amount), 0) from ledger_entries) as imbalance,
         (select count(*) from (select call_id from ledger_transactions where kind = 'call_settlement'
           group by call_id having count(*) > 1) d) as doubled,
         (select count(*) from outbox where type = 'call.ended') as events,
         (select count(*) from calls) as calls`,
    );
    expect(books).toEqual({ imbalance: '0', doubled: '0', events: books?.calls, calls: books?.calls });
  }
}

async function boot(env: NodeJS.ProcessEnv, dataDir: string): Promise<{ program: Program; file: RunFile }> {
  const runFile = join(dataDir, 'run.json');
  rmSync(runFile, { force: true });
  const program = startProgram(process.execPath, [CLI, 'start'], { env });
  let over: number | string | undefined;
  void program.exited.then((code) => (over = code));
  await until(
    'the exchange to start',
    () => {
      if (over !== undefined) throw new Error(`dce start ended with ${over}:\n${program.output()}`);
      return program.output().includes('The exchange is open') && existsSync(runFile);
    },
    START_MS,
  );
  return { program, file: JSON.parse(readFileSync(runFile, 'utf8')) as RunFile };
}
