import type { RatedSale } from '../../rating';
import { rateSale } from '../../rating';
import type { Queryable } from '../../storage';
import type { EndedCall, SoldCall } from '../settlement/ended-call';
import { TRUE_END, TRULY_ENDED } from '../settlement/ended-call';
import type { SettlementSources } from '../settlement/settlement-sources';
import { readFacts } from '../settlement/settlement-sources';
import { lockCallBook } from './call-book';
import { ratingChanges } from './call-lines';
import { reviseCall } from './revise-call';

/**
 * What became of rating a call again: the difference is booked; it stands as it is rated; it is not settled
 * yet, and will be with everything that is known by then; nobody pays for it, whatever becomes known.
 */
export type RatedAgain = 'rerated' | 'unchanged' | 'not_settled' | 'not_sold';

const READ_STATE = {
  name: 'rerate-state',
  text: `select ended_at is not null as ended, sale is not null as sold from calls where id = $1`,
};
/** As it ended: by its own end, where that came late and was accepted. */
const READ_END = {
  name: 'rerate-end',
  text: `select ${TRULY_ENDED} from calls c ${TRUE_END} where c.id = $1`,
};

/**
 * Brings what is booked for a call in line with all signals that are known of it: the difference is posted,
 * line by line. Doing it again changes nothing. What carriers are paid does not depend on signals.
 *
 * @throws Error when it cannot be rated, or when the database refuses or is away
 */
export async function rateAgain(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
): Promise<RatedAgain> {
  const book = await lockCallBook(tx, callId);
  if (!book) return stateOf(tx, callId);
  // Read once the settlement is locked: a signal that is not seen here has its own event.
  const { rows } = await tx.query<EndedCall>({ ...READ_END, values: [callId] });
  const end = rows[0];
  // What carriers are paid follows from no signal.
  if (!end?.sale) return 'not_sold';
  const call: SoldCall = { ...end, sale: end.sale };
  const facts = (await readFacts(tx, sources, [call]))(callId);
  const rated: RatedSale = rateSale({ sale: call.sale, connectedMs: call.connectedMs, ...facts });
  const lines = ratingChanges(book.standing, rated.lines, false);
  if (lines.length === 0) return 'unchanged';
  const { priced, earned } = rated;
  await reviseCall(tx, book, {
    kind: 'rerating',
    cause: 'rerate',
    key: (n) => `call:${callId}:rerate:${n}`,
    reason: `the call is priced by ${priced}, now that ${facts.signals.length} signals of it are known`,
    lines,
    rated: { priced, earned, signals: facts.signals.length },
  });
  return 'rerated';
}

async function stateOf(tx: Queryable, callId: string): Promise<RatedAgain> {
  const { rows } = await tx.query<{ ended: boolean; sold: boolean }>({ ...READ_STATE, values: [callId] });
  const [call] = rows;
  return call?.ended === true && !call.sold ? 'not_sold' : 'not_settled';
}
