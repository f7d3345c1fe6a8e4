import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { seededRandom } from '../../../src/fraud/train/random';
import type { Part, PostgresPart, ProductPart, RedisPart } from './parts';
import { kill, signal } from './parts';

/** What havoc has at hand. */
export interface World {
  readonly postgres: PostgresPart;
  readonly redis: RedisPart;
  readonly switches: readonly ProductPart[];
  readonly workers: readonly ProductPart[];
}

/** How often each thing was done. */
export interface Deeds {
  kills: number;
  pauses: number;
  cuts: number;
}

/** One thing done to the world, until it is made good. */
interface Deed {
  readonly name: string;
  readonly weight: number;
  readonly does: keyof Deeds;
  run(): Promise<void>;
}

/** Longest that a part stays dead, stopped or cut off, in milliseconds. */
const MOST_AWAY_MS = 2_500;
/** How long a moment is waited for in which a worker is within a transaction. */
const HUNT_MS = 400;

/**
 * Kills, stops and cuts off parts of a running exchange, one thing after the other, at times and for as
 * long as a seed says, and makes each good again. What the machine does in between no seed can say: the
 * same seed gives the same deeds, not the same interleaving.
 */
export class Havoc {
  readonly deeds: Deeds = { kills: 0, pauses: 0, cuts: 0 };
  readonly #world: World;
  readonly #next: () => number;
  readonly #say: (line: string) => void;
  readonly #gapMs: number;
  /** What must be done once yet. */
  readonly #owed: Deed[];
  readonly #all: readonly Deed[];
  #stopped = false;
  #running: Promise<void> | undefined;

  /**
   * @param gapMs - from one deed to the next, on average
   * @param say - told of each deed, in one line
   */
  constructor(world: World, seed: number, gapMs: number, say: (line: string) => void) {
    this.#world = world;
    this.#next = seededRandom(seed);
    this.#gapMs = gapMs;
    this.#say = say;
    this.#all = this.#choices();
    this.#owed = this.#once(this.#all);
  }

  /** Whether each kind of part has died. */
  get eachDied(): boolean {
    return this.#owed.length === 0;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends when the deed in hand is made good. @throws Error when something could not be brought up again */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const deeds = this.#all;
    const total = deeds.reduce((sum, { weight }) => sum + weight, 0);
    while (!this.#stopped) {
      await wait(this.#gapMs * (0.5 + this.#next()));
      let place = this.#next() * total;
      const deed = this.#owed.at(-1) ?? deeds.find(({ weight }) => (place -= weight) < 0);
      if (!deed || this.#stopped) continue;
      this.deeds[deed.does]++;
      this.#say(deed.name);
      await deed.run();
      if (deed === this.#owed.at(-1)) this.#owed.pop();
    }
  }

  /** What even a short run must have survived, in any order: the death of each kind of part. */
  #once(deeds: readonly Deed[]): Deed[] {
    const { postgres, redis, switches, workers } = this.#world;
    return [postgres, redis, ...switches.slice(0, 1), ...workers.slice(0, 1)]
      .flatMap(({ name }) => deeds.find((deed) => deed.name === `kill -9 of ${name}`) ?? [])
      .map((deed) => ({ deed, order: this.#next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ deed }) => deed);
  }

  #choices(): Deed[] {
    const { postgres, redis, switches, workers } = this.#world;
    const all: Part[] = [postgres, redis, ...switches, ...workers];
    return [
      ...[postgres, redis, ...workers].map((part) => this.#killing(part, 3)),
      ...switches.map((node) => this.#killing(node, 6)),
      this.#killing(redis, 1, 'and all it knew', () => redis.forget()),
      ...switches.map((node) =>
        this.#deed(`kill -9 of the SIP server of ${node.name}`, 2, 'kills', () => {
          // Its switch brings it up again.
          signal(node.helpers(), 'SIGKILL');
          return Promise.resolve();
        }),
      ),
      this.#deed('kill -9 of one client’s process of postgres', 2, 'kills', () => this.#killBackend()),
      ...workers.map((worker) =>
        this.#deed(`kill -9 of ${worker.name} within a transaction`, 3, 'kills', async () => {
          await this.#hunt();
          await this.#away(worker);
        }),
      ),
      ...all.map((part) => this.#deed(`stop of ${part.name}`, 2, 'pauses', () => this.#pause(part))),
      ...[...switches, ...workers].flatMap(({ name, lines }) =>
        (['postgres', 'redis'] as const).flatMap((service) => [
          this.#deed(`${name} is cut off from ${service}`, 1, 'cuts', () =>
            this.#without(
              () => lines[service].cut(),
              () => lines[service].mend(),
            ),
          ),
          this.#deed(`${name} hears nothing of ${service}`, 1, 'cuts', () =>
            this.#without(
              () => lines[service].freeze(),
              () => lines[service].mend(),
            ),
          ),
        ]),
      ),
    ];
  }

  #deed(name: string, weight: number, does: keyof Deeds, run: () => Promise<void>): Deed {
    return { name, weight, does, run };
  }

  #killing(part: Part, weight: number, and = '', meanwhile: () => void = () => undefined): Deed {
    const name = `kill -9 of ${part.name}${and === '' ? '' : ` ${and}`}`;
    return this.#deed(name, weight, 'kills', () => this.#away(part, meanwhile));
  }

  async #away(part: Part, meanwhile: () => void = () => undefined): Promise<void> {
    kill(part);
    await wait(this.#next() * MOST_AWAY_MS);
    meanwhile();
    await part.start();
  }

  /** PostgreSQL ends all its other clients then, and goes through its log: transactions in hand are gone. */
  async #killBackend(): Promise<void> {
    const backends = this.#world.postgres.backends();
    const victim = backends[Math.floor(this.#next() * backends.length)];
    if (victim !== undefined) signal([victim], 'SIGKILL');
    await wait(200);
    await this.#world.postgres.start();
  }

  /** Waits for a moment in which a worker has a transaction open, or gives up. */
  async #hunt(): Promise<void> {
    const client = new Client({ connectionString: this.#world.postgres.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const deadline = Date.now() + HUNT_MS;
      while (Date.now() < deadline) {
        const { rowCount } = await client.query(
          `select from pg_stat_activity where application_name = 'dce worker' and state <> 'idle'
             and query ~ '(ledger|settlement)'`,
        );
        if (rowCount !== 0) return;
      }
    } catch {
      // PostgreSQL is in trouble itself.
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #pause(part: Part): Promise<void> {
    const pids = part.pids();
    await this.#without(
      () => signal(pids, 'SIGSTOP'),
      () => signal(pids, 'SIGCONT'),
    );
  }

  async #without(take: () => void, giveBack: () => void): Promise<void> {
    take();
    await wait(this.#next() * MOST_AWAY_MS);
    giveBack();
  }
}
