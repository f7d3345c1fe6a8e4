import { yearsAfter } from '../consents/revoke-consents';
import type { Database, Queryable } from '../database';
import { eraseDueRecordings, failLostRecordings } from '../recordings';
import { anonymiseCalls } from './anonymise-calls';
import type { Vault } from './vault';

/** How long what is kept. */
export interface RetentionPolicy {
  readonly callsDays: number;
  /** After a consent ended. */
  readonly consentYears: number;
  /** Requests of persons. */
  readonly auditYears: number;
}

export interface RetentionOptions {
  /** Rows of one transaction. */
  readonly batch?: number;
  /** Asked between batches; true ends it. */
  readonly stopped?: () => boolean;
}

export interface RetentionReport {
  /** Rows that were changed or removed, by what was done. */
  readonly counts: Readonly<Record<RetentionStep, number>>;
  /** False when it was ended before everything was done; the next run goes on. */
  readonly whole: boolean;
}

const STEPS = [
  'calls anonymised',
  'late ends anonymised',
  'proofs of consent removed',
  'persons forgotten',
  'suppressions ended',
  'list entries expired',
  'recordings erased',
  'recordings given up',
  'exports removed',
  'requests removed',
  'removals forgotten',
] as const;
export type RetentionStep = (typeof STEPS)[number];

const DAY_MS = 86_400_000;
const BATCH = 200;
/** An export waits so many days for whoever asked for it. */
const EXPORTS_DAYS = 7;
/** The longest recording is over by then, and whoever made it has told so. */
const LOST_RECORDINGS_DAYS = 2;
/** Feeds that were away for so long have read everything anew. */
const REMOVALS_DAYS = 7;
/** One run at a time, whoever starts it. */
const LOCK = 0x9214;

type Batch = (tx: Queryable, limit: number) => Promise<number>;

/**
 * Does what the time that data may be kept asks for: in short transactions, one after the other, and from
 * where it was left when it was ended. Money is kept, and so is the chain of consents, which names nobody.
 * @param now - UTC epoch milliseconds
 */
export async function applyRetention(
  database: Database,
  vault: Vault,
  policy: RetentionPolicy,
  now: number,
  { batch = BATCH, stopped = () => false }: RetentionOptions = {},
): Promise<RetentionReport> {
  const counts = Object.fromEntries(STEPS.map((step) => [step, 0])) as Record<RetentionStep, number>;
  const work = batchesOf(vault, policy, now);
  let whole = true;
  for (const step of STEPS) {
    for (let done = batch; whole && done >= batch;) {
      if (stopped()) {
        whole = false;
        break;
      }
      done = await database.transaction(async (tx) => {
        const { rows } = await tx.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [
          LOCK,
        ]);
        // Another node is at it: what it does is done.
        return rows[0]?.mine === true ? work[step](tx, batch) : 0;
      });
      counts[step] += done;
    }
  }
  return { counts, whole };
}

function batchesOf(
  vault: Vault,
  policy: RetentionPolicy,
  now: number,
): Readonly<Record<RetentionStep, Batch>> {
  const callsBefore = now - policy.callsDays * DAY_MS;
  const proofBefore = yearsAfter(now, -policy.consentYears);
  const days = (count: number): Date => new Date(now - count * DAY_MS);
  return {
    'calls anonymised': async (tx, limit) => {
      const { rows } = await tx.query<{ id: string }>(
        `select id from calls where anonymised_at is null and received_at < $1 and ended_at is not null
         order by received_at limit $2`,
        [callsBefore, limit],
      );
      return anonymiseCalls(
        tx,
        vault,
        rows.map(({ id }) => id),
        { persons: true, numbers: [] },
      );
    },
    // What a node wrote of a call that was anonymous already.
    'late ends anonymised': async (tx, limit) => {
      const { rows } = await tx.query<{ id: string }>(
        `select l.call_id as id from call_late_ends l join calls c on c.id = l.call_id
         where c.anonymised_at is not null and l.record ->> 'caller' ~ '^\\+[1-9][0-9]{6,14}$' order by 1 limit $1`,
        [limit],
      );
      return anonymiseCalls(
        tx,
        vault,
        rows.map(({ id }) => id),
        { persons: true, numbers: [] },
      );
    },
    'proofs of consent removed': (tx, limit) =>
      changed(
        tx,
        `with ended as (
           select c.id from consent_records c where c.kind = 'given' and c.expires_at < $1
           union
           select r.revokes from consent_records r where r.kind = 'revoked' and r.acted_at < $1),
         due as (
           select d.record_id from ended join consent_details d on d.record_id = ended.id limit $2)
         delete from consent_details where record_id in (
           select record_id from due
           union all select r.id from due join consent_records r on r.revokes = due.record_id)`,
        [proofBefore, limit],
      ),
    'persons forgotten': (tx, limit) =>
      changed(
        tx,
        `delete from consent_subjects where id in (
           select s.id from consent_subjects s
           where not exists (select from consent_details d where d.subject_id = s.id)
           order by s.id limit $1 for update skip locked)`,
        [limit],
      ),
    'suppressions ended': (tx, limit) =>
      changed(
        tx,
        `delete from privacy_suppressions where number_hash in (
           select number_hash from privacy_suppressions where ends_at < $1 limit $2)`,
        [now, limit],
      ),
    'list entries expired': (tx, limit) =>
      changed(
        tx,
        `delete from dnc_entries where id in (select id from dnc_entries where expires_at < $1 order by id limit $2)`,
        [now, limit],
      ),
    'recordings erased': (tx, limit) => eraseDueRecordings(tx, now, limit),
    'recordings given up': (tx, limit) => failLostRecordings(tx, now - LOST_RECORDINGS_DAYS * DAY_MS, limit),
    'exports removed': (tx, limit) =>
      changed(
        tx,
        `update privacy_requests set result_sealed = null where id in (
           select id from privacy_requests where result_sealed is not null and completed_at < $1 limit $2)`,
        [days(EXPORTS_DAYS), limit],
      ),
    'requests removed': (tx, limit) =>
      changed(
        tx,
        `delete from privacy_requests where id in (
           select id from privacy_requests where received_at < to_timestamp($1::double precision / 1000)
             and status in ('done', 'failed') limit $2)`,
        [yearsAfter(now, -policy.auditYears), limit],
      ),
    'removals forgotten': (tx, limit) =>
      changed(
        tx,
        `delete from consent_removals where ctid in (
           select ctid from consent_removals where removed_at < $1 limit $2)`,
        [days(REMOVALS_DAYS), limit],
      ),
  };
}

async function changed(tx: Queryable, text: string, values: readonly unknown[]): Promise<number> {
  const { rowCount } = await tx.query(text, values);
  return rowCount ?? 0;
}
