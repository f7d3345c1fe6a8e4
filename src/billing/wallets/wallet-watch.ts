import type { Database, Statement } from '../../storage';
import { RecurringWork } from '../../storage';
import { asError } from '../../domain';
import type { OnTopUpDue, TopUpDue } from './top-up-due';

export interface WalletWatchOptions {
  /** Fetches money for wallets that want it by themselves. */
  readonly onTopUpDue: OnTopUpDue;
  /** Milliseconds from one look to the next; 1,000 by default. */
  readonly everyMs?: number;
  /** Milliseconds for which a wallet stays stopped, or not, at least: holds come and go. */
  readonly steadyMs?: number;
  /** Milliseconds for which a wallet that is low stays so at least. */
  readonly lowSteadyMs?: number;
  /** Milliseconds after which a top-up that nobody took on is asked for again. */
  readonly askAgainMs?: number;
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 1_000;
const STEADY_MS = 5_000;
const LOW_STEADY_MS = 60_000;
const ASK_AGAIN_MS = 60_000;
/** Top-ups asked for in one look. */
const TOP_UPS = 100;

/**
 * Changes the wallets of which a condition holds, and tells of each. They are found first and locked in one
 * order; what changed meanwhile is looked at again by the update.
 */
function change(name: string, where: string, set: string, event: string): Statement {
  return {
    name: `wallets-${name}`,
    text: `with found as (
        select w.account_id, w.currency, f.available
        from wallet_funds f
        join wallets w on (w.account_id, w.currency) = (f.account_id, f.currency)
        join accounts a on a.id = w.account_id
        where ${where}
        order by w.account_id, w.currency
        for no key update of w),
      changed as (
        update wallets w set ${set}, event_seq = w.event_seq + 1
        from found f where (w.account_id, w.currency) = (f.account_id, f.currency)
        returning w.account_id, w.currency, w.event_seq, w.low_balance_at, w.stop_below, f.available)
      insert into outbox (type, subject, payload)
      select '${event}', account_id || ':' || currency || ':' || event_seq, json_build_object(
        'accountId', account_id, 'currency', currency, 'availableMicros', available,
        'lowBalanceAtMicros', low_balance_at, 'stopBelowMicros', stop_below)
      from changed`,
  };
}

const olderThan = (column: string, place: string): string =>
  `(${column} is null or ${column} < now() - ${place} * interval '1 millisecond')`;

const STOP = change(
  'stop',
  `w.stopped_since is null and a.funding = 'wallet' and f.available <= w.stop_below
    and ${olderThan('w.funds_changed_at', '$1')}`,
  'stopped_since = now(), funds_changed_at = now()',
  'wallet.stopped',
);
const RESUME = change(
  'resume',
  `w.stopped_since is not null and (a.funding is distinct from 'wallet' or f.available > w.stop_below)
    and ${olderThan('w.funds_changed_at', '$1')}`,
  'stopped_since = null, funds_changed_at = now()',
  'wallet.resumed',
);
const LOW = change(
  'low',
  'w.low_since is null and f.available < w.low_balance_at',
  'low_since = now(), low_changed_at = now()',
  'wallet.low',
);

/** Nobody is told: what is told of is the next time that it is low. */
const LOW_OVER = {
  name: 'wallets-low-over',
  text: `update wallets w set low_since = null, low_changed_at = now()
    from wallet_funds f
    where (w.account_id, w.currency) = (f.account_id, f.currency) and w.low_since is not null
      and (w.low_balance_at is null or f.available >= w.low_balance_at)
      and ${olderThan('w.low_changed_at', '$1')}`,
};

/** The market learns whether an account's wallet covers calls at all; one that must have a wallet, and has none, does not. */
const TELL_MARKET = {
  name: 'wallets-tell-market',
  text: `with wanted as (
      select a.id, case when a.funding = 'wallet' and (w.account_id is null or w.stopped_since is not null)
        then 'stopped' else 'ok' end as funds
      from accounts a left join wallets w on (w.account_id, w.currency) = (a.id, a.currency)
      where a.funding = 'wallet' or a.funds = 'stopped')
    update accounts a set funds = wanted.funds, version = a.version + 1
    from wanted where a.id = wanted.id and coalesce(a.funds, 'ok') <> wanted.funds`,
};

/**
 * Those of which nobody took on the last one come again under the same name. Who may not buy calls is not
 * charged for them.
 */
const CLAIM_TOP_UPS = {
  name: 'wallets-top-ups',
  text: `with due as (
      select w.account_id, w.currency from wallet_funds f
      join wallets w on (w.account_id, w.currency) = (f.account_id, f.currency)
      where case when w.top_up_pending is not null
        then not w.top_up_taken_on and ${olderThan('w.top_up_asked_at', '$1')} and w.top_up_below is not null
        else f.available < w.top_up_below and (w.top_ups_today < w.top_ups_a_day
          or w.top_up_day is distinct from (now() at time zone 'utc')::date) end
        and exists (select 1 from accounts a where a.id = w.account_id and a.status = 'active')
      order by w.account_id, w.currency limit $2
      for no key update of w skip locked)
    update wallets w set
      top_up_asked_at = now(), top_up_taken_on = false,
      event_seq = w.event_seq + case when w.top_up_pending is null then 1 else 0 end,
      top_up_pending = coalesce(w.top_up_pending,
        'auto_top_up:' || w.currency || ':' || w.account_id || ':' || w.event_seq + 1),
      top_ups_today = case when w.top_up_pending is not null then w.top_ups_today
        when w.top_up_day = (now() at time zone 'utc')::date then w.top_ups_today + 1 else 1 end,
      top_up_day = case when w.top_up_pending is not null then w.top_up_day
        else (now() at time zone 'utc')::date end
    from due where (w.account_id, w.currency) = (due.account_id, due.currency)
    returning w.top_up_pending as key, w.account_id as "accountId", w.currency, w.top_up_amount as amount,
      w.top_up_method as "paymentMethod"`,
};

const TAKEN_ON = {
  name: 'wallets-top-up-taken-on',
  text: 'update wallets set top_up_taken_on = true where top_up_pending = $1',
};

/**
 * Looks at every wallet once a second: tells of those that run low, stops the sale of calls to those that are
 * empty and resumes it, and asks for money where that was settled. Any number of nodes may run it; each
 * change is told once.
 */
export class WalletWatch extends RecurringWork {
  readonly #database: Database;
  readonly #options: WalletWatchOptions;

