import type { CapRecords } from './cap-epoch';
import type { CappedCall } from './cap-usage';
import { unitsOf } from './cap-usage';
import type { Database, Queryable } from './database';
import { endedCallsAfter, forEndedCalls } from './ended-calls';
import type { EndedCall } from './ended-calls';
import type { SpentUnits } from './local-reservations';
import { RecurringWork } from './recurring-work';

export interface CapUsageOptions {
  readonly nodeId: string;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 30_000;
const BATCH = 2_000;
const SETTLEMENT_MS = 15 * 60_000;
/** Periods are kept for so long after their end: calls that were decided in them may still be up. */
const KEPT_MS = 86_400_000;
/** A node that beat within this time may hold units. */
const LIVING_MS = 60_000;

/** Calls of which all that caps ask for lies with the sale, unless attempts or sellers are capped. */
const NEEDS_DECISIONS = {
  name: 'cap-usage-needs',
  text: `select exists (select from sellers where caps <> '{}')
    or exists (select from bids where caps ? 'attempts') or exists (select from targets where caps ? 'attempts')
    or exists (select from buyers where caps ? 'attempts') as needed`,
};

const READ_LIMITS = {
  name: 'cap-usage-limits',
  text: `select c.id, c.sale -> 'target' -> 'reservations' as "soldLimits",
      case when $2 then jsonb_path_query_array(d.decision,
        '$.plan[*] ? (exists(@.reservations[*] ? (@.counter == "attempts")))') end as plan,
      case when $2 then d.decision -> 'sourceLimits' end as "sourceLimits"
    from calls c left join call_decisions d on $2 and d.call_id = c.id
    where c.id = any($1)`,
};

const ADD_UNITS = {
  name: 'cap-usage-add',
  text: `insert into cap_usage as u (key, used, resets_at)
    select key, amount, "resetsAt" from json_to_recordset($1::json) as r(key text, amount bigint, "resetsAt" bigint)
    on conflict (key) do update set used = u.used + excluded.used`,
};

interface LimitsRow {
  readonly id: string;
  readonly soldLimits: CappedCall['soldLimits'];
  readonly plan: CappedCall['plan'] | null;
  readonly sourceLimits: CappedCall['sourceLimits'] | null;
}

/**
 * Keeps count of what calls used of caps for good, so that a Redis that has forgotten can be told. Any
 * number of nodes may run it; each call is counted once.
 */
export class CapUsage extends RecurringWork implements CapRecords {
  readonly #database: Database;
  readonly #options: CapUsageOptions;

  constructor(database: Database, options: CapUsageOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /**
   * Counts every call that ended and is settled, batch by batch, and lets go of periods long over.
   * @returns number of calls counted
   * @throws Error when the database is away
   */
  async roll(stopped: () => boolean = () => false): Promise<number> {
    let counted = 0;
    for (let more = true; more && !stopped();) {
      const options = { name: 'cap_usage', limit: BATCH, settlementMs: SETTLEMENT_MS } as const;
      const batch = await forEndedCalls(this.#database, options, async (calls, tx) => {
        const units = [...unitsOf(await withLimits(tx, calls)).values()];
        // Always in one order, so that no two writers wait for each other.
        units.sort((a, b) => (a.key < b.key ? -1 : 1));
        if (units.length > 0) await tx.query({ ...ADD_UNITS, values: [JSON.stringify(units)] });
      });
      counted += batch.calls;
      more = batch.more;
    }
    await this.#database.query('delete from cap_usage where resets_at > 0 and resets_at < $1', [
      this.#options.now() - KEPT_MS,
    ]);
    return counted;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    await this.roll(stopped);
  }

  /** Tells what is stored: what was counted, and the calls that ended since. */
  async rebuild(raise: (units: readonly SpentUnits[]) => Promise<void>): Promise<void> {
    const units = new Map<string, SpentUnits>();
    const add = ({ key, amount, resetsAt }: SpentUnits): void => {
      units.set(key, { key, resetsAt, amount: amount + (units.get(key)?.amount ?? 0) });
    };
    const oldest = this.#options.now() - KEPT_MS;
    await this.#database.transaction(async (tx) => {
      const { rows } = await tx.query<SpentUnits>(
        `select key, used as amount, resets_at as "resetsAt" from cap_usage where resets_at = 0 or resets_at > $1`,
        [oldest],
      );
      rows.forEach(add);
      const { rows: progress } = await tx.query<{ position: number }>(
        `select position from roll_ups where name = 'cap_usage'`,
      );
      let position = progress[0]?.position ?? 0;
      for (;;) {
        const calls = await endedCallsAfter(tx, position, BATCH);
        for (const each of unitsOf(await withLimits(tx, calls)).values()) add(each);
        if (calls.length < BATCH) break;
        position = (calls[calls.length - 1] as EndedCall).position;
      }
    }, 'snapshot');
    await raise([...units.values()].filter(({ resetsAt }) => resetsAt === 0 || resetsAt > oldest));
  }

  async othersLive(): Promise<boolean> {
    const { rows } = await this.#database.query<{ others: boolean }>(
      `select exists (select from nodes where id <> $1
         and heartbeat_at > now() - $2 * interval '1 millisecond') as others`,
      [this.#options.nodeId, LIVING_MS],
    );
    return rows[0]?.others ?? false;
  }
}

async function withLimits(tx: Queryable, calls: readonly EndedCall[]): Promise<CappedCall[]> {
  if (calls.length === 0) return [];
  const { rows: needs } = await tx.query<{ needed: boolean }>(NEEDS_DECISIONS);
  const { rows } = await tx.query<LimitsRow>({
    ...READ_LIMITS,
    values: [calls.map(({ callId }) => callId), needs[0]?.needed ?? true],
  });
  const limits = new Map(rows.map((row) => [row.id, row]));
  return calls.map((call) => {
    const row = limits.get(call.callId);
    return {
      ...call,
      soldLimits: row?.soldLimits ?? null,
      plan: row?.plan ?? [],
      sourceLimits: row?.sourceLimits ?? [],
    };
  });
}
