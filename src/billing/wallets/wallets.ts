import type { Micros } from '../../domain';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { openLedgerAccounts } from '../ledger/ledger';
import type { OnExhausted, WalletName } from './purses';

/** `prepaid` owes nothing, ever; `credit` may owe so much. */
export const WALLET_KINDS = ['prepaid', 'credit'] as const;
export type WalletKind = (typeof WALLET_KINDS)[number];

/** Money that is fetched by itself. */
export interface AutoTopUp {
  /** Micro-units: when less than this is available. */
  readonly below: Micros;
  /** Micro-units to fetch. */
  readonly amount: Micros;
  /** What it is fetched from, e.g. a payment method of a card processor. */
  readonly paymentMethod: string;
  /** Times in one day (UTC) at most; 3 by default. */
  readonly aDay?: number | undefined;
}

/** What the owner of a wallet settles. */
export interface WalletTerms {
  readonly kind: WalletKind;
  /** Micro-units that may be owed; 0 of a prepaid one. */
  readonly creditLimit: Micros;
  /** Micro-units: somebody is told when less than this is available. */
  readonly lowBalanceAt?: Micros | undefined;
  /** Micro-units: no calls are sold to it while no more than this is available. */
  readonly stopBelow: Micros;
  /** What becomes of a call that it covers no longer. */
  readonly onExhausted: OnExhausted;
  readonly topUp?: AutoTopUp | undefined;
}