  constructor(database: Database, options: WalletWatchOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /** @throws Error when the database is away: the next look sees the same */
  async look(): Promise<void> {
    const { steadyMs = STEADY_MS, lowSteadyMs = LOW_STEADY_MS } = this.#options;
    const db = this.#database;
    await db.query(LOW);
    await db.query({ ...LOW_OVER, values: [lowSteadyMs] });
    await db.query({ ...STOP, values: [steadyMs] });
    await db.query({ ...RESUME, values: [steadyMs] });
    await db.query(TELL_MARKET);
    for (const due of await this.#claimTopUps()) await this.#ask(due);
  }

  protected run(): Promise<void> {
    return this.look();
  }

  async #claimTopUps(): Promise<readonly TopUpDue[]> {
    const { askAgainMs = ASK_AGAIN_MS } = this.#options;
    const { rows } = await this.#database.query<TopUpDue>({
      ...CLAIM_TOP_UPS,
      values: [askAgainMs, TOP_UPS],
    });
    return rows;
  }

  /** Never rejects for what one wallet's bank says: it is asked again, and the others are asked too. */
  async #ask(due: TopUpDue): Promise<void> {
    try {
      await this.#options.onTopUpDue(due);
    } catch (error) {
      this.#options.onError?.(asError(error));
      return;
    }
    await this.#database.query({ ...TAKEN_ON, values: [due.key] });
  }
}
