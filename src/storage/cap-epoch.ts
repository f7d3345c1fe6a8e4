import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CapCommands } from './cap-commands';
import type { SpentUnits } from './local-reservations';

/** What is stored of calls, from which the counters of a Redis that has forgotten are counted anew. */
export interface CapRecords {
  /**
   * @param raise - sees to it that counters know of at least these units
   * @throws Error when it cannot be read
   */
  rebuild(raise: (units: readonly SpentUnits[]) => Promise<void>): Promise<void>;
  /** Whether other nodes live, that may hold units: they are given time to tell of them. */
  othersLive(): Promise<boolean>;
}

const REBUILDING = 'caps:rebuilding';
/** A node that died while it counted is succeeded after this time. */
const REBUILDING_MS = 60_000;

/** Says whether Redis knows what is used: one that was restarted, emptied or put in another's place may not. */
export class CapEpoch {
  readonly #redis: Redis;
  readonly #commands: CapCommands;
  readonly #records: CapRecords | undefined;
  readonly #settleMs: number;
  #toldFor: string | undefined;

  /** @param settleMs - milliseconds that other nodes are given to tell of their units */
  constructor(redis: Redis, commands: CapCommands, records: CapRecords | undefined, settleMs: number) {
    this.#redis = redis;
    this.#commands = commands;
    this.#records = records;
    this.#settleMs = settleMs;
  }

  /**
   * Finds out whether Redis knows; if not, one node has it counted anew, and each tells what it holds.
   *
   * @param tell - tells Redis of every unit that this node holds
   * @returns the epoch to be named in reservations; undefined while another node has it counted
   * @throws Error when Redis is away, or records cannot be read
   */
  async enter(tell: () => Promise<void>): Promise<string | undefined> {
    const run = await this.#commands.prepare();
    if ((await this.#commands.epoch()) === run) return run;
    const token = randomUUID();
    const claimed = await this.#redis.set(REBUILDING, token, 'PX', REBUILDING_MS, 'NX');
    if (claimed === null) {
      const other = await this.#redis.get(REBUILDING);
      if (other !== null && other !== this.#toldFor) {
        await tell();
        this.#toldFor = other;
      }
      return undefined;
    }
    try {
      await tell();
      await this.#records?.rebuild((units) => this.#commands.raise(units));
      if (await this.#records?.othersLive()) await pause(this.#settleMs);
      await this.#commands.setEpoch(run);
      return run;
    } finally {
      await this.#redis.del(REBUILDING);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms).unref());
}
