import { asError } from '../../domain';
import type { Database } from '../../storage';
import { RecurringWork } from '../../storage';
import type { Payment } from './payment';
import { getPaymentMethod } from './payment-methods';
import type { PaymentOutcome, PaymentProvider } from './payment-provider';
import { getPayment, PAYMENT_COLUMNS } from './payment-rows';
import { applyKeptEvents, pruneEvents } from './provider-events';
import { settlePayment } from './settle-payment';

export interface PaymentKeeperOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds between looks for what is due; 1,000 by default. */
  readonly everyMs?: number;
  /** Nobody knows whether the money of a payment moves, and asking again helps no more. */
  readonly onStuck?: (payment: Payment, why: string) => void;
  readonly onError?: (error: Error) => void;
}

/** Payments asked for at once. */
const AT_ONCE = 8;
/** Whoever asks has this long; then another one may. More than all requests to a provider for one payment take. */
const LEASE_MS = 90_000;
/** Providers keep an idempotency key for a day at least: afterwards the same key is a new payment. */
const KEY_LIVES_MS = 20 * 3_600_000;
const FIRST_WAIT_MS = 5_000;
const WAIT_GROWS = 3;
const MOST_WAIT_MS = 4 * 3_600_000;
/** The last of them are later than the key lives, when what was not made never will be. */
const MAX_UNANSWERED = 14;
/** What the provider has in hand, a bank debit say, is looked at so often; it tells by itself, too. */
const IN_HAND_WAIT_MS = 3_600_000;
const IN_HAND_MOST_MS = 14 * 86_400_000;

/** Milliseconds until a payment that got no answer is asked for again, after so many times without one. */
export function waitAfter(unanswered: number): number {
  return Math.min(FIRST_WAIT_MS * WAIT_GROWS ** (unanswered - 1), MOST_WAIT_MS);
}

/**
 * Asks the provider for every payment that is written down, and finds out what became of those whose answer
 * was lost. Money moves once however often it is asked for: always with the payment's own idempotency key,
 * and not at all when that is too old. Any number of keepers may run.
 */
export class PaymentKeeper extends RecurringWork {
  readonly #db: Database;
  readonly #provider: PaymentProvider;
  readonly #options: PaymentKeeperOptions;

  constructor(db: Database, provider: PaymentProvider, options: PaymentKeeperOptions) {
    super({ everyMs: options.everyMs ?? 1_000, onError: options.onError });
    this.#db = db;
    this.#provider = provider;
    this.#options = options;
  }

  /** One look: everything that is due. */
  async run(stopped: () => boolean = () => false): Promise<void> {
    while (!stopped()) {
      const due = await this.#claim();
      await Promise.all(due.map((payment) => this.#keep(payment)));
      if (due.length < AT_ONCE) break;
    }
    if (stopped()) return;
    await applyKeptEvents(this.#db, this.#options.onError);
    await pruneEvents(this.#db, this.#options.now());
  }

  /** Takes what is due: nobody else asks for it within the lease. */
  async #claim(): Promise<Payment[]> {
    const { rows } = await this.#db.query<Payment>({
      name: 'payments-claim',
      text: `with due as (
          select seq as due_seq from payments where next_try_at <= to_timestamp($1::bigint / 1000.0)
          order by next_try_at limit ${AT_ONCE} for no key update skip locked)
        update payments set state = 'pending', attempts = attempts + 1, unanswered = unanswered + 1,
          first_asked_at = coalesce(first_asked_at, to_timestamp($1::bigint / 1000.0)),
          next_try_at = to_timestamp(($1::bigint + ${LEASE_MS}) / 1000.0), updated_at = now()
        from due where seq = due_seq
        returning ${PAYMENT_COLUMNS}`,
      values: [this.#options.now()],
    });
    return rows;
  }

  async #keep(payment: Payment): Promise<void> {
    try {
      await this.#end(payment, await this.#ask(payment));
    } catch (error) {
      // It is due again when the lease is over.
      this.#options.onError?.(asError(error));
    }
  }

  async #ask(payment: Payment): Promise<PaymentOutcome> {
    const charge = payment.chargeId === null ? undefined : await getPayment(this.#db, payment.chargeId);
    const method = payment.methodId === null ? undefined : await getPaymentMethod(this.#db, payment.methodId);
    const askedAt = payment.firstAskedAt?.getTime() ?? this.#options.now();
    if (payment.attempts > 1 || payment.providerRef !== null) {
      const found = await this.#provider.retrieve({
        kind: payment.kind === 'refund' ? 'refund' : 'charge',
        paymentId: payment.id,
        ref: payment.providerRef ?? undefined,
        customerRef: method?.customerRef,
        chargeRef: charge?.providerRef ?? undefined,
        since: payment.createdAt.getTime(),
      });
      if (found.state !== 'absent') return found;
      if (this.#options.now() - askedAt > KEY_LIVES_MS) return neverMade();
    }
    const { id: paymentId, idempotencyKey, accountId, amount, currency } = payment;
    const asked = { paymentId, idempotencyKey, accountId, amount, currency };
    if (payment.kind === 'refund') {
      const chargeRef = charge?.providerRef;
      if (!chargeRef) throw new Error(`payment ${paymentId} gives back a charge that was not made`);
      return this.#provider.refund({ ...asked, chargeRef });
    }
    if (!method) throw new Error(`payment ${paymentId} is of no payment method`);
    return this.#provider.charge({ ...asked, method });
  }

  async #end(payment: Payment, outcome: PaymentOutcome): Promise<void> {
    if (outcome.state === 'pending') return this.#wait(payment, outcome.ref, outcome.why);
    const settled = await this.#db.transaction((tx) => settlePayment(tx, payment.id, outcome));
    if (settled !== 'contradicted') return;
    await this.#stick(payment, `the provider calls it ${outcome.ref}, and called it ${payment.providerRef}`);
  }

  async #wait(payment: Payment, ref: string | undefined, why: string): Promise<void> {
    const now = this.#options.now();
    const inHand = ref !== undefined;
    const over = inHand
      ? now - payment.createdAt.getTime() > IN_HAND_MOST_MS
      : payment.unanswered >= MAX_UNANSWERED;
    if (over) return this.#stick(payment, why);
    await this.#db.query({
      name: 'payment-wait',
      text: `update payments set provider_ref = coalesce(provider_ref, $2), unanswered = case when $3 then 0 else unanswered end,
          next_try_at = to_timestamp($4::bigint / 1000.0), updated_at = now()
        where id = $1 and next_try_at is not null`,
      values: [
        payment.id,
        ref ?? null,
        inHand,
        now + (inHand ? IN_HAND_WAIT_MS : waitAfter(payment.unanswered)),
      ],
    });
  }

  async #stick(payment: Payment, why: string): Promise<void> {
    const { rowCount } = await this.#db.query({
      name: 'payment-stick',
      text: `update payments set stuck_at = now(), next_try_at = null, updated_at = now()
        where id = $1 and state in ('created', 'pending')`,
      values: [payment.id],
    });
    if (rowCount === 1) this.#options.onStuck?.(payment, why);
  }
}

function neverMade(): PaymentOutcome {
  const failure = {
    code: 'never_made',
    message: 'the provider was away, and never made the payment',
    retryable: true,
  };
  return { state: 'failed', ref: undefined, failure };
}
