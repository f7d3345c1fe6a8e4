import type { BuyerDiscipline } from '../domain';
import type { Database, Queryable } from './database';
import type { Conduct, Pause, TargetRing } from './discipline-rule';
import { GOOD_CONDUCT, judge, readRing } from './discipline-rule';
import type { EndedCall } from './ended-calls';
import { forEndedCalls } from './ended-calls';
import { RecurringWork } from './recurring-work';

export interface DisciplineOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  readonly onPaused?: (pause: TargetPaused) => void;
  readonly onError?: (error: Error) => void;
}

export interface TargetPaused extends Pause {
  readonly targetId: string;
}

const EVERY_MS = 5_000;
const BATCH = 2_000;
const DAY_MS = 86_400_000;

/** Somebody took away or moved the end of a pause that this job had set. */
const FIND_LIFTED = {
  name: 'discipline-lifted',
  text: `with lifted as (
      update target_pauses p set lifted_by = 'hand', lifted_at = $1
      from targets t
      where t.id = p.target_id and p.lifted_by is null and p.until > $1 and t.paused_until is distinct from p.until
        and p.id = (select max(id) from target_pauses l where l.target_id = p.target_id)
      returning p.target_id)
    update target_discipline d set misses = '{}', probation = false, since = $1
    from lifted l where d.target_id = l.target_id`,
};

const READ_CONDUCT = {
  name: 'discipline-read',
  text: `select t.id, b.discipline as rule, d.misses::text[] as misses, coalesce(d.probation, false) as probation,
      coalesce(d.since, 0) as since,
      (select count(*)::integer from target_pauses p
        where p.target_id = t.id and p.lifted_by is null and p.paused_at > $2) as "pausesToday"
    from targets t join buyers b on b.id = t.buyer_id left join target_discipline d on d.target_id = t.id
    where t.id = any($1) and b.discipline is not null
    for no key update of t`,
};

const WRITE_CONDUCT = {
  name: 'discipline-write',
  text: `insert into target_discipline as d (target_id, misses, probation, since)
    select id, array(select value::bigint from json_array_elements_text(misses) as m(value)), probation, since
    from json_to_recordset($1::json) as r(id text, misses json, probation boolean, since bigint)
    on conflict (target_id) do update set misses = excluded.misses, probation = excluded.probation, since = excluded.since`,
};

const WRITE_PAUSES = {
  name: 'discipline-pause',
  text: `with pauses as (
      select * from json_to_recordset($1::json) as r("targetId" text, until bigint, reason text)),
    noted as (
      insert into target_pauses (target_id, paused_at, until, reason)
      select "targetId", $2, until, reason from pauses),
    told as (
      insert into outbox (type, subject, payload, done_at)
      select 'target.paused', t.id || ':' || p.until,
        json_build_object('targetId', t.id, 'accountId', b.account_id, 'until', p.until, 'reason', p.reason), now()
      from pauses p join targets t on t.id = p."targetId" join buyers b on b.id = t.buyer_id
      on conflict (type, subject) do nothing)
    update targets t set paused_until = p.until, version = t.version + 1
    from pauses p where t.id = p."targetId"`,
};

interface ConductRow extends Omit<Conduct, 'misses'> {
  readonly id: string;
  readonly rule: BuyerDiscipline;
  readonly misses: readonly string[] | null;
  readonly pausesToday: number;
}

/**
 * Pauses targets that do not answer, where their buyer's discipline says so, and notes why. Any number
 * of nodes may run it; each ring counts once. A pause is lifted by hand by taking its end away from
 * the target, which clears what counted against it.
 */
export class DisciplineJob extends RecurringWork {
  readonly #database: Database;
  readonly #options: DisciplineOptions;

  constructor(database: Database, options: DisciplineOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /**
   * Looks at every call that ended, batch by batch.
   * @returns targets that were paused
   * @throws Error when the database is away: what was not looked at is looked at the next time
   */
  async look(stopped: () => boolean = () => false): Promise<TargetPaused[]> {
    const paused: TargetPaused[] = [];
    await this.#database.query({ ...FIND_LIFTED, values: [this.#options.now()] });
    for (let more = true; more && !stopped();) {
      const options = { name: 'discipline', limit: BATCH, settlementMs: 0 } as const;
      let found: TargetPaused[] = [];
      const batch = await forEndedCalls(this.#database, options, async (calls, tx) => {
        found = await this.#judge(ringsByTarget(calls), tx);
      });
      paused.push(...found);
      more = batch.more;
    }
    return paused;
  }

  protected async run(stopped: () => boolean): Promise<void> {
    for (const pause of await this.look(stopped)) this.#options.onPaused?.(pause);
  }

  async #judge(rings: ReadonlyMap<string, readonly TargetRing[]>, tx: Queryable): Promise<TargetPaused[]> {
    if (rings.size === 0) return [];
    const now = this.#options.now();
    const { rows } = await tx.query<ConductRow>({
      ...READ_CONDUCT,
      values: [[...rings.keys()], now - DAY_MS],
    });
    const pauses: TargetPaused[] = [];
    const conducts = rows.map(({ id, rule, misses, probation, since, pausesToday }) => {
      let conduct: Conduct =
        misses === null ? GOOD_CONDUCT : { misses: misses.map(Number), probation, since };
      for (const ring of rings.get(id) ?? []) {
        const judged = judge(conduct, ring, rule, pausesToday, now);
        conduct = judged.conduct;
        if (judged.pause) pauses.push({ targetId: id, ...judged.pause });
      }
      return { id, ...conduct };
    });
    if (conducts.length > 0) await tx.query({ ...WRITE_CONDUCT, values: [JSON.stringify(conducts)] });
    if (pauses.length > 0) await tx.query({ ...WRITE_PAUSES, values: [JSON.stringify(pauses), now] });
    return pauses;
  }
}

function ringsByTarget(calls: readonly EndedCall[]): Map<string, TargetRing[]> {
  const rings = new Map<string, TargetRing[]>();
  for (const call of calls) {
    for (const attempt of call.attempts) {
      const ring = readRing(attempt, attempt.bidId === call.soldBid ? call : undefined);
      if (!ring) continue;
      const known = rings.get(attempt.targetId);
      if (known) known.push(ring);
      else rings.set(attempt.targetId, [ring]);
    }
  }
  return rings;
}
