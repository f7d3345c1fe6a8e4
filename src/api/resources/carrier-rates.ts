import { z } from 'zod';
import type { DeckError, RateDeck } from '../../billing';
import {
  CarrierRates,
  DECK_LIMITS,
  getRateDeck,
  importRateDeck,
  listCarrierRates,
  listRateDecks,
} from '../../billing';
import { AppError, notFound, principalName } from '../../domain';
import { CARRIER_DIRECTIONS } from '../../rating';
import type { Queryable } from '../../storage';
import { asIs, pageOf, readCursor } from '../cursor';
import type { Route } from '../route';
import { route } from '../route';
import { isOfOthers, mustBeTrunk } from '../own-account';
import { currency, id, listOf, name, page, phoneNumber, queryInstant, rowNumber } from '../schemas';
import { nothingImported, readUpload, tooLarge } from '../upload';

const params = z.strictObject({ id });
const amount = z.number().int().describe('Micro-units');
const epoch = z.number().int().describe('UTC epoch milliseconds');
const direction = z
  .enum(CARRIER_DIRECTIONS)
  .describe('`inbound`: the way in, by the number dialled; `outbound`: the way to a target, by its number');

const deck = z.object({
  id,
  trunkId: z.string(),
  direction,
  accountId: z.string().describe('The carrier'),
  name: z.string(),
  currency: z.string(),
  effectiveFrom: epoch.describe('UTC epoch milliseconds; until the next one'),
  rates: z.number().int().describe('How many there are'),
  bytes: z.number().int().describe('Of the file'),
  sha256: z.string().describe('Of the file'),
  createdBy: z.string().nullable().describe('API key; null from the command line'),
  createdAt: z.iso.datetime(),
});
const rate = z.object({
  prefix: z.string(),
  ratePerMinute: amount,
  connectFee: amount,
  firstIncrementMs: z.number().int(),
  nextIncrementMs: z.number().int(),
  destination: z.string().nullable(),
});
const leg = z.object({
  trunkId: z.string(),
  direction,
  accountId: z.string().describe('The carrier'),
  prefix: z.string(),
  currency: z.string(),
  ratePerMinute: amount,
  connectFee: amount,
  firstIncrementMs: z.number().int(),
  nextIncrementMs: z.number().int(),
});

const deckPosition = z.tuple([z.number().int(), z.number().int()]);

