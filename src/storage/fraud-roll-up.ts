import type { Database, Queryable } from './database';
import { forEndedCalls } from './ended-calls';
import type { CasePolicy, ScoredCall } from './fraud-cases';
import { CASE_POLICY, openFraudCases } from './fraud-cases';
import type { FraudSums } from './fraud-sums';
import { isMaterial, sumsOf, together } from './fraud-sums';
import { RecurringWork } from './recurring-work';

export interface FraudRollUpOptions {
  readonly policy?: CasePolicy;
  /** Milliseconds from one run to the next; a minute when absent. */
  readonly everyMs?: number;
  /** Blocks of numbers counted at most; those with the fewest bad calls go first. */
  readonly mostPrefixes?: number;
  /** Told of each run that came to something. */
  readonly onReport?: (report: FraudReport) => void;
  readonly onError?: (error: Error) => void;
}

/** What a run came to. */
export interface FraudReport {
  readonly calls: number;
  /** Cases opened for people. */
  readonly cases: number;
  /** Calls for which there was no room among the open cases. */
  readonly passedOver: number;
  /** Priors of which the market was told. */
  readonly priors: number;
}

const EVERY_MS = 60_000;
const BATCH = 2_000;
const MOST_PREFIXES = 100_000;

const READ_CALLS = {
  name: 'fraud-calls',
  text: `select c.id, c.caller, c.dialled, c.trunk_id as "trunkId", c.campaign_id as "campaignId",
      coalesce(d.decision #>> '{trace,sellerId}', c.sale #>> '{terms,sellerId}') as "sellerId",
      c.received_at as "receivedAt", c.first_ring_at as "firstRingAt", c.answered_at as "answeredAt",
      c.ended_at as "endedAt", c.end_reason as "endReason", c.connected_ms as "connectedMs",
      (c.sale #>> '{terms,payout,afterMs}')::float8 as "payoutAfterMs", d.decision #> '{trace,fraud}' as fraud
    from calls c left join call_decisions d on d.call_id = c.id where c.id = any($1)`,
};

const READ_SUMS = {
  name: 'fraud-sums-read',
  text: `select s.id, s.as_of as "asOf", s.calls, s.bad, s.short_calls as "shortCalls", s.answered,
      p.calls as "toldCalls", p.bad as "toldBad"
    from fraud_sums s left join fraud_priors p on p.id = s.id where s.id = any($1)`,
};

const WRITE_SUMS = {
  name: 'fraud-sums-write',
  text: `insert into fraud_sums (id, as_of, calls, bad, short_calls, answered)
    select id, "asOf", calls, bad, "shortCalls", answered
    from json_to_recordset($1::json) as r(id text, "asOf" bigint, calls double precision, bad double precision,
      "shortCalls" double precision, answered double precision)
    on conflict (id) do update set as_of = excluded.as_of, calls = excluded.calls, bad = excluded.bad,
      short_calls = excluded.short_calls, answered = excluded.answered`,
};

const PUBLISH = {
  name: 'fraud-priors-publish',
  text: `insert into fraud_priors as p (id, calls, bad, short_calls, answered)
    select id, calls, bad, "shortCalls", answered
    from json_to_recordset($1::json) as r(id text, calls double precision, bad double precision,
      "shortCalls" double precision, answered double precision)
    on conflict (id) do update set calls = excluded.calls, bad = excluded.bad, short_calls = excluded.short_calls,
      answered = excluded.answered, version = p.version + 1`,
};

/** What people found of a block stays, whatever its calls are like. */
const PRUNE = {
  name: 'fraud-prefixes-prune',
  text: `with gone as (
      delete from fraud_sums where id in (
        select id from fraud_sums where id like 'prefix:%' order by bad desc offset $1)
      returning id)
    delete from fraud_priors p using gone where p.id = gone.id and p.confirmed = 0 and p.cleared = 0`,
};

type SumsRow = FraudSums & {
  readonly id: string;
  readonly toldCalls: number | null;
  readonly toldBad: number | null;
};

/**
 * Learns from calls that ended: opens cases for people, and sums up how much of what each seller,
 * dialled number, trunk and block of numbers brought was bad. Any number of nodes may run it; each call
 * is counted once. The market is told of priors that moved.
 */
export class FraudRollUp extends RecurringWork {
  readonly #database: Database;
  readonly #options: FraudRollUpOptions;

  constructor(database: Database, options: FraudRollUpOptions = {}) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /**
   * Takes in every call that ended since the last time, batch by batch.
   * @throws Error when the database is away: what was not counted is counted the next time
   */
  async roll(stopped: () => boolean = () => false): Promise<FraudReport> {
    const report = { calls: 0, cases: 0, passedOver: 0, priors: 0 };
    for (let more = true; more && !stopped();) {
      const options = { name: 'fraud', limit: BATCH, settlementMs: 0 } as const;
      const batch = await forEndedCalls(this.#database, options, async (ended, tx) => {
        const ids = ended.map(({ callId }) => callId);
        const { rows: calls } = await tx.query<ScoredCall>({ ...READ_CALLS, values: [ids] });
        const { opened, passedOver } = await openFraudCases(tx, calls, this.#options.policy ?? CASE_POLICY);
        report.cases += opened;
        report.passedOver += passedOver;
        report.priors += await this.#sumUp(calls, tx);
      });
      report.calls += batch.calls;
      more = batch.more;
    }
    return report;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    const report = await this.roll(stopped);
    if (report.calls > 0) this.#options.onReport?.(report);
  }

  async #sumUp(calls: readonly ScoredCall[], tx: Queryable): Promise<number> {
    const prefixes = calls.flatMap(({ caller }) => (caller === null ? [] : [`prefix:${caller.slice(2, 9)}`]));
    const counted = await tx.query<{ id: string }>({
      name: 'fraud-prefixes-known',
      text: 'select id from fraud_sums where id = any($1)',
      values: [prefixes],
    });
    const added = sumsOf(calls, new Set(counted.rows.map(({ id }) => id)));
    if (added.size === 0) return 0;
    const { rows } = await tx.query<SumsRow>({ ...READ_SUMS, values: [[...added.keys()]] });
    const known = new Map(rows.map((row) => [row.id, row]));
    const sums = [...added].map(([id, more]) => {
      const before = known.get(id);
      return { id, ...(before ? together(before, more) : more) };
    });
    await tx.query({ ...WRITE_SUMS, values: [JSON.stringify(sums)] });
    const moved = sums.filter((each) => isMaterial(toldOf(known.get(each.id)), each));
    if (moved.length > 0) await tx.query({ ...PUBLISH, values: [JSON.stringify(moved)] });
    await tx.query({ ...PRUNE, values: [this.#options.mostPrefixes ?? MOST_PREFIXES] });
    return moved.length;
  }
}

/** What the market knows of a source: nothing while only people spoke of it. */
function toldOf(row: SumsRow | undefined): { readonly calls: number; readonly bad: number } | undefined {
  if (!row || row.toldCalls === null || row.toldBad === null) return undefined;
  return { calls: row.toldCalls, bad: row.toldBad };
}
