import { z } from 'zod';
import { AppError, CONSENT_SCOPES, notFound } from '../../domain';
import type { GivenConsent, RevokedConsents, Vault } from '../../storage';
import {
  consentActSchema,
  consentsOf,
  getConsent,
  giveConsents,
  inTransaction,
  REVOCATION_METHODS,
  revocationActSchema,
  revokeConsents,
} from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { id, phoneNumber, rowNumber } from '../schemas';

/** What operations about persons need. */
export interface PersonServices {
  readonly vault: Vault;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
}

const params = z.strictObject({ id });
const instant = z.number().int().describe('UTC epoch milliseconds');
const chain = z.object({
  name: z.string().describe('The seller whose chain it is; * for everybody'),
  position: z.number().int(),
  hash: z.string().describe('SHA-256 in hexadecimal'),
});
const revocation = z.object({
  id: id,
  revokedAt: instant,
  recordedAt: instant,
  honouredAt: instant,
  method: z.enum(REVOCATION_METHODS),
  covers: z.enum(['consent', 'all_calls']),
  words: z.string().nullable(),
  chain,
});
const consent = z.object({
  id: id,
  number: z.string().nullable().describe('Null once the person had everything erased'),
  sellerId: z.string().nullable(),
  campaignId: z.string().nullable(),
  scopes: z.array(z.enum(CONSENT_SCOPES)),
  givenAt: instant,
  recordedAt: instant,
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  disclosure: z.object({ version: z.string(), text: z.string() }),
  certificate: z
    .object({
      issuer: z.enum(['trustedform', 'jornaya', 'other']),
      id: z.string(),
      claimedBy: z.string().optional(),
      expiresAt: instant.optional(),
    })
    .nullable(),
  proof: z
    .object({
      act: z.string(),
      pageUrl: z.string().optional(),
      ip: z.string().optional(),
      userAgent: z.string().optional(),
      session: z.string().optional(),
      identity: z.object({ name: z.string().optional(), email: z.string().optional() }).optional(),
      signed: z.boolean(),
    })
    .nullable()
    .describe('Null once the person had everything erased'),
  revocations: z.array(revocation),
  chain,
});

/** Proof of consent: recorded once, never changed, revoked by records of their own. */
export function consentRoutes({ vault, now }: PersonServices): Route[] {
  return [
    route({
      method: 'post',
      path: '/consents',
      operationId: 'giveConsent',
      tag: 'consents',
      summary: 'Record an act of consent; the same act told again is the record that there is',
      scope: 'consents:write',
      audited: false,
      body: consentActSchema,
      // Answers are kept for a day: they name nobody.
      reply: z.object({ id: id, known: z.boolean().describe('It was recorded before') }),
      status: 201,
      idempotent: true,
      handle: async ({ db, body }) => {
        const [given] = await inTransaction(db, (tx) => giveConsents(tx, vault, [body], now()));
        if (!given?.ok) throw refusedConsent(given);
        const named = String(given.id);
        return { body: { id: named, known: given.known }, location: `/consents/${named}` };
      },
    }),
    route({
      method: 'get',
      path: '/consents',
      operationId: 'findConsents',
      tag: 'consents',
      summary: 'The consents of a number with all their proof, newest first',
      scope: 'consents:read',
      query: z.strictObject({ number: phoneNumber }),
      reply: z.object({ items: z.array(consent) }),
      handle: async ({ db, query }) => ({
        body: { items: (await consentsOf(db, vault, query.number)) as never },
      }),
    }),
    route({
      method: 'get',
      path: '/consents/:id',
      operationId: 'getConsent',
      tag: 'consents',
      summary: 'One consent with all its proof and its revocations',
      scope: 'consents:read',
      params,
      reply: consent,
      handle: async ({ db, params: { id: wanted } }) => {
        const found = await getConsent(db, vault, rowNumber(wanted));
        if (!found) throw notFound('consent', wanted);
        return { body: found as never };
      },
    }),
    route({
      method: 'post',
      path: '/consents/:id/revocations',
      operationId: 'revokeConsent',
      tag: 'consents',
      summary: 'Record that the person revoked it, or wants no calls at all',
      scope: 'consents:write',
      params,
      body: revocationActSchema,
      reply: z.object({
        ids: z.array(id).describe('Records of the revocation, one for each consent that it ends'),
        listed: z.boolean().describe('The number is on the internal do-not-call list because of it'),
      }),
      status: 201,
      idempotent: true,
      handle: async ({ db, params: { id: wanted }, body }) => {
        const revoked = await inTransaction(db, (tx) =>
          revokeConsents(tx, vault, rowNumber(wanted), body, now()),
        );
        if (!revoked.ok) throw refusedRevocation(wanted, revoked);
        return {
          body: { ids: revoked.ids.map(String), listed: revoked.listed },
          location: `/consents/${wanted}`,
        };
      },
    }),
  ];
}

const REFUSED_CONSENT: Readonly<
  Record<Extract<GivenConsent, { ok: false }>['reason'], readonly [pointer: string, message: string]>
> = {
  in_the_future: ['/givenAt', 'is yet to come'],
  ends_before_it_begins: ['/expiresAt', 'is not after givenAt'],
  no_such_seller: ['/sellerId', 'names nothing that there is'],
  erased_since: ['/givenAt', 'is before the person had everything erased'],
  revocation_refused: ['/givenAt', 'is after it was revoked'],
};

function refusedConsent(given: Extract<GivenConsent, { ok: false }> | undefined): AppError {
  const [pointer, message] = REFUSED_CONSENT[given?.reason ?? 'in_the_future'];
  return new AppError(
    'unprocessable',
    `consent_${given?.reason ?? 'refused'}`,
    'this is no consent to go by',
    {
      errors: [{ pointer, message }],
    },
  );
}

function refusedRevocation(wanted: string, { reason }: Extract<RevokedConsents, { ok: false }>): AppError {
  if (reason === 'not_found') return notFound('consent', wanted);
  if (reason === 'erased') {
    return new AppError(
      'unprocessable',
      'consent_erased',
      'the person had everything erased: it is over already',
    );
  }
  const message = reason === 'in_the_future' ? 'is yet to come' : 'is before the consent was given';
  return new AppError('unprocessable', `revocation_${reason}`, 'nobody can have revoked it then', {
    errors: [{ pointer: '/revokedAt', message }],
  });
}
