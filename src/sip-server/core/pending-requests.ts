import type { ControlConnection } from '../control';
import type { ServerTransaction, Timer } from '../transaction';
import type { AppDialog, Context } from './context';
import type { ReliableProvisionals } from './reliable-provisionals';
import { refuse } from './response-text';

/** What the server remembers of a request that an application is to answer. */
export interface PendingRequest {
  readonly transaction: ServerTransaction;
  readonly connection: ControlConnection;
  /** The dialog that the request came in. */
  readonly dialog: AppDialog | undefined;
  /** The dialog that this INVITE made. */
  created: AppDialog | undefined;
  cancelled: boolean;
  answerTimer: Timer | undefined;
}

/** Requests that applications are to answer, and what is answered in their stead. */
export class PendingRequests {
  readonly #context: Context;
  readonly #reliable: ReliableProvisionals;
  /** By the id of their transaction. */
  readonly #byId = new Map<string, PendingRequest>();

  constructor(context: Context, reliable: ReliableProvisionals) {
    this.#context = context;
    this.#reliable = reliable;
  }

  /** The request that waits under this name. */
  get(transactionId: string): PendingRequest | undefined {
    return this.#byId.get(transactionId);
  }

  /** From now on the application has its time to answer. */
  add(transaction: ServerTransaction, connection: ControlConnection, dialog: AppDialog | undefined): void {
    const pending: PendingRequest = {
      transaction,
      connection,
      dialog,
      created: undefined,
      cancelled: false,
      answerTimer: undefined,
    };
    // A slow or silent application must not leave a caller hanging.
    pending.answerTimer = this.#context.scheduler.after(this.#context.limits.applicationTimeoutMs, () =>
      this.giveUp(pending, transaction.isInvite ? 480 : 500),
    );
    this.#byId.set(transaction.id, pending);
  }

  /** The request is to be passed on: from now on no application answers it. Undefined: too late for that. */
  takeOver(transactionId: string): ServerTransaction | undefined {
    const pending = this.#byId.get(transactionId);
    if (!pending || pending.created || pending.dialog || pending.transaction.answered) return undefined;
    this.forget(transactionId);
    return pending.transaction;
  }

  /** Answers in the application's stead. */
  giveUp(pending: PendingRequest, status: number): void {
    if (!pending.transaction.answered) {
      this.#reliable.stop(pending.transaction);
      refuse(pending.transaction, status);
    }
    if (pending.created && pending.created.state === 'early') this.#context.dialogs.remove(pending.created);
    this.forget(pending.transaction.id);
  }

  /** The caller gave up: 487, and what the application answers now comes too late. Undefined: it comes too late itself. */
  cancel(invite: ServerTransaction): PendingRequest | undefined {
    const pending = this.#byId.get(invite.id);
    if (!pending || invite.answered) return undefined;
    pending.cancelled = true;
    this.#reliable.stop(invite);
    refuse(invite, 487);
    if (pending.created) this.#context.dialogs.remove(pending.created);
    this.forget(invite.id);
    return pending;
  }

  /** The peer ended this dialog; an INVITE that still waits in it ends with 487 (RFC 3261 §15.1.2). */
  peerEnded(dialog: AppDialog): void {
    const open = dialog.inviteFromPeer;
    for (const pending of this.#byId.values()) {
      if (pending.transaction === open || (pending.created === dialog && !pending.transaction.answered)) {
        this.giveUp(pending, 487);
      }
    }
  }

  /** The application is gone: what it left unanswered gets an answer. */
  applicationGone(connection: ControlConnection): void {
    for (const pending of [...this.#byId.values()]) {
      if (pending.connection === connection) this.giveUp(pending, 503);
    }
  }

  /** Answers everything that waits. */
  refuseAll(): void {
    for (const pending of [...this.#byId.values()]) this.giveUp(pending, 503);
  }

  /** It has its answer, or needs none of ours. */
  forget(transactionId: string): void {
    const pending = this.#byId.get(transactionId);
    if (!pending) return;
    pending.answerTimer?.cancel();
    if (pending.dialog?.inviteFromPeer === pending.transaction) pending.dialog.inviteFromPeer = undefined;
    this.#byId.delete(transactionId);
  }

  /** Forgets everything, without a word to anybody. */
  close(): void {
    for (const pending of [...this.#byId.values()]) {
      this.#reliable.stop(pending.transaction);
      this.forget(pending.transaction.id);
    }
  }
}
