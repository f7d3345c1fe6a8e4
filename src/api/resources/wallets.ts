import { z } from 'zod';
import type { Hold, TopUp, Wallet, WalletTerms } from '../../billing';
import {
  changeWallet,
  createWallet,
  getWallet,
  HOLD_STATES,
  listHolds,
  listTopUps,
  listWallets,
  receiveTopUp,
  WALLET_KINDS,
} from '../../billing';
import type { Currency, Micros } from '../../domain';
import { AppError, isCurrency } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import { pageOf, readCursor } from '../cursor';
import { mergeField, partOf } from '../merge-patch';
import type { Route } from '../route';
import { route } from '../route';
import { isOfOthers, NOTHING } from '../own-account';
import { currency, id, listOf, money, page, printable, queryFlag, text } from '../schemas';

/** Something: none is no amount. */
const amount = z.number().int().min(1).max(1_000_000_000_000) as unknown as z.ZodType<Micros, number>;

const topUpSettings = z.strictObject({
  below: money.describe('Micro-units: when less than this is available'),
  amount: amount.describe('Micro-units to fetch'),
  paymentMethod: printable(z.string().trim().min(1).max(256)).describe(
    'Id of a payment method of the account',
  ),
  aDay: z.number().int().min(1).max(100).optional().describe('Times in one day (UTC) at most; 3 by default'),
});

const fields = {
  kind: z.enum(WALLET_KINDS).describe('`prepaid` owes nothing; `credit` may owe up to its limit'),
  creditLimit: money.describe('Micro-units that may be owed; 0 of a prepaid one'),
  lowBalanceAt: money.describe('Micro-units: `wallet.low` is told when less than this is available'),
  stopBelow: money.describe('Micro-units: no call is offered to it while no more than this is available'),
  onExhausted: z
    .enum(['finish', 'end'])
    .describe(
      'What becomes of a call that it covers no longer: it goes on, or ends when its hold is used up',
    ),
  topUp: topUpSettings.describe('Money that is fetched by itself'),
};

const created = z.strictObject({
  accountId: id.describe('An account of a buyer'),
  currency,
  kind: fields.kind.default('prepaid'),
  creditLimit: fields.creditLimit.default(0 as Micros),
  lowBalanceAt: fields.lowBalanceAt.optional(),
  stopBelow: fields.stopBelow.default(0 as Micros),
  onExhausted: fields.onExhausted.default('finish'),
  topUp: fields.topUp.optional(),
});

const changed = z
  .strictObject({
    kind: fields.kind.optional(),
    creditLimit: fields.creditLimit.optional(),
    lowBalanceAt: fields.lowBalanceAt.nullable().optional(),
    stopBelow: fields.stopBelow.optional(),
    onExhausted: fields.onExhausted.optional(),
    topUp: partOf(fields.topUp).nullable().optional(),
  })
  .refine((changes) => Object.keys(changes).length > 0, {
    error: 'nothing is to be changed',
    when: ({ issues }) => issues.length === 0,
  })
  .meta({ minProperties: 1 });

