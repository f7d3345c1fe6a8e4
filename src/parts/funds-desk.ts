import type { PostgresFunds } from '../billing';
import { purseKey } from '../billing';
import type { AccountTerms, BreakerPass, Clock, Currency, Micros, RingTarget } from '../domain';
import { AppError, asError, CircuitBreaker } from '../domain';
import type { UnheldExposure } from './funds-exposure';
import type { HoldExtender } from './funds-extender';
import type { FundsDesk, FundsRequest, HeldFunds } from '../signaling';
import { isUnavailable } from '../storage';

export interface FundsDeskParts {
  readonly funds: Pick<PostgresFunds, 'hold' | 'release'>;
  /** Fees and taxes of an account now, if there are any; rejects while nobody can be asked. */
  readonly termsOf: (accountId: string) => Promise<AccountTerms | undefined>;
  /** What a target's buyer may owe for so many milliseconds of conversation, fees and taxes included. */
  readonly costOf: (
    target: RingTarget,
    connectedMs: number,
    currency: Currency,
    terms: AccountTerms | undefined,
  ) => Micros;
  /** Milliseconds of conversation that a hold covers before the target rings. */
  readonly aheadMs: number;
  /** Milliseconds that a caller waits for a wallet. */
  readonly holdTimeoutMs: number;
  /** Whether calls are let through while wallets cannot be asked. */
  readonly whenAway: 'allow' | 'refuse';
  readonly exposure: UnheldExposure;
  readonly extender: Pick<HoldExtender, 'add' | 'remove'>;
  readonly clock: Clock;
  /** Wallets cannot be asked, or can again. */
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
}

/** After two failures nobody waits any more but one caller a second, who finds out whether it is over. */
const BREAKER = { requests: 2, failureRatio: 1, openMs: 1_000 } as const;

/** Money of one ring attempt: held, or let through without. */
interface Funds extends HeldFunds {
  readonly callId: string;
  readonly accountId: string;
  readonly currency: Currency;
  readonly target: RingTarget;
  /** As they were when it was to ring. */
  readonly terms: AccountTerms | undefined;
  /** Micro-units. */
  readonly amount: Micros;
  /** Milliseconds of conversation that they cover. */
  readonly coveredMs: number;
  /** Nobody could set it aside. */
  readonly unheld: boolean;
}

/** What came of asking. */
type Asked = { readonly held: Funds } | 'nothing_to_hold' | 'refused' | 'away';

/**
 * Asks wallets on behalf of ring attempts. A caller never waits long for that: who cannot be asked in time
 * is taken for away, and then the settings say whether the call is let through, up to a sum.
 */
export class WalletFundsDesk implements FundsDesk {
  readonly #parts: FundsDeskParts;
  readonly #breaker: CircuitBreaker;
  /** What is in use, by name. */
  readonly #funds = new Map<string, Funds>();
  #away = false;

  constructor(parts: FundsDeskParts) {
    this.#parts = parts;
    this.#breaker = new CircuitBreaker(BREAKER, () => parts.clock.monotonic());
  }

  /** True while wallets cannot be asked. */
  get degraded(): boolean {
    return this.#away;
  }

  /** Ring attempts and calls for which money is held, or should be. */
  get size(): number {
    return this.#funds.size;
  }

  async hold(request: FundsRequest): Promise<{ ok: true; held?: HeldFunds | undefined } | { ok: false }> {
    const asked = await this.#ask(request);
    if (asked === 'away') return this.#letThrough(request);
    if (asked === 'nothing_to_hold') return { ok: true };
    return asked === 'refused' ? { ok: false } : this.#keep(asked.held);
  }

  release({ id }: HeldFunds): void {
    const funds = this.#take(id);
    if (funds?.unheld) this.#parts.exposure.giveBack(purseKey(funds), funds.amount);
    else if (funds) this.#parts.funds.release(id);
  }

