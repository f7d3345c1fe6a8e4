import type { Queryable } from '../../storage';
import { noteRevision } from '../disputes/withheld';
import { readCallBooks } from '../revisions/call-book';
import type { RatedAgain } from '../revisions/rate-again';
import { rateAgain } from '../revisions/rate-again';
import type { SettlementSources } from '../settlement/settlement-sources';

/** Rates a call again, as {@link rateAgain} does, and tells its open disputes. */
export async function rateCallAgain(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
): Promise<RatedAgain['outcome']> {
  const { outcome } = await rateAgain(tx, sources, callId);
  if (outcome !== 'rerated') return outcome;
  const after = (await readCallBooks(tx, [callId])).get(callId);
  if (after) await noteRevision(tx, after);
  return outcome;
}
