import type { Database } from '../storage';
import { keysToRewrap, putRewrapped, RecurringWork } from '../storage';
import type { KeyRing } from './key-ring';
import { SealError } from './sealed-format';

/** What a run of it came to. */
export interface RewrapReport {
  /** Keys that the one in use wraps from now on. */
  readonly rewrapped: number;
  /** Keys that cannot be unwrapped: by the key that wraps them. */
  readonly unknown: ReadonlyMap<string, number>;
}

export interface RewrapOptions {
  readonly everyMs?: number;
  readonly onReport?: (report: RewrapReport) => void;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 3_600_000;
const BATCH = 200;

/**
 * Wraps the keys of recordings anew that an older key of the ring wraps, in short transactions. The audio stays as
 * it is sealed. Any number of nodes may do it; what it does not come to, the next run does.
 */
export async function rewrapKeys(
  database: Database,
  ring: KeyRing,
  stopped: () => boolean = () => false,
): Promise<RewrapReport> {
  const unknown = new Map<string, number>();
  let rewrapped = 0;
  let after: string | undefined;
  for (let found = BATCH; found === BATCH && !stopped();) {
    await database.transaction(async (tx) => {
      const rows = await keysToRewrap(tx, ring.currentId, after, BATCH);
      found = rows.length;
      after = rows.at(-1)?.id;
      const anew = rows.flatMap(({ id, keyId, sealedKey }) => {
        try {
          const dataKey = ring.unwrap({ keyId, wrapped: sealedKey });
          const { keyId: now, wrapped } = ring.wrap(dataKey);
          dataKey.fill(0);
          return [{ id, keyId: now, sealedKey: wrapped }];
        } catch (error) {
          if (!(error instanceof SealError)) throw error;
          unknown.set(keyId, (unknown.get(keyId) ?? 0) + 1);
          return [];
        }
      });
      if (anew.length > 0) await putRewrapped(tx, anew);
      rewrapped += anew.length;
    });
  }
  return { rewrapped, unknown };
}

/** Does so from time to time: once a key is not the first of the ring any more, nothing stays under it for long. */
export class RewrapJob extends RecurringWork {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #options: RewrapOptions;

  constructor(database: Database, ring: KeyRing, options: RewrapOptions = {}) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#ring = ring;
    this.#options = options;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    this.#options.onReport?.(await rewrapKeys(this.#database, this.#ring, stopped));
  }
}
