import type { FundsReply, HoldRequest, PostgresFunds } from './billing';
import type { BreakerPass, Clock, Currency, Micros, RingTarget } from './domain';
import { AppError, asError, CircuitBreaker } from './domain';
import type { UnheldExposure } from './funds-exposure';
import type { HoldExtender } from './funds-extender';
import type { FundsDesk, FundsRequest, HeldFunds } from './signaling';
import { isUnavailable } from './storage';

export interface FundsDeskParts {
  readonly funds: Pick<PostgresFunds, 'hold' | 'release'>;
  /** What a target's buyer may owe for so many milliseconds of conversation, fees and taxes included. */
  readonly costOf: (target: RingTarget, connectedMs: number, currency: Currency) => Micros;
  /** Milliseconds of conversation that a hold covers before the target rings. */
  readonly aheadMs: number;
  /** Whether calls are let through while wallets cannot be asked. */
  readonly whenAway: 'allow' | 'refuse';
  readonly exposure: UnheldExposure;
  readonly extender: Pick<HoldExtender, 'add' | 'remove'>;
  readonly clock: Clock;
  /** Wallets cannot be asked, or can again. */
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
}

/** Milliseconds that a caller waits for a wallet: as long as nobody notices. */
const HOLD_TIMEOUT_MS = 300;
/** After two failures nobody waits any more but one caller a second, who finds out whether it is over. */
const BREAKER = { requests: 2, failureRatio: 1, openMs: 1_000 } as const;

/** Money of one ring attempt: held, or let through without. */
interface Funds extends HeldFunds {
  readonly request: HoldRequest;
  readonly target: RingTarget;
  /** Milliseconds of conversation that it covers. */
  readonly coveredMs: number;
  /** Nobody could set it aside. */
  readonly unheld: boolean;
}

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

  async hold({
    callId,
    attempt,
    target,
    currency,
  }: FundsRequest): Promise<{ ok: true; held?: HeldFunds | undefined } | { ok: false }> {
    const coveredMs = Math.min(this.#parts.aheadMs, target.maxDurationMs);
    const amount = this.#parts.costOf(target, coveredMs, currency);
    if (amount === 0) return { ok: true };
    const id = `${callId}/${attempt}`;
    const request = { id, callId, accountId: target.buyerAccountId, currency, amount };
    const reply = await this.#ask(request);
    const unheld = reply === 'away';
    if (unheld ? !this.#letThrough(request) : !reply.ok) return { ok: false };
    this.#funds.set(id, { id, request, target, coveredMs, unheld });
    return { ok: true, held: { id } };
  }

  release({ id }: HeldFunds): void {
    const funds = this.#take(id);
    if (funds?.unheld) this.#parts.exposure.giveBack(accountOf(funds.request), funds.request.amount);
    else if (funds) this.#parts.funds.release(id);
  }

  answered({ id }: HeldFunds): void {
    const funds = this.#funds.get(id);
    if (!funds || funds.unheld) return;
    const { request, target, coveredMs } = funds;
    this.#parts.extender.add({
      callId: request.callId,
      holdId: id,
      held: request.amount,
      coveredMs,
      maxDurationMs: target.maxDurationMs,
      costOf: (connectedMs) => this.#parts.costOf(target, connectedMs, request.currency),
    });
  }

  ended({ id }: HeldFunds, connectedMs: number): void {
    const funds = this.#take(id);
    if (!funds) return;
    const { request, target } = funds;
    this.#parts.extender.remove(request.callId);
    if (!funds.unheld) return;
    const cost = this.#away ? this.#parts.costOf(target, connectedMs, request.currency) : undefined;
    this.#parts.exposure.giveBack(accountOf(request), request.amount, cost);
  }

  #take(id: string): Funds | undefined {
    const funds = this.#funds.get(id);
    this.#funds.delete(id);
    return funds;
  }

  async #ask(request: HoldRequest): Promise<FundsReply | 'away'> {
    const pass = this.#breaker.enter();
    if (pass === undefined) return 'away';
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), HOLD_TIMEOUT_MS);
    });
    try {
      const reply = await Promise.race([this.#parts.funds.hold(request), tooLate]);
      if (reply !== 'late') {
        this.#answers(pass);
        return reply;
      }
      this.#fails(pass, request, new Error(`a wallet took longer than ${HOLD_TIMEOUT_MS} ms`));
      return 'away';
    } catch (thrown) {
      const error = asError(thrown);
      if (!isAway(error)) {
        // It is this request's fault: told by whoever refused it.
        this.#breaker.forget(pass);
        return { ok: false, reason: 'unknown' };
      }
      this.#fails(pass, request, error);
      return 'away';
    } finally {
      clearTimeout(timer);
    }
  }

  #answers(pass: BreakerPass): void {
    this.#breaker.leave(pass, true);
    if (!this.#away || this.#breaker.state !== 'closed') return;
    this.#away = false;
    this.#parts.exposure.outageOver();
    this.#parts.onDegraded(false);
  }

  /** Whether it is held nobody knows: if it is after all, it is given back. */
  #fails(pass: BreakerPass, { id }: HoldRequest, error: Error): void {
    this.#breaker.leave(pass, false);
    this.#parts.funds.release(id);
    if (this.#away || this.#breaker.state === 'closed') return;
    this.#away = true;
    this.#parts.onDegraded(true, error);
  }

  #letThrough(request: HoldRequest): boolean {
    const { whenAway, exposure } = this.#parts;
    return whenAway === 'allow' && exposure.take(accountOf(request), request.amount);
  }
}

function accountOf({ accountId, currency }: HoldRequest): string {
  return `${currency} ${accountId}`;
}

function isAway(error: Error): boolean {
  return isUnavailable(error) || (error instanceof AppError && error.kind === 'unavailable');
}