  answered({ id }: HeldFunds): void {
    const funds = this.#funds.get(id);
    if (!funds || funds.unheld) return;
    const { callId, target, currency, terms, amount, coveredMs } = funds;
    this.#parts.extender.add({
      callId,
      holdId: id,
      held: amount,
      coveredMs,
      maxDurationMs: target.maxDurationMs,
      costOf: (connectedMs) => this.#parts.costOf(target, connectedMs, currency, terms),
    });
  }

  ended({ id }: HeldFunds, connectedMs: number): void {
    const funds = this.#take(id);
    if (!funds) return;
    const { callId, target, currency, terms, amount } = funds;
    this.#parts.extender.remove(callId);
    if (!funds.unheld) return;
    const cost = this.#away ? this.#parts.costOf(target, connectedMs, currency, terms) : undefined;
    this.#parts.exposure.giveBack(purseKey(funds), amount, cost);
  }

  #keep(funds: Funds): { ok: true; held: HeldFunds } {
    this.#funds.set(funds.id, funds);
    return { ok: true, held: { id: funds.id } };
  }

  #take(id: string): Funds | undefined {
    const funds = this.#funds.get(id);
    this.#funds.delete(id);
    return funds;
  }

  /** What is to be held, under these terms. @throws RangeError when it is more than any wallet has */
  #fundsOf(request: FundsRequest, terms: AccountTerms | undefined, unheld: boolean): Funds {
    const { callId, target, currency } = request;
    const coveredMs = Math.min(this.#parts.aheadMs, target.maxDurationMs);
    const amount = this.#parts.costOf(target, coveredMs, currency, terms);
    const accountId = target.buyerAccountId;
    return { id: idOf(request), callId, accountId, currency, target, terms, amount, coveredMs, unheld };
  }

  async #ask(request: FundsRequest): Promise<Asked> {
    const { holdTimeoutMs } = this.#parts;
    const pass = this.#breaker.enter();
    if (pass === undefined) return 'away';
    let timer: NodeJS.Timeout | undefined;
    let late = false;
    const tooLate = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => {
        late = true;
        resolve('late');
      }, holdTimeoutMs);
    });
    try {
      const asked = await Promise.race([this.#askWallet(request, () => late), tooLate]);
      if (asked !== 'late') {
        this.#answers(pass);
        return asked;
      }
      this.#fails(pass, request, new Error(`a wallet took longer than ${holdTimeoutMs} ms`));
      return 'away';
    } catch (thrown) {
      const error = asError(thrown);
      if (!isAway(error)) {
        // It is this request's fault, and says nothing of the others.
        this.#breaker.forget(pass);
        return 'refused';
      }
      this.#fails(pass, request, error);
      return 'away';
    } finally {
      clearTimeout(timer);
    }
  }

  async #askWallet(request: FundsRequest, late: () => boolean): Promise<Asked | 'late'> {
    const terms = await this.#parts.termsOf(request.target.buyerAccountId);
    // A hold that is asked for after its release would stay.
    if (late()) return 'late';
    const funds = this.#fundsOf(request, terms, false);
    if (funds.amount === 0) return 'nothing_to_hold';
    const { id, callId, accountId, currency, amount } = funds;
    const reply = await this.#parts.funds.hold({ id, callId, accountId, currency, amount });
    return reply.ok ? { held: funds } : 'refused';
  }

  #answers(pass: BreakerPass): void {
    this.#breaker.leave(pass, true);
    if (!this.#away || this.#breaker.state !== 'closed') return;
    this.#away = false;
    this.#parts.exposure.outageOver();
    this.#parts.onDegraded(false);
  }

  /** Whether it is held nobody knows: if it is after all, it is given back. */
  #fails(pass: BreakerPass, request: FundsRequest, error: Error): void {
    this.#breaker.leave(pass, false);
    this.#parts.funds.release(idOf(request));
    if (this.#away || this.#breaker.state === 'closed') return;
    this.#away = true;
    this.#parts.onDegraded(true, error);
  }

  /** Without a wallet's word, up to the sum that may be at stake; fees and taxes are not known now. */
  #letThrough(request: FundsRequest): { ok: true; held?: HeldFunds } | { ok: false } {
    const { whenAway, exposure } = this.#parts;
    if (whenAway === 'refuse') return { ok: false };
    const funds = this.#fundsOf(request, undefined, true);
    if (funds.amount === 0) return { ok: true };
    return exposure.take(purseKey(funds), funds.amount) ? this.#keep(funds) : { ok: false };
  }
}

function idOf({ callId, attempt }: FundsRequest): string {
  return `${callId}/${attempt}`;
}

function isAway(error: Error): boolean {
  return isUnavailable(error) || (error instanceof AppError && error.kind === 'unavailable');
}
