import type { TestCallStanding } from '../domain';
import { AppError } from '../domain';
import type { Queryable } from './database';

/** A test call as it is stored. */
export interface TestCallRow extends TestCallStanding {
  readonly id: string;
  /** Whose target it rings; null of one that goes the way of a number. */
  readonly accountId: string | null;
  readonly targetId: string | null;
  readonly number: string | null;
  /** UTC epoch milliseconds. */
  readonly createdAt: number;
}

/** A target that may be rung by a test call. */
export interface TestedTarget {
  readonly targetId: string;
  readonly buyerId: string;
  readonly accountId: string;
  readonly kind: 'sip' | 'softphone' | 'pstn';
  readonly status: 'active' | 'paused' | 'archived';
  readonly uri: string;
  /** Of the target, or else of its buyer; null where neither says. */
  readonly ringTimeoutMs: number | null;
}

/** What bounds test calls, over all nodes. */
export interface TestCallLimits {
  /** Up at once in the exchange. */
  readonly atOnce: number;
  /** Up at once to targets of one account. */
  readonly atOncePerAccount: number;
  /** To targets of one account within an hour. */
  readonly perAccountAndHour: number;
}

export const TEST_CALL_LIMITS: TestCallLimits = { atOnce: 20, atOncePerAccount: 2, perAccountAndHour: 60 };

/** A test call that has not begun. */
export interface NewTestCall {
  readonly id: string;
  readonly accountId: string | null;
  readonly targetId: string | null;
  readonly number: string | null;
  readonly nodeId: string;
}

/** A node that says nothing for so long of a test call has lost it. */
const TEST_CALL_LEASE_MS = 15_000;
const HOUR_MS = 3_600_000;
const KEPT_MS = 90 * 24 * HOUR_MS;

/** Who is not heard of any more has lost it: nothing need run for that to be told. */
const LOST = `(state <> 'ended' and due_at < now())`;
const COLUMNS = `id, account_id as "accountId", target_id as "targetId", number,
  case when ${LOST} then 'ended' else state end as state,
  case when ${LOST} then 'lost' else outcome end as outcome,
  sip_status as "sipStatus",
  case when ${LOST} then 'the node that rang is gone' else detail end as detail,
  created_at as "createdAt",
  called_at as "calledAt", ringing_at as "ringingAt", answered_at as "answeredAt",
  case when ${LOST} then floor(extract(epoch from due_at) * 1000)::bigint else ended_at end as "endedAt",
  attempts, audio, ladder`;

/** Undefined where there is none, or not for who asks. */
export async function findTestedTarget(
  db: Queryable,
  id: string,
  ofAccount: string | undefined,
): Promise<TestedTarget | undefined> {
  const { rows } = await db.query<TestedTarget>({
    name: 'test-calls-target',
    text: `select t.id as "targetId", t.buyer_id as "buyerId", b.account_id as "accountId", t.kind, t.status, t.uri,
        coalesce((t.settings ->> 'ringTimeoutMs')::integer, (b.settings ->> 'ringTimeoutMs')::integer) as "ringTimeoutMs"
      from targets t join buyers b on b.id = t.buyer_id
      where t.id = $1 and ($2::text is null or b.account_id = $2)`,
    values: [id, ofAccount ?? null],
  });
  return rows[0];
}

/**
 * Writes one down before it rings, if there is room for it. To be called in a transaction.
 * @throws AppError `rate_limited` (`too_many_test_calls`)
 */
