import { isIP } from 'node:net';
import { z } from 'zod';
import type { E164 } from '../domain';
import { CURRENCIES, isTimeZone, parsePhoneNumber } from '../domain';
import { parseBlock } from '../market';

/** Shapes that several resources share. Money is an integer of micro-units (1 USD = 1,000,000). */

export const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9+][A-Za-z0-9_.+/-]*$/, 'letters, digits, _ . + / -');

/**
 * Neither control characters nor halves of surrogate pairs: PostgreSQL stores no U+0000 and no broken
 * text. Patterns here mean the same with and without the flag `u`: the document cannot say which.
 */
const PRINTABLE = /^(?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/;
const printable = (text: z.ZodString): z.ZodString => text.regex(PRINTABLE, 'holds a control character');

export const name = printable(z.string().trim().min(1).max(100));
export const currency = z.enum(CURRENCIES);
export const micros = z
  .number()
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .describe('Micro-units: 1,000,000 is one unit of the currency; a million units at most');
export const milliseconds = z.number().int().min(0).max(31_536_000_000);
export const timezone = z.string().max(64).refine(isTimeZone, 'not an IANA time zone');

const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/) as unknown as z.ZodType<E164, E164>;

/** Any way of writing a number; what is stored is E.164. */
export const phoneNumber = z
  .string()
  .max(64)
  .transform((text, context) => {
    const parsed = parsePhoneNumber(text);
    if (parsed.ok) return parsed.number;
    context.addIssue({ code: 'custom', message: `not a telephone number (${parsed.reason})` });
    return z.NEVER;
  })
  .pipe(e164);

/** An address or a CIDR block, IPv4 or IPv6. */
export const source = z
  .string()
  .max(64)
  .refine(
    (text) =>
      isIP(text.split('/', 1)[0] ?? '') !== 0 && !text.includes('%') && parseBlock(text) !== undefined,
    'not an address or CIDR block',
  );

/** Printable ASCII, without a password (RFC 3261 §19.1.1 advises against it) and without headers. */
const SIP_URI = /^[sS][iI][pP][sS]?:[!#-9;=A-~]+@[!#-;=A-~]+$/;

export const sipUri = z.string().max(512).regex(SIP_URI, 'must look like sip:user@host:port');

/** No conversation is longer; what is paid for one must stay a safe integer. */
const MAX_CALL_MS = 14_400_000;
const increment = milliseconds.min(1).max(3_600_000);
const afterMs = milliseconds.max(MAX_CALL_MS).describe('Connected milliseconds before it counts');

export const ratePlan = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('per_call'),
    amount: micros.describe('What a call costs, in micro-units'),
    afterMs,
  }),
  z.strictObject({
    kind: z.literal('per_minute'),
    ratePerMinute: micros,
    firstIncrementMs: increment,
    nextIncrementMs: increment,
    afterMs,
  }),
]);

export const weeklySchedule = z.strictObject({
  timezone,
  windows: z
    .array(
      z.strictObject({
        days: z.array(z.number().int().min(0).max(6)).min(1).max(7).describe('0 is Sunday'),
        startMinute: z.number().int().min(0).max(1439),
        endMinute: z
          .number()
          .int()
          .min(1)
          .max(1440)
          .describe('Exclusive; at or before the start means the next day'),
      }),
    )
    .max(64),
});

export const targeting = z.strictObject({
  states: z
    .array(z.string().regex(/^[A-Z]{2}$/))
    .max(64)
    .optional(),
  npas: z
    .array(z.string().regex(/^[2-9]\d\d$/))
    .max(800)
    .optional(),
  tags: z
    .record(
      printable(z.string().min(1).max(256)).transform((key) => key.toLowerCase()),
      printable(z.string().max(256)),
    )
    .refine((tags) => Object.keys(tags).length <= 64, 'more than 64 tags')
    .optional(),
  schedule: weeklySchedule.optional(),
  attestation: z
    .array(z.enum(['A', 'B', 'C']).nullable())
    .min(1)
    .max(4)
    .optional(),
});

const cap = z.number().int().min(0).max(1_000_000_000).optional();
export const caps = z.strictObject({ hourly: cap, daily: cap, monthly: cap, total: cap, concurrent: cap });

/** What storage adds to an entity. */
export const stored = { version: z.number().int(), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() };

export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional().describe('`nextCursor` of the page before'),
});
