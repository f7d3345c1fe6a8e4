import type { SipRequest } from '../message';
import type { TimerBases } from '../options';
import { isWebSocket } from '../options';
import type { Scheduler, ServerTransactionUser } from '../transaction';
import { ServerTransaction } from '../transaction';
import type { Flow } from '../transport';
import { newId, newTag } from './identifiers';
import { mergeKey } from './transaction-keys';

/** What the user of server transactions hears of them. */
export interface ServerTransactionsUser extends Omit<ServerTransactionUser, 'onTerminated'> {
  /** The WebSocket connection that an INVITE came by is gone. */
  onCallerGone(invite: ServerTransaction): void;
}

/** Requests that came, found again by what their repetitions, their ACK and their CANCEL carry. */
export class ServerTransactions {
  readonly #byKey = new Map<string, ServerTransaction>();
  /** Requests by what RFC 3261 §8.2.2.2 compares, to find merged ones. */
  readonly #byMerge = new Map<string, ServerTransaction>();
  /** How many came by a connection, and are not over. */
  readonly #perConnection = new Map<Flow, number>();
  /** What takes the ears off the connections of INVITEs. */
  readonly #forgetFlow = new Map<ServerTransaction, () => void>();
  readonly #user: ServerTransactionUser;
  readonly #onCallerGone: (invite: ServerTransaction) => void;
  readonly #timers: TimerBases;
  readonly #scheduler: Scheduler;

  constructor(user: ServerTransactionsUser, timers: TimerBases, scheduler: Scheduler) {
    this.#onCallerGone = (invite) => user.onCallerGone(invite);
    this.#user = {
      onResponse: (transaction, status) => user.onResponse(transaction, status),
      onNoAck: (transaction) => user.onNoAck(transaction),
      onRetransmit: () => user.onRetransmit(),
      onTerminated: (transaction) => this.#forget(transaction),
    };
    this.#timers = timers;
    this.#scheduler = scheduler;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** @param key - see {@link serverKey} */
  get(key: string, method: string): ServerTransaction | undefined {
    return this.#byKey.get(`${key}|${method}`);
  }

  /** How many came by this connection, and are not over. */
  countOf(flow: Flow): number {
    return this.#perConnection.get(flow) ?? 0;
  }

  /** The INVITE that a CANCEL names (RFC 3261 §9.2). */
  inviteOf(cancel: ServerTransaction): ServerTransaction | undefined {
    return this.#byKey.get(cancel.key.replace(/\|CANCEL$/, '|INVITE'));
  }

  /** True when the same request is here already, in another transaction: it came by two ways. */
  hasMerged(merge: string): boolean {
    return this.#byMerge.has(merge);
  }

  /**
   * Begins one.
   * @param flow - the way of its responses
   * @param merge - see {@link mergeKey}; undefined for a request in a dialog, and for CANCEL
   */
  add(request: SipRequest, flow: Flow, key: string, merge: string | undefined): ServerTransaction {
    const transaction = new ServerTransaction(
      newId(),
      `${key}|${request.method}`,
      request,
      flow,
      newTag(),
      this.#user,
      this.#scheduler,
      this.#timers,
    );
    this.#byKey.set(transaction.key, transaction);
    if (flow.inbound === true) this.#perConnection.set(flow, this.countOf(flow) + 1);
    if (merge !== undefined) this.#byMerge.set(merge, transaction);
    if (transaction.isInvite && isWebSocket(flow.protocol)) {
      const forget = flow.onClosed?.(() => this.#onCallerGone(transaction));
      if (forget) this.#forgetFlow.set(transaction, forget);
    }
    return transaction;
  }

  /** Ends them all without a word to anybody. */
  close(): void {
    for (const transaction of [...this.#byKey.values()]) transaction.destroy();
  }

  #forget(transaction: ServerTransaction): void {
    const { flow } = transaction;
    this.#byKey.delete(transaction.key);
    const left = this.countOf(flow) - 1;
    if (left > 0) this.#perConnection.set(flow, left);
    else this.#perConnection.delete(flow);
    if (this.#forgetFlow.size > 0) {
      this.#forgetFlow.get(transaction)?.();
      this.#forgetFlow.delete(transaction);
    }
    const merge = mergeKey(transaction.request);
    if (this.#byMerge.get(merge) === transaction) this.#byMerge.delete(merge);
  }
}