export async function addTestCall(
  db: Queryable,
  call: NewTestCall,
  limits: TestCallLimits = TEST_CALL_LIMITS,
): Promise<TestCallRow> {
  await db.query(`select pg_advisory_xact_lock(hashtext('dce test calls'))`);
  const { rows } = await db.query<Record<'all' | 'own' | 'lately', number>>({
    name: 'test-calls-room',
    text: `select count(*) filter (where up)::integer as all, count(*) filter (where up and theirs)::integer as own,
        count(*) filter (where theirs)::integer as lately
      from (select state <> 'ended' and due_at >= now() as up, account_id is not distinct from $1 as theirs
        from test_calls where created_at > floor(extract(epoch from now()) * 1000) - $2::bigint) recent`,
    values: [call.accountId, HOUR_MS],
  });
  const { all = 0, own = 0, lately = 0 } = rows[0] ?? {};
  if (all >= limits.atOnce) throw tooMany('the exchange makes as many test calls as it may');
  // Numbers are tested by people of the exchange, who are bound by its own limit alone.
  if (call.accountId !== null) {
    if (own >= limits.atOncePerAccount) throw tooMany('other test calls of the account are up');
    if (lately >= limits.perAccountAndHour) throw tooMany('an account may make no more of them in an hour');
  }
  await db.query({
    name: 'test-calls-forget',
    text: `delete from test_calls where created_at < floor(extract(epoch from now()) * 1000) - $1::bigint`,
    values: [KEPT_MS],
  });
  const { rows: made } = await db.query<TestCallRow>({
    name: 'test-calls-add',
    text: `insert into test_calls (id, account_id, target_id, number, node_id, due_at)
      values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond') returning ${COLUMNS}`,
    values: [call.id, call.accountId, call.targetId, call.number, call.nodeId, TEST_CALL_LEASE_MS],
  });
  return made[0] as TestCallRow;
}

/** Writes down how one stands; the node that rings it is heard of by that. */
export async function saveTestCall(db: Queryable, id: string, standing: TestCallStanding): Promise<void> {
  const { state, outcome, sipStatus, detail, calledAt, ringingAt, answeredAt, endedAt } = standing;
  await db.query({
    name: 'test-calls-save',
    text: `update test_calls set state = $2, outcome = $3, sip_status = $4, detail = left($5, 500), called_at = $6,
        ringing_at = $7, answered_at = $8, ended_at = $9, attempts = $10, audio = $11, ladder = $12,
        due_at = now() + $13 * interval '1 millisecond'
      where id = $1`,
    values: [
      ...[id, state, outcome, sipStatus, detail, calledAt, ringingAt, answeredAt, endedAt],
      JSON.stringify(standing.attempts),
      standing.audio === null ? null : JSON.stringify(standing.audio),
      JSON.stringify(standing.ladder),
      TEST_CALL_LEASE_MS,
    ],
  });
}

/**
 * Says that these are up still.
 * @returns those of them that somebody wants to end
 */
export async function keepTestCalls(db: Queryable, ids: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ id: string; hang_up: boolean }>({
    name: 'test-calls-keep',
    text: `update test_calls set due_at = now() + $2 * interval '1 millisecond'
      where id = any ($1) and state <> 'ended' returning id, hang_up`,
    values: [ids, TEST_CALL_LEASE_MS],
  });
  return rows.filter(({ hang_up }) => hang_up).map(({ id }) => id);
}

/** Has one end, on whichever node it is. */
export async function askToEndTestCall(db: Queryable, id: string): Promise<void> {
  await db.query(`update test_calls set hang_up = true where id = $1 and state <> 'ended'`, [id]);
}

export async function getTestCall(
  db: Queryable,
  id: string,
  ofAccount: string | undefined,
): Promise<TestCallRow | undefined> {
  const { rows } = await db.query<TestCallRow>({
    name: 'test-calls-get',
    text: `select ${COLUMNS} from test_calls where id = $1 and ($2::text is null or account_id = $2)`,
    values: [id, ofAccount ?? null],
  });
  return rows[0];
}

export interface TestCallFilter {
  readonly ofAccount: string | undefined;
  readonly targetId: string | undefined;
  /** Where the page before ended. */
  readonly after: { readonly createdAt: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listTestCalls(db: Queryable, filter: TestCallFilter): Promise<TestCallRow[]> {
  const { ofAccount, targetId, after, limit } = filter;
  const { rows } = await db.query<TestCallRow>({
    name: 'test-calls-list',
    text: `select ${COLUMNS} from test_calls
      where ($1::text is null or account_id = $1) and ($2::text is null or target_id = $2)
        and ($3::bigint is null or (created_at, id) < ($3, $4))
      order by created_at desc, id desc limit $5`,
    values: [ofAccount ?? null, targetId ?? null, after?.createdAt ?? null, after?.id ?? null, limit],
  });
  return rows;
}

function tooMany(why: string): AppError {
  return new AppError('rate_limited', 'too_many_test_calls', `${why}: try again when one is over`);
}
