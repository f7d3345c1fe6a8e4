import { sequenceOf } from '../dialog';
import type { ServerTransaction } from '../transaction';
import { Retransmission } from '../transaction';
import { isReliable } from '../transport';
import type { AppDialog, Context } from './context';

/**
 * Our 2xx is repeated until its ACK comes; see {@link Dialog.acknowledged} (RFC 3261 §13.3.1.4).
 * @param onSilence - hears when none comes within 64·T1
 */
export function repeatAnswer(
  { scheduler, timers, stack }: Context,
  dialog: AppDialog,
  transaction: ServerTransaction,
  text: string,
  onSilence: () => void,
): void {
  const { flow } = transaction;
  dialog.pendingAnswer = {
    flow,
    sequence: sequenceOf(transaction.request),
    transactionId: transaction.id,
    retransmission: isReliable(flow)
      ? undefined
      : new Retransmission(scheduler, timers.t1, timers.t2, () => {
          stack.retransmissions++;
          flow.send(text);
        }),
    deadline: scheduler.after(64 * timers.t1, () => {
      dialog.acknowledged();
      onSilence();
    }),
  };
}