/** A wallet as it stands; amounts in micro-units. */
export interface Wallet extends WalletName, WalletTerms {
  /** What it has with the exchange, without what is held; negative when it owes. */
  readonly balance: number;
  /** What is set aside for calls. */
  readonly held: number;
  /** What may still be set aside: balance and credit limit together. */
  readonly available: number;
  readonly lowSince: Date | undefined;
  readonly stoppedSince: Date | undefined;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

type WalletRow = Omit<Wallet, 'topUp' | 'lowBalanceAt' | 'lowSince' | 'stoppedSince'> & {
  readonly lowBalanceAt: Micros | null;
  readonly lowSince: Date | null;
  readonly stoppedSince: Date | null;
  readonly topUpBelow: Micros | null;
  readonly topUpAmount: Micros | null;
  readonly topUpMethod: string | null;
  readonly topUpsADay: number;
};

const SELECT = `select w.account_id as "accountId", w.currency, w.kind, w.credit_limit as "creditLimit",
    w.low_balance_at as "lowBalanceAt", w.stop_below as "stopBelow", w.on_exhausted as "onExhausted",
    w.top_up_below as "topUpBelow", w.top_up_amount as "topUpAmount", w.top_up_method as "topUpMethod",
    w.top_ups_a_day as "topUpsADay", w.low_since as "lowSince", w.stopped_since as "stoppedSince",
    w.version, w.created_at as "createdAt", w.updated_at as "updatedAt",
    -w.balance as balance, -coalesce(h.balance, 0) as held, w.available
  from wallet_funds w
  left join ledger_accounts h on (h.account_id, h.purpose, h.currency) = (w.account_id, 'held', w.currency)`;

/** Which wallets are wanted. */
export interface WalletFilter {
  readonly accountId?: string | undefined;
  /** True: only those whose calls are stopped; false: only the others. */
  readonly stopped?: boolean | undefined;
  readonly limit: number;
  /** The last one of the page before. */
  readonly after?: WalletName | undefined;
}

/** Wallets by account and currency. */
export async function listWallets(db: Queryable, filter: WalletFilter): Promise<Wallet[]> {
  const { accountId, stopped, limit, after } = filter;
  const { rows } = await db.query<WalletRow>(
    `${SELECT}
     where ($1::text is null or w.account_id = $1) and ($2::boolean is null or (w.stopped_since is not null) = $2)
       and ($3::text is null or (w.account_id, w.currency) > ($3, $4))
     order by w.account_id, w.currency limit $5`,
    [accountId ?? null, stopped ?? null, after?.accountId ?? null, after?.currency ?? null, limit],
  );
  return rows.map(toWallet);
}

export async function getWallet(
  db: Queryable,
  { accountId, currency }: WalletName,
): Promise<Wallet | undefined> {
  const { rows } = await db.query<WalletRow>(`${SELECT} where w.account_id = $1 and w.currency = $2`, [
    accountId,
    currency,
  ]);
  return rows[0] && toWallet(rows[0]);
}

/**
 * Opens a wallet, empty.
 * @throws AppError `conflict` when there is one, `unprocessable` with the field when it cannot be
 */
export async function createWallet(tx: Queryable, name: WalletName, terms: WalletTerms): Promise<Wallet> {
  const { accountId, currency } = name;
  checkTerms(terms);
  const { rows } = await tx.query<{ type: string }>('select type from accounts where id = $1', [accountId]);
  if (rows[0]?.type !== 'buyer') {
    throw refused('reference_not_found', 'a wallet is of a buyer', '/accountId', 'is no account of a buyer');
  }
  const { rowCount } = await tx.query(
    `insert into wallets (account_id, currency, ${COLUMNS.join(', ')})
     values ($1, $2, ${COLUMNS.map((_, index) => `$${index + 3}`).join(', ')}) on conflict do nothing`,
    [accountId, currency, ...columnsOf(terms)],
  );
  if (rowCount === 0) {
    throw new AppError('conflict', 'already_exists', `account ${accountId} has a wallet in ${currency}`, {
      errors: [{ pointer: '/currency', message: 'is taken' }],
    });
  }
  await openLedgerAccounts(tx, [
    { accountId, currency, purpose: 'wallet' },
    { accountId, currency, purpose: 'held' },
  ]);
  return mustFind(tx, name);
}

/**
 * Changes what the owner settles, if the version is still the one that was read.
 * @throws AppError `not_found`, `precondition_failed` when it was changed meanwhile, `unprocessable` with the field
 */
export async function changeWallet(
  tx: Queryable,
  name: WalletName,
  version: number,
  terms: WalletTerms,
): Promise<Wallet> {
  checkTerms(terms);
  const { rowCount } = await tx.query(
    `update wallets set version = version + 1, updated_at = now(),
       ${COLUMNS.map((column, index) => `${column} = $${index + 4}`).join(', ')}
     where account_id = $1 and currency = $2 and version = $3`,
    [name.accountId, name.currency, version, ...columnsOf(terms)],
  );
  const wallet = await mustFind(tx, name);
  if (rowCount === 0) {
    throw new AppError('precondition_failed', 'changed_meanwhile', 'the wallet was changed meanwhile');
  }
  return wallet;
}

/** @throws AppError `not_found` */
export async function mustFind(db: Queryable, name: WalletName): Promise<Wallet> {
  const wallet = await getWallet(db, name);
  if (wallet) return wallet;
  throw new AppError(
    'not_found',
    'wallet_not_found',
    `account ${name.accountId} has no wallet in ${name.currency}`,
  );
}

const COLUMNS = [
  'kind',
  'credit_limit',
  'low_balance_at',
  'stop_below',
  'on_exhausted',
  'top_up_below',
  'top_up_amount',
  'top_up_method',
  'top_ups_a_day',
] as const;
const TOP_UPS_A_DAY = 3;

function columnsOf(terms: WalletTerms): unknown[] {
  const { kind, creditLimit, lowBalanceAt, stopBelow, onExhausted, topUp } = terms;
  return [
    kind,
    creditLimit,
    lowBalanceAt ?? null,
    stopBelow,
    onExhausted,
    topUp?.below ?? null,
    topUp?.amount ?? null,
    topUp?.paymentMethod ?? null,
    topUp?.aDay ?? TOP_UPS_A_DAY,
  ];
}

function checkTerms({ kind, creditLimit }: WalletTerms): void {
  if (kind === 'prepaid' && creditLimit !== 0) {
    throw refused(
      'out_of_bounds',
      'a prepaid wallet owes nothing',
      '/creditLimit',
      'must be 0 of a prepaid wallet',
    );
  }
}

function refused(code: string, text: string, pointer: string, message: string): AppError {
  return new AppError('unprocessable', code, text, { errors: [{ pointer, message }] });
}

function toWallet(row: WalletRow): Wallet {
  const { topUpBelow, topUpAmount, topUpMethod, topUpsADay, lowBalanceAt, lowSince, stoppedSince, ...rest } =
    row;
  return {
    ...rest,
    lowBalanceAt: lowBalanceAt ?? undefined,
    lowSince: lowSince ?? undefined,
    stoppedSince: stoppedSince ?? undefined,
    topUp:
      topUpBelow === null || topUpAmount === null || topUpMethod === null
        ? undefined
        : { below: topUpBelow, amount: topUpAmount, paymentMethod: topUpMethod, aDay: topUpsADay },
  };
}
