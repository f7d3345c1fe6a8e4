import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mintCredentials } from '../../src/signaling';
import { phoneSecret } from '../../src/storage';
import type { Exchange } from '../e2e/support/exchange';
import { processStat } from '../e2e/support/processes';
import { openDatabase } from './open-database';
import type { RegisterOptions, SipAnswer } from './registering-phone';
import { RegisteringPhone } from './registering-phone';
import { until } from './until';

const DOMAIN = 'dce.invalid';
const BUYER = 'registered';
const PHONES_PER_AGENT = 2;
/** A switch takes so many connections from one address. */
const PHONES_PER_ADDRESS = 500;
const OPENING_AT_ONCE = 100;
const EXPIRES_SECONDS = 3_600;
const TICK_MS = 10;
const KILOBYTE = 1_024;

/** What registering cost, and how it went. */
export interface RegisterRun {
  readonly granted: number;
  /** How many were answered otherwise, by status and Retry-After. */
  readonly others: Readonly<Record<string, number>>;
  readonly perSecond: number;
  /** Of the SIP server and the switch together. */
  readonly cpuMicrosPerRegister: number;
  /** Milliseconds until the answer, 99th percentile. */
  readonly p99Ms: number;
}

/** What came of guessing passwords. */
export interface GuessRun {
  readonly guesses: number;
  /** Guesses whose password was looked at. */
  readonly tried: number;
  /** Guesses that were sent away unread. */
  readonly lockedOut: number;
  readonly gotIn: number;
}

/** Many phones that register on an exchange over WebSocket. */
export class RegistrationLoad {
  readonly #phones: RegisteringPhone[] = [];
  readonly #credentials: RegisterOptions[] = [];

  private constructor(
    private readonly exchange: Exchange,
    private readonly url: string,
  ) {}

  /**
   * Adds agents for so many phones, two to an agent, and mints what they sign in with.
   * @param url - of the WebSocket listener
   */
  static async prepare(exchange: Exchange, url: string, phones: number): Promise<RegistrationLoad> {
    const load = new RegistrationLoad(exchange, url);
    const agents = Math.ceil(phones / PHONES_PER_AGENT);
    await exchange.create('accounts', { id: BUYER, name: BUYER, type: 'buyer', funding: 'open' });
    await exchange.create('buyers', { id: BUYER, accountId: BUYER, name: BUYER });
    await exchange.sql(
      `insert into agents (id, buyer_id, name, username, max_contacts)
       select 'agent-' || n, $1, 'agent ' || n, 'agent-' || n, $2 from generate_series(0, $3 - 1) n`,
      [BUYER, PHONES_PER_AGENT, agents],
    );
    const database = openDatabase(exchange.file.databaseUrl);
    const secret = await phoneSecret(database).finally(() => database.close());
    const issuedAt = Date.now() / 1_000;
    for (let phone = 0; phone < phones; phone++) {
      const agent = `agent-${phone % agents}`;
      const minted = mintCredentials(secret, agent, issuedAt, issuedAt + 3_600);
      load.#credentials.push({ aor: aorOf(agent), ...minted, expires: EXPIRES_SECONDS });
    }
    return load;
  }

  /** Opens a connection for every phone. @returns bytes that one takes in the SIP server and the switch */
  async connect(): Promise<number> {
    const before = this.#residentBytes();
    const count = this.#credentials.length;
    for (let from = 0; from < count; from += OPENING_AT_ONCE) {
      const batch = Array.from({ length: Math.min(OPENING_AT_ONCE, count - from) }, (_, index) =>
        RegisteringPhone.open(this.url, addressOf(Math.floor((from + index) / PHONES_PER_ADDRESS))),
      );
      this.#phones.push(...(await Promise.all(batch)));
    }
    // The agents were written past the API: the switch has heard of all of them when it knows the last.
    await until(
      'the switch to know the agents',
      async () => (await this.#register(count - 1)).status === 200,
    );
    return (this.#residentBytes() - before) / count;
  }

  /** Every phone registers, or registers again, so many at once. */
  async register(atOnce: number): Promise<RegisterRun> {
    const times: number[] = [];
    const others: Record<string, number> = {};
    const cpu = this.#cpuMs();
    const began = performance.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < this.#phones.length; index = next++) {
        const sentAt = performance.now();
        const answer = await this.#register(index);
        if (answer.status === 200) times.push(performance.now() - sentAt);
        else {
          const name = `${answer.status} ${answer.header('retry-after') ?? ''}`.trim();
          others[name] = (others[name] ?? 0) + 1;
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, this.#phones.length) }, worker));
    const seconds = (performance.now() - began) / 1_000;
    times.sort((a, b) => a - b);
    return {
      granted: times.length,
      others,
      perSecond: times.length / seconds,
      cpuMicrosPerRegister: ((this.#cpuMs() - cpu) * 1_000) / Math.max(1, times.length),
      p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    };
  }

  /** Phones whose connections still stand. */
  get connected(): number {
    return this.#phones.filter((phone) => phone.isOpen).length;
  }

  /** Guesses the password of one agent from an address of its own, one guess after the other. */
  async guess(victim: number, attacker: number, guesses: number): Promise<GuessRun> {
    const username = `agent-${victim}`;
    const phone = await RegisteringPhone.open(this.url, addressOf(200 + attacker));
    let tried = 0;
    let lockedOut = 0;
    let gotIn = 0;
    try {
      for (let guess = 0; guess < guesses; guess++) {
        const { status } = await phone.register({
          aor: aorOf(username),
          username,
          password: `guess ${guess}`,
        });
        if (status === 200) gotIn++;
        else if (status === 503) lockedOut++;
        else tried++;
      }
    } finally {
      phone.close();
    }
    return { guesses, tried, lockedOut, gotIn };
  }

  /** Gives an agent a password for a phone that registers by itself. */
  async setPassword(victim: number, password: string): Promise<RegisterOptions> {
    const username = `agent-${victim}`;
    const digest = (algorithm: string): string =>
      createHash(algorithm).update(`${username}:${DOMAIN}:${password}`).digest('hex');
    await this.exchange.sql(
      `insert into agent_secrets (agent_id, password_hash, realm, ha1_md5, ha1_sha256)
       values ($1, '$argon2id$', $2, $3, $4)`,
      [username, DOMAIN, digest('md5'), digest('sha256')],
    );
    return { aor: aorOf(username), username, password, expires: EXPIRES_SECONDS };
  }

  close(): void {
    for (const phone of this.#phones.splice(0)) phone.close();
  }

  async #register(index: number): Promise<SipAnswer> {
    const [phone, credentials] = [this.#phones[index], this.#credentials[index]];
    if (!phone || !credentials) throw new Error(`there is no phone ${index}`);
    return phone.register(credentials);
  }

  #pids(): number[] {
    const { pid, sipServerPid = pid } = this.exchange.file;
    return [...new Set([pid, sipServerPid])];
  }

  #cpuMs(): number {
    const ticks = this.#pids().map((pid) => {
      const fields = processStat(pid);
      return Number(fields[11]) + Number(fields[12]);
    });
    return ticks.reduce((all, each) => all + each, 0) * TICK_MS;
  }

  #residentBytes(): number {
    const kilobytes = this.#pids().map((pid) =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]),
    );
    return kilobytes.reduce((all, each) => all + each, 0) * KILOBYTE;
  }
}

const aorOf = (username: string): string => `sip:${username}@${DOMAIN}`;

/** Addresses of loopback, other than that of carriers. */
const addressOf = (index: number): string => `127.0.7.${1 + index}`;
