import { LocalRateLimits } from '../rate-limits/local-rate-limits';
import type { AuditActor, AuditEntry } from './audit-entry';

/** What one caller, and all together, may have written one by one of what they were refused. */
const OF_ONE = { count: 10, seconds: 60, burst: 10 };
const OF_ALL = { count: 60, seconds: 60, burst: 300 };
/** Callers of whom more than that is counted apart; the rest are counted together. */
const MAX_COUNTED = 50;
/** The entry that tells how many were not written one by one. */
const SUM_ACTION = 'refusedMore';
const EVERYBODY: AuditActor = { kind: 'nobody', id: '' };

interface Counted {
  readonly actor: AuditActor;
  readonly address: string | undefined;
  readonly byAction: Map<string, number>;
  /** Of the last. */
  status: number;
}

/**
 * Bounds what is written of that which anybody can cause: of one caller so many entries, of all so many, and what
 * is beyond that as a count. Whoever floods the log is told by its beginning and by its size.
 */
export class RefusalLimits {
  readonly #limits: LocalRateLimits;
  readonly #counted = new Map<string, Counted>();

  /** @param now - monotonic milliseconds */
  constructor(now: () => number) {
    this.#limits = new LocalRateLimits(now);
  }

  /** Whether it is written by itself; otherwise it is counted. */
  take(entry: AuditEntry): boolean {
    const { kind, id } = entry.actor;
    const name = `${kind}:${id}:${entry.address ?? ''}`;
    if (this.#limits.take(name, OF_ONE).allowed && this.#limits.take('', OF_ALL).allowed) return true;
    this.#count(name, entry);
    return false;
  }

  /** What was counted since it was last asked: by caller, with how often which operation was refused. */
  takeSums(): AuditEntry[] {
    const sums = [...this.#counted.values()].map(({ actor, address, byAction, status }): AuditEntry => {
      const changes = Object.fromEntries([...byAction].map(([action, count]) => [action, { after: count }]));
      return { actor, address, status, action: SUM_ACTION, changes };
    });
    this.#counted.clear();
    return sums;
  }

  #count(name: string, { actor, address, action, status = 200 }: AuditEntry): void {
    const apart = this.#counted.has(name) || this.#counted.size < MAX_COUNTED;
    const key = apart ? name : '';
    const whose = apart ? { actor, address } : { actor: EVERYBODY, address: undefined };
    const found = this.#counted.get(key) ?? { ...whose, status, byAction: new Map<string, number>() };
    found.status = status;
    found.byAction.set(action, (found.byAction.get(action) ?? 0) + 1);
    this.#counted.set(key, found);
  }
}