/** What carriers are paid, by decks of rates. */
export function carrierRateRoutes(now: () => number): Route[] {
  const rates = new CarrierRates();
  return [
    route({
      method: 'post',
      path: '/trunks/:id/rate-decks',
      operationId: 'importRateDeck',
      tag: 'carrier-rates',
      summary:
        'Import a deck of rates, all of it or nothing: CSV whose first line names prefix, rate_per_minute, first_increment_s, next_increment_s, and connect_fee and destination where there are any',
      scope: 'rates:write',
      params,
      query: z.strictObject({
        direction,
        name: name.default('Rates').describe('For people'),
        currency: currency.optional().describe("That of the carrier's account by default"),
        effectiveFrom: queryInstant
          .optional()
          .describe('UTC epoch milliseconds: now, which is the default, or later'),
      }),
      takes: 'text/csv',
      reply: deck,
      status: 201,
      handle: async ({ db, params: { id: trunkId }, query, caller, request, response }) => {
        await mustBeTrunk(db, trunkId);
        const { direction: way, name: called, currency: money, effectiveFrom } = query;
        const wanted = {
          trunkId,
          direction: way,
          name: called,
          currency: money,
          effectiveFrom,
          createdBy: principalName(caller),
        };
        const imported = await readUpload(request, response, DECK_LIMITS.bytes, (body) =>
          importRateDeck(db, wanted, body, now()),
        );
        if (imported.ok) {
          return { body: shown(imported.deck), location: `/rate-decks/${imported.deck.id}` };
        }
        switch (imported.reason) {
          case 'broken':
            throw broken(imported.errors, imported.more);
          case 'too_large':
            throw tooLarge();
          case 'in_the_past':
            throw inThePast();
          case 'no_such_trunk':
            throw notFound('trunk', trunkId);
        }
      },
    }),
    route({
      method: 'get',
      path: '/trunks/:id/rate-decks',
      operationId: 'listRateDecks',
      tag: 'carrier-rates',
      summary: 'Decks of a trunk, the latest to come into force first, those to come among them',
      scope: 'rates:read',
      tenants: ['carrier'],
      params,
      query: page.extend({ direction: direction.optional() }),
      reply: listOf(deck),
      handle: async ({ db, params: { id: trunkId }, query: { limit, cursor, direction: way }, own }) => {
        await mustBeTrunk(db, trunkId, own);
        const at = readCursor(cursor, deckPosition);
        const rows = await listRateDecks(db, trunkId, {
          limit: limit + 1,
          ...(way === undefined ? {} : { direction: way }),
          ...(at && { before: { at: at[0], id: at[1] } }),
        });
        return { body: pageOf(rows, limit, shown, (last) => [last.effectiveFrom, last.id]) };
      },
    }),
    route({
      method: 'get',
      path: '/trunks/:id/rate',
      operationId: 'findCarrierRate',
      tag: 'carrier-rates',
      summary: 'What the carrier of a trunk is paid for a number, and by which prefix',
      scope: 'rates:read',
      tenants: ['carrier'],
      params,
      query: z.strictObject({
        direction,
        number: phoneNumber,
        at: queryInstant.optional().describe('UTC epoch milliseconds; now by default'),
      }),
      reply: z.object({ rate: leg.nullable().describe('Null: nothing is paid') }),
      handle: async ({ db, params: { id: trunkId }, query: { direction: way, number, at }, own }) => {
        await mustBeTrunk(db, trunkId, own);
        const found = await rates.rateOf(db, { trunkId, direction: way, number, at: at ?? now() });
        if (!found) return { body: { rate: null } };
        const { plan, ...where } = found;
        const { ratePerMinute, connectFee = 0, firstIncrementMs, nextIncrementMs } = plan;
        return { body: { rate: { ...where, ratePerMinute, connectFee, firstIncrementMs, nextIncrementMs } } };
      },
    }),
    route({
      method: 'get',
      path: '/rate-decks/:id',
      operationId: 'getRateDeck',
      tag: 'carrier-rates',
      summary: 'One deck',
      scope: 'rates:read',
      tenants: ['carrier'],
      params,
      reply: deck,
      handle: async ({ db, params: { id: wanted }, own }) => ({
        body: shown(await mustBeDeck(db, wanted, own)),
      }),
    }),
    route({
      method: 'get',
      path: '/rate-decks/:id/rates',
      operationId: 'listCarrierRates',
      tag: 'carrier-rates',
      summary: 'Rates of a deck in the order of their prefixes',
      scope: 'rates:read',
      tenants: ['carrier'],
      params,
      query: page.extend({
        startsWith: z
          .string()
          .regex(/^\d{1,15}$/)
          .optional()
          .describe('Prefixes that begin so'),
      }),
      reply: listOf(rate),
      handle: async ({ db, params: { id: wanted }, query: { limit, cursor, startsWith }, own }) => {
        const { id: deckId } = await mustBeDeck(db, wanted, own);
        const at = readCursor(cursor, z.tuple([z.string()]));
        const rows = await listCarrierRates(db, deckId, {
          limit: limit + 1,
          ...(startsWith === undefined ? {} : { startsWith }),
          ...(at && { after: at[0] }),
        });
        return { body: pageOf(rows, limit, asIs, (last) => [last.prefix]) };
      },
    }),
  ];
}

async function mustBeDeck(db: Queryable, wanted: string, own: string | undefined): Promise<RateDeck> {
  const found = await getRateDeck(db, rowNumber(wanted));
  if (!found || isOfOthers(own, found.accountId)) throw notFound('rate deck', wanted);
  return found;
}

function shown({ id: row, createdAt, ...rest }: RateDeck): z.input<typeof deck> {
  return { ...rest, id: String(row), createdAt: createdAt.toISOString() };
}

function inThePast(): AppError {
  return new AppError('unprocessable', 'rates_in_the_past', 'what held before is not changed', {
    errors: [{ pointer: '/effectiveFrom', message: 'is over: carriers were paid by what held then' }],
  });
}

/** Pointers name lines of the file from 1, the header among them. */
function broken(errors: readonly DeckError[], more: boolean): AppError {
  return new AppError('unprocessable', 'rate_deck_broken', nothingImported(errors.length, more), {
    errors: errors.slice(0, DECK_LIMITS.errors).map(({ line, field, message }) => ({
      pointer: `/lines/${line}${field === undefined ? '' : `/${field}`}`,
      message: `line ${line}: ${field === undefined ? 'it' : field} ${message}`,
    })),
  });
}
