import type { Currency, Micros } from '../../domain';
import { negateMicros, subtractMicros } from '../../domain';
import type { Queryable } from '../../storage';
import type { LedgerTransaction } from '../ledger/transaction';
import type { HeldOf } from './hold-postings';
import { extensionPosting, holdPosting, releasePosting } from './hold-postings';
import type { HoldState } from './holds';
import { postAll } from './post-all';
import type { OnExhausted, Purse, WalletName } from './purses';
import { lockPurses, purseKey } from './purses';

/** Money to be set aside for a ring attempt. */
export interface HoldRequest extends HeldOf {
  /** Micro-units, more than none. */
  readonly amount: Micros;
}

/** One thing that is asked of wallets. */
export type FundsRequest =
  | { readonly kind: 'hold'; readonly hold: HoldRequest }
  /** So much in all, rather the first amount than the next; falling. */
  | { readonly kind: 'extend'; readonly id: string; readonly amounts: readonly Micros[] }
  | { readonly kind: 'release'; readonly id: string };

/**
 * `insufficient`: the wallet does not cover it. `no_wallet`: there is none. `closed`: it was captured or
 * released before. `unknown`: nothing was ever held under that name.
 */
export type FundsReply =
  /** Micro-units that are held under that name now. */
  | { readonly ok: true; readonly amount: Micros }
  | { readonly ok: false; readonly reason: 'no_wallet' | 'closed' | 'unknown' }
  | { readonly ok: false; readonly reason: 'insufficient'; readonly onExhausted: OnExhausted };

/** Which start of which node the calls belong to. */
export interface HoldingNode {
  readonly nodeId: string;
  readonly bootId: string;
}

interface HoldRow extends HeldOf {
  amount: Micros;
  state: HoldState;
}

const LOCK_HOLDS = {
  name: 'holds-lock',
  text: `select id, call_id as "callId", account_id as "accountId", currency, amount, state
    from holds where id = any($1) order by id for update`,
};

const WRITE_HOLDS = {
  name: 'holds-write',
  text: `insert into holds as h (id, call_id, account_id, currency, amount, state, node_id, boot_id, closed_at)
    select id, "callId", "accountId", currency, amount, state, $2, $3, case when state = 'open' then null else now() end
    from json_to_recordset($1::json) as r(
      id text, "callId" text, "accountId" text, currency text, amount bigint, state text)
    on conflict (id) do update set amount = excluded.amount, state = excluded.state, closed_at = excluded.closed_at`,
};

const TELL_OVERRUN = {
  name: 'wallet-overrun',
  text: `insert into outbox (type, subject, payload)
    select 'wallet.overrun', "callId", to_json(r)
    from json_to_recordset($1::json) as r("callId" text, "accountId" text, currency text, "heldMicros" bigint)
    on conflict (type, subject) do nothing`,
};

/**
 * Does in one transaction what many calls ask of wallets, in the order in which they ask: whoever came
 * first has the money. Locks holds by their ids, then ledger accounts by theirs. Asking for the same again
 * gives the same answer and moves nothing.
 */
export async function workFunds(
  tx: Queryable,
  requests: readonly FundsRequest[],
  node: HoldingNode,
): Promise<FundsReply[]> {
  const { rows } = await tx.query<HoldRow>({ ...LOCK_HOLDS, values: [requests.map(idOf)] });
  const wanted: WalletName[] = rows.filter(({ state }) => state === 'open');
  for (const request of requests) if (request.kind === 'hold') wanted.push(request.hold);
  const purses = wanted.length === 0 ? new Map<string, Purse>() : await lockPurses(tx, wanted);
  const batch = new Batch(rows, purses);
  const replies = requests.map((request) => batch.serve(request));
  await batch.write(tx, node);
  return replies;
}

function idOf(request: FundsRequest): string {
  return request.kind === 'hold' ? request.hold.id : request.id;
}