const sum = z.number().int();
const reply = z.object({
  accountId: z.string(),
  currency: z.string(),
  kind: fields.kind,
  creditLimit: sum,
  lowBalanceAt: sum.nullable(),
  stopBelow: sum,
  onExhausted: fields.onExhausted,
  topUp: z
    .object({ below: sum, amount: sum, paymentMethod: z.string(), aDay: z.number().int().optional() })
    .nullable(),
  balance: sum.describe('What it has with the exchange, in micro-units; negative when it owes'),
  held: sum.describe('What is set aside for calls that ring or are up, in micro-units'),
  available: sum.describe('What may still be set aside: balance and credit limit together'),
  lowSince: z.iso.datetime().nullable(),
  stoppedSince: z.iso.datetime().nullable(),
  version: z.number().int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const hold = z.object({
  id: z.string().describe('<call>/<number of the ring attempt>'),
  callId: z.string(),
  amount: sum.describe('Micro-units'),
  state: z.enum(HOLD_STATES),
  placedAt: z.iso.datetime(),
  closedAt: z.iso.datetime().nullable(),
});

const topUp = z.object({
  id: z.number().int(),
  reference: z.string(),
  amount: sum.describe('Micro-units'),
  note: z.string().nullable(),
  transactionId: z.number().int(),
  receivedBy: z.string().nullable().describe('Account of the API key that said so'),
  createdAt: z.iso.datetime(),
});

const params = z.strictObject({ id: id.describe('The account') });
/** Most accounts have one wallet, in their own currency. */
const which = { currency: currency.optional().describe("The account's own by default") };

/** What buyers have with the exchange, and what is held of it. */
export function walletRoutes(): Route[] {
  return [
    route({
      method: 'get',
      path: '/wallets',
      operationId: 'listWallets',
      tag: 'wallets',
      summary: 'List wallets with what is available of them',
      scope: 'wallets:read',
      tenants: ['buyer'],
      query: page.extend({
        accountId: id.optional(),
        stopped: queryFlag.optional(),
      }),
      reply: listOf(reply),
      handle: async ({ db, query: { limit: most, cursor, accountId, stopped }, own }) => {
        if (isOfOthers(own, accountId)) return { body: NOTHING };
        const at = readCursor(cursor, z.tuple([id, currency]));
        const rows = await listWallets(db, {
          accountId: own ?? accountId,
          stopped,
          limit: most + 1,
          after: at && { accountId: at[0], currency: at[1] },
        });
        return { body: pageOf(rows, most, shown, (last) => [last.accountId, last.currency]) };
      },
    }),
    route({
      method: 'post',
      path: '/wallets',
      operationId: 'createWallet',
      tag: 'wallets',
      summary: 'Open a wallet, empty',
      scope: 'wallets:write',
      body: created,
      reply,
      status: 201,
      idempotent: true,
      handle: async ({ db, body }) => {
        const { accountId, currency: own, ...terms } = body;
        const wallet = await inTransaction(db, (tx) => createWallet(tx, { accountId, currency: own }, terms));
        return { body: shown(wallet), etag: wallet.version, location: locationOf(wallet) };
      },
    }),
    route({
      method: 'get',
      path: '/wallets/:id',
      operationId: 'getWallet',
      tag: 'wallets',
      summary: 'Get a wallet with what is available of it',
      scope: 'wallets:read',
      tenants: ['buyer'],
      params,
      query: z.strictObject(which),
      reply,
      handle: async ({ db, params: { id: accountId }, query, own }) => {
        const wallet = await find(db, accountId, query.currency, own);
        return { body: shown(wallet), etag: wallet.version };
      },
    }),
    route({
      method: 'patch',
      path: '/wallets/:id',
      operationId: 'changeWallet',
      tag: 'wallets',
      summary: 'Change some fields; null takes away one that may be absent (RFC 7396)',
      scope: 'wallets:write',
      params,
      query: z.strictObject(which),
      body: changed,
      reply,
      conditional: true,
      handle: async ({ db, params: { id: accountId }, query, body, ifMatch }) => {
        const wallet = await inTransaction(db, async (tx) => {
          const before = await find(tx, accountId, query.currency);
          ifMatch?.check(before.version);
          return changeWallet(tx, before, before.version, merged(before, body));
        });
        return { body: shown(wallet), etag: wallet.version };
      },
    }),
    route({
      method: 'get',
      path: '/wallets/:id/holds',
      operationId: 'listHolds',
      tag: 'wallets',
      summary: 'What is or was held of a wallet, and for which calls, newest first',
      scope: 'wallets:read',
      tenants: ['buyer'],
      params,
      query: page.extend({ ...which, state: z.enum(HOLD_STATES).optional() }),
      reply: listOf(hold),
      handle: async ({
        db,
        params: { id: accountId },
        query: { limit: most, cursor, state, ...rest },
        own,
      }) => {
        const wallet = await find(db, accountId, rest.currency, own);
        const at = readCursor(cursor, z.tuple([z.number().int(), z.string().max(200)]));
        const rows = await listHolds(db, {
          accountId,
          currency: wallet.currency,
          state,
          limit: most + 1,
          after: at && { placedAt: new Date(at[0]), id: at[1] },
        });
        return { body: pageOf(rows, most, shownHold, (last) => [last.placedAt.getTime(), last.id]) };
      },
    }),
    route({
      method: 'get',
      path: '/wallets/:id/top-ups',
      operationId: 'listTopUps',
      tag: 'wallets',
      summary: 'Money that came in from outside, latest first',
      scope: 'wallets:read',
      tenants: ['buyer'],
      params,
      query: page.extend(which),
      reply: listOf(topUp),
      handle: async ({ db, params: { id: accountId }, query: { limit: most, cursor, ...rest }, own }) => {
        const wallet = await find(db, accountId, rest.currency, own);
        const before = readCursor(cursor, z.tuple([z.number().int()]))?.[0];
        const rows = await listTopUps(db, wallet, { limit: most + 1, before });
        return { body: pageOf(rows, most, shownTopUp, (last) => [last.id]) };
      },
    }),
    route({
      method: 'post',
      path: '/wallets/:id/top-ups',
      operationId: 'receiveTopUp',
      tag: 'wallets',
      summary: 'Book money that came in outside, by bank transfer say; the same reference is the same money',
      scope: 'wallets:write',
      params,
      body: z.strictObject({
        currency,
        amount: amount.describe('Micro-units'),
        reference: printable(z.string().trim().min(1).max(128)).describe('What the bank calls it'),
        note: text.optional(),
      }),
      reply: topUp,
      status: 201,
      idempotent: true,
      handle: async ({ db, params: { id: accountId }, body, caller }) => {
        const { topUp: booked } = await inTransaction(db, (tx) =>
          receiveTopUp(tx, {
            wallet: { accountId, currency: body.currency },
            amount: body.amount,
            reference: body.reference,
            note: body.note,
            receivedBy: caller.accountId,
          }),
        );
        return { body: shownTopUp(booked), location: `/wallets/${encodeURIComponent(accountId)}/top-ups` };
      },
    }),
  ];
}

/** @throws AppError `not_found`, also for what is another account's */
async function find(
  db: Queryable,
  accountId: string,
  wanted: Currency | undefined,
  own?: string,
): Promise<Wallet> {
  const named = isOfOthers(own, accountId) ? undefined : (wanted ?? (await currencyOf(db, accountId)));
  const wallet = named && (await getWallet(db, { accountId, currency: named }));
  if (wallet) return wallet;
  throw new AppError('not_found', 'wallet_not_found', `account ${accountId} has no such wallet`);
}

async function currencyOf(db: Queryable, accountId: string): Promise<Currency | undefined> {
  const { rows } = await db.query<{ currency: string }>('select currency from accounts where id = $1', [
    accountId,
  ]);
  const own = rows[0]?.currency;
  return own !== undefined && isCurrency(own) ? own : undefined;
}

function merged(before: Wallet, changes: z.output<typeof changed>): WalletTerms {
  const { lowBalanceAt, topUp: fetched, ...rest } = changes;
  return {
    kind: rest.kind ?? before.kind,
    creditLimit: rest.creditLimit ?? before.creditLimit,
    stopBelow: rest.stopBelow ?? before.stopBelow,
    onExhausted: rest.onExhausted ?? before.onExhausted,
    lowBalanceAt: lowBalanceAt === undefined ? before.lowBalanceAt : (lowBalanceAt ?? undefined),
    topUp: fetched === undefined ? before.topUp : fetched ? topUpOf(before, fetched) : undefined,
  };
}

function topUpOf(before: Wallet, part: object): WalletTerms['topUp'] {
  return mergeField('topUp', fields.topUp, before.topUp, { ...part }) as WalletTerms['topUp'];
}

function locationOf(wallet: Wallet): string {
  return `/wallets/${encodeURIComponent(wallet.accountId)}?currency=${wallet.currency}`;
}

function shown(wallet: Wallet): z.input<typeof reply> {
  const { lowBalanceAt, topUp: fetched, lowSince, stoppedSince, createdAt, updatedAt, ...rest } = wallet;
  return {
    ...rest,
    lowBalanceAt: lowBalanceAt ?? null,
    topUp: fetched ?? null,
    lowSince: lowSince?.toISOString() ?? null,
    stoppedSince: stoppedSince?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function shownHold({
  id: name,
  callId,
  amount: held,
  state,
  placedAt,
  closedAt,
}: Hold): z.input<typeof hold> {
  return {
    id: name,
    callId,
    amount: held,
    state,
    placedAt: placedAt.toISOString(),
    closedAt: closedAt?.toISOString() ?? null,
  };
}

function shownTopUp({ note, receivedBy, createdAt, ...rest }: TopUp): z.input<typeof topUp> {
  return { ...rest, note: note ?? null, receivedBy: receivedBy ?? null, createdAt: createdAt.toISOString() };
}
