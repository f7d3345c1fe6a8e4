import type { E164 } from '../../domain';
import { parsePhoneNumber } from '../../domain';
import type { Queryable } from '../database';
import { getIn, setIn } from './json-path';
import { NumberPattern } from './number-pattern';
import type { Replacement } from './scrub';
import { scrub } from './scrub';
import type { Vault } from './vault';

/** What a call is stored as, with its decision and what came late. */
interface StoredCall {
  readonly id: string;
  readonly caller: string | null;
  readonly dialled: string;
  readonly ours: boolean;
  readonly origin: string;
  readonly sip_call_id: string;
  readonly detail: string | null;
  readonly attempts: unknown;
  readonly sale: unknown;
  readonly media: unknown;
  readonly plan: unknown;
  readonly decision: unknown;
  readonly late: unknown;
  readonly case_caller: string | null;
  readonly case_dialled: string | null;
  readonly case_note: string | null;
}

/** Calls that the exchange or a seller makes: whoever is dialled is the person. */
const OUTBOUND: ReadonlySet<string> = new Set(['callback', 'agent_outbound']);
const ATTEMPT = ['trace', 'attempt'];

/** What is taken out of calls. */
export interface TakenOut {
  /** The caller, whoever else is a person of the call, and the tags, which may hold anything about them. */
  readonly persons: boolean;
  /** These numbers besides, wherever they stand. */
  readonly numbers: readonly E164[];
}

/**
 * Takes persons out of calls: numbers become keyed hashes wherever they stand. What a call earned, how long
 * it took and who took it stays. To be run in a transaction; doing it again changes nothing.
 * @returns how many calls there were
 */
export async function anonymiseCalls(
  tx: Queryable,
  vault: Vault,
  callIds: readonly string[],
  { persons, numbers }: TakenOut,
): Promise<number> {
  const { rows } = await tx.query<StoredCall>(
    `select c.id, c.caller, c.dialled, c.origin, c.sip_call_id, c.detail, c.attempts, c.sale, c.media, c.plan, d.decision,
       l.record as late, f.caller as case_caller, f.dialled as case_dialled, f.note as case_note, exists (select from did_numbers n where n.number = c.dialled) as ours
     from calls c left join call_decisions d on d.call_id = c.id left join call_late_ends l on l.call_id = c.id
       left join fraud_cases f on f.call_id = c.id
     where c.id = any($1) order by c.id for update of c`,
    [callIds],
  );
  for (const call of rows) {
    const replacements = replacementsOf(vault, [...(persons ? numbersOf(call) : []), ...numbers]);
    const clean = scrub(call, replacements);
    await tx.query(
      `update calls set caller = $2, dialled = $3, sip_call_id = $4, detail = $5, attempts = $6, sale = $7, media = $8, plan = $10,
         anonymised_at = case when $9 then coalesce(anonymised_at, now()) else anonymised_at end where id = $1`,
      [
        call.id,
        clean.caller,
        clean.dialled,
        clean.sip_call_id,
        clean.detail,
        json(clean.attempts),
        json(clean.sale),
        json(clean.media),
        persons,
        json(persons ? withoutWords(clean.plan) : clean.plan),
      ],
    );
    if (call.decision !== null) {
      await tx.query('update call_decisions set decision = $2 where call_id = $1', [
        call.id,
        json(persons ? withoutTags(clean.decision) : clean.decision),
      ]);
    }
    if (call.late !== null) {
      await tx.query('update call_late_ends set record = $2 where call_id = $1', [call.id, json(clean.late)]);
    }
    if (call.case_dialled !== null) {
      await tx.query('update fraud_cases set caller = $2, dialled = $3, note = $4 where call_id = $1', [
        call.id,
        clean.case_caller,
        clean.case_dialled,
        clean.case_note,
      ]);
    }
  }
  if (persons && rows.length > 0) {
    await forgetReservations(tx, callIds);
    await forgetNotes(tx, callIds);
  }
  return rows.length;
}

/** What agents wrote down of the call. */
async function forgetNotes(tx: Queryable, callIds: readonly string[]): Promise<void> {
  await tx.query('update call_dispositions set note = null where call_id = any($1) and note is not null', [
    callIds,
  ]);
}

/** What a seller said of the call when it asked for bids. */
async function forgetReservations(tx: Queryable, callIds: readonly string[]): Promise<void> {
  await tx.query(
    `update rtb_reservations set caller_hash = null, content = (content - 'callerHash') || '{"tags": {}}'
     where call_id = any($1) and (caller_hash is not null or content -> 'tags' <> '{}')`,
    [callIds],
  );
}

/** Numbers of persons in a call: who called, who forwarded, and of a call that was made who was dialled. */
function numbersOf(call: StoredCall): E164[] {
  const attempt = getIn(call.decision, ATTEMPT);
  const named = [
    call.caller,
    getIn(attempt, ['from']),
    ...asList(getIn(attempt, ['forwardedBy'])),
    getIn(call.late, ['caller']),
    ...(OUTBOUND.has(call.origin) && !call.ours ? [call.dialled] : []),
  ];
  return named.flatMap((text) => {
    const parsed = typeof text === 'string' ? parsePhoneNumber(text) : undefined;
    return parsed?.ok ? [parsed.number] : [];
  });
}

function replacementsOf(vault: Vault, numbers: readonly E164[]): Replacement[] {
  return [...new Set(numbers)].map((number) => ({
    pattern: new NumberPattern(number),
    by: vault.pseudonym(number),
  }));
}

/** Of the way through a plan: what callers keyed in, and what is known of them by it. */
function withoutWords(plan: unknown): unknown {
  if (plan === null) return null;
  const steps = asList(getIn(plan, ['steps'])).map((step) => ({
    at: getIn(step, ['at']),
    step: getIn(step, ['step']),
  }));
  return setIn(setIn(plan, ['tags'], {}), ['steps'], steps);
}

function withoutTags(decision: unknown): unknown {
  return getIn(decision, [...ATTEMPT, 'tags']) === undefined
    ? decision
    : setIn(decision, [...ATTEMPT, 'tags'], {});
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function json(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}
