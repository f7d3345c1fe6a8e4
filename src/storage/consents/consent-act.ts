import { z } from 'zod';
import type { E164 } from '../../domain';
import { CONSENT_SCOPES, parsePhoneNumber } from '../../domain';

/** How far ahead of ours the clock of who reports an act may be. */
export const CLOCK_SKEW_MS = 300_000;

/** What PostgreSQL stores: neither U+0000 nor half a surrogate pair; lines may be broken. */
const STORABLE = /^(?:[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/;
const text = (max: number): z.ZodString =>
  z.string().min(1).max(max).regex(STORABLE, 'holds a control character');
const instant = z.number().int().min(0).max(8_640_000_000_000_000).describe('UTC epoch milliseconds');
const reference = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9+][A-Za-z0-9_.+/-]*$/, 'letters, digits, _ . + / -');

/** Any way of writing a number; what is stored is E.164. */
const subjectNumber = z
  .string()
  .max(64)
  .transform((written, context) => {
    const parsed = parsePhoneNumber(written);
    if (parsed.ok) return parsed.number;
    context.addIssue({ code: 'custom', message: `not a telephone number (${parsed.reason})` });
    return z.NEVER;
  })
  .pipe(z.string().regex(/^\+[1-9]\d{6,14}$/) as unknown as z.ZodType<E164, E164>);

const scopes = z
  .array(z.enum(CONSENT_SCOPES))
  .min(1)
  .max(CONSENT_SCOPES.length)
  .refine((list) => new Set(list).size === list.length, 'names a scope twice');

/** An act of consent with everything that proves it (47 CFR 64.1200(f)(9)). */
export const consentActSchema = z.strictObject({
  number: subjectNumber.describe('The number that may be called'),
  sellerId: reference.optional().describe('Account that may call; absent = everybody'),
  campaignId: reference.optional().describe('Only for this campaign'),
  scopes: scopes.describe('What was allowed, each by itself'),
  givenAt: instant.describe('When the person acted, UTC epoch milliseconds'),
  expiresAt: instant.optional().describe('When it ends by itself, UTC epoch milliseconds'),
  disclosure: z.strictObject({
    version: text(100).describe('Name of the wording'),
    text: text(20_000).describe('What was shown or read out, word for word'),
  }),
  act: text(200).describe('What the person did to agree, e.g. `ticked the box and pressed Get quotes`'),
  pageUrl: text(2_048).optional(),
  ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  userAgent: text(1_024).optional(),
  session: text(256).optional().describe('Session of the page, as its operator names it'),
  identity: z
    .strictObject({ name: text(200).optional(), email: text(320).optional() })
    .optional()
    .describe('Who the person said to be'),
  signed: z.boolean().default(false).describe('Signed, electronically or by hand (15 USC 7001)'),
  certificate: z
    .strictObject({
      issuer: z.enum(['trustedform', 'jornaya', 'other']),
      id: text(256),
      claimedBy: text(200).optional().describe('Who claimed it, so that it is kept'),
      expiresAt: instant.optional(),
    })
    .optional()
    .describe('Proof kept elsewhere'),
});

export type ConsentAct = z.output<typeof consentActSchema>;

/** How a person may tell it: any reasonable means will do (47 CFR 64.1200(a)(10)). */
export const REVOCATION_METHODS = [
  'spoken',
  'keypress',
  'text_message',
  'email',
  'web_form',
  'letter',
  'other',
  'erasure_request',
] as const;

export const revocationActSchema = z.strictObject({
  revokedAt: instant.optional().describe('When the person said so, UTC epoch milliseconds; now by default'),
  method: z.enum(REVOCATION_METHODS),
  words: text(4_000).optional().describe('What the person said or wrote, word for word'),
  honouredAt: instant
    .optional()
    .describe('From when on no call was made, UTC epoch milliseconds; now by default'),
  covers: z
    .enum(['consent', 'all_calls'])
    .default('consent')
    .describe(
      '`all_calls` also revokes every other consent of the number and puts it on the internal do-not-call list for five years',
    ),
});

export type RevocationAct = z.output<typeof revocationActSchema>;
