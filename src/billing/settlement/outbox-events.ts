import type { Queryable } from '../../storage';

const MAX_REASON = 1_000;

const ADD = {
  name: 'outbox-event-add',
  text: `insert into outbox (type, subject, payload) values ($1, $2, $3)`,
};
const DONE = {
  name: 'outbox-event-done',
  text: 'update outbox set done_at = now(), dispatched_at = coalesce(dispatched_at, now()) where id = $1',
};

/** Tells of something, as soon as the transaction is committed. A type of event has a subject once: a second time it throws. */
export async function addEvent(tx: Queryable, type: string, subject: string, payload: object): Promise<void> {
  await tx.query({ ...ADD, values: [type, subject, JSON.stringify(payload)] });
}

/** Nothing is left to be done about an event of the outbox. */
export async function finishEvent(tx: Queryable, id: number): Promise<void> {
  await tx.query({ ...DONE, values: [id] });
}

/** Why something did not work, as the outbox takes it: PostgreSQL's text knows no U+0000. */
export function storableReason(reason: string): string {
  return reason.replaceAll('\0', '\ufffd').slice(0, MAX_REASON);
}