/** What the requests of one transaction come to. */
class Batch {
  readonly #holds: Map<string, HoldRow>;
  readonly #purses: ReadonlyMap<string, Purse>;
  readonly #changed = new Set<HoldRow>();
  readonly #overrun = new Map<
    string,
    { callId: string; accountId: string; currency: Currency; heldMicros: number }
  >();
  readonly #transactions: LedgerTransaction[] = [];

  constructor(holds: readonly HoldRow[], purses: ReadonlyMap<string, Purse>) {
    this.#holds = new Map(holds.map((hold) => [hold.id, hold]));
    this.#purses = purses;
  }

  serve(request: FundsRequest): FundsReply {
    if (request.kind === 'hold') return this.#place(request.hold);
    const hold = this.#holds.get(request.id);
    if (!hold) return { ok: false, reason: 'unknown' };
    return request.kind === 'extend' ? this.#extend(hold, request.amounts) : this.#release(hold);
  }

  async write(tx: Queryable, { nodeId, bootId }: HoldingNode): Promise<void> {
    if (this.#overrun.size > 0) {
      await tx.query({ ...TELL_OVERRUN, values: [JSON.stringify([...this.#overrun.values()])] });
    }
    if (this.#transactions.length === 0) return;
    await tx.query({ ...WRITE_HOLDS, values: [JSON.stringify([...this.#changed]), nodeId, bootId] });
    await postAll(tx, this.#transactions);
  }

  #place(wanted: HoldRequest): FundsReply {
    const known = this.#holds.get(wanted.id);
    if (known) return known.state === 'open' ? held(known) : { ok: false, reason: 'closed' };
    const purse = this.#purses.get(purseKey(wanted));
    if (!purse) return { ok: false, reason: 'no_wallet' };
    const { id, callId, accountId, currency, amount } = wanted;
    if (amount > purse.available) return insufficient(purse);
    const hold: HoldRow = { id, callId, accountId, currency, amount, state: 'open' };
    this.#holds.set(id, hold);
    this.#move(hold, purse, amount, holdPosting(hold, amount));
    return held(hold);
  }

  #extend(hold: HoldRow, amounts: readonly Micros[]): FundsReply {
    if (hold.state !== 'open') return { ok: false, reason: 'closed' };
    const purse = this.#purse(hold);
    for (const amount of amounts) {
      if (amount <= hold.amount) return held(hold);
      const more = subtractMicros(amount, hold.amount);
      if (more > purse.available) continue;
      hold.amount = amount;
      this.#move(hold, purse, more, extensionPosting(hold, more, amount));
      return held(hold);
    }
    const { callId, accountId, currency, amount: heldMicros } = hold;
    if (purse.onExhausted === 'finish') {
      this.#overrun.set(callId, { callId, accountId, currency, heldMicros });
    }
    return insufficient(purse);
  }

  #release(hold: HoldRow): FundsReply {
    if (hold.state !== 'open') return { ok: false, reason: 'closed' };
    hold.state = 'released';
    const { amount } = hold;
    this.#move(hold, this.#purse(hold), negateMicros(amount), releasePosting(hold, amount));
    return held(hold);
  }

  /** @param amount - micro-units that leave the wallet; negative when they come back */
  #move(hold: HoldRow, purse: Purse, amount: Micros, transaction: LedgerTransaction): void {
    purse.available = subtractMicros(purse.available, amount);
    this.#changed.add(hold);
    this.#transactions.push(transaction);
  }

  #purse(hold: HoldRow): Purse {
    const purse = this.#purses.get(purseKey(hold));
    if (!purse) throw new Error(`hold ${hold.id} is of no wallet`);
    return purse;
  }
}

function held({ amount }: HoldRow): FundsReply {
  return { ok: true, amount };
}

function insufficient({ onExhausted }: Purse): FundsReply {
  return { ok: false, reason: 'insufficient', onExhausted };
}
