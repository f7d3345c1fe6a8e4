import { isIP } from 'node:net';
import { z } from 'zod';
import { BEARERS, SIGNAL_VALUE } from '../billing';
import type { E164, Micros } from '../domain';
import { CURRENCIES, isTimeZone, parsePhoneNumber } from '../domain';
import { parseBlock, zipCentre } from '../market';
import { LONGEST_CALL_MS } from '../rating';

/** Shapes that several resources share. Money is an integer of micro-units (1 USD = 1,000,000). */

export const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9+][A-Za-z0-9_.+/-]*$/, 'letters, digits, _ . + / -');

/** The number of a row that is numbered through; 0, which none has, for an id that is no such number. */
export function rowNumber(wanted: string): number {
  return /^[1-9]\d{0,14}$/.test(wanted) ? Number(wanted) : 0;
}

/**
 * Neither control characters nor halves of surrogate pairs: PostgreSQL stores no U+0000 and no broken
 * text. Patterns here mean the same with and without the flag `u`: the document cannot say which.
 */
const PRINTABLE = /^(?:[^\x00-\x1f\x7f-\x9f\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/;
export const printable = (text: z.ZodString): z.ZodString =>
  text.regex(PRINTABLE, 'holds a control character');

export const name = printable(z.string().trim().min(1).max(100));
export const currency = z.enum(CURRENCIES);
export const micros = z
  .number()
  .int()
  .min(0)
  .max(1_000_000_000_000)
  .describe('Micro-units: 1,000,000 is one unit of the currency; a million units at most');
/** The same, for work that takes money by its type. */
export const money = micros as unknown as z.ZodType<Micros, number>;
/** The same, and more than nothing. */
export const someMoney = micros.min(1) as unknown as z.ZodType<Micros, number>;
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

/** Where a target is rung: a SIP URI, or an agent or a team of a softphone. */
const TARGET_URI = new RegExp(`${SIP_URI.source}|^(?:agent|team):[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`);

export const targetUri = z
  .string()
  .max(512)
  .regex(TARGET_URI, 'must look like sip:user@host:port, or agent:ID or team:ID of a softphone');

const weeklySchedule = z.strictObject({
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

export const state = z.string().regex(/^[A-Z]{2}$/);
const states = z.array(state).max(64).optional();
const npas = z
  .array(z.string().regex(/^[2-9]\d\d$/))
  .max(800)
  .optional();
const zip = z.string().regex(/^\d{5}$/);
const sellers = z.array(id).max(1_000).optional();

export const tagName = printable(z.string().min(1).max(256)).transform((key) => key.toLowerCase());
/** What the people of a target, or an agent, can do. */
export const skills = z
  .record(tagName, z.number().int().min(1).max(10))
  .refine((known) => Object.keys(known).length <= 64, 'more than 64 skills')
  .describe('From 1 (a little) to 10 (masters)');
/** What is played is called by its place, as dialplans name it. */
export const promptName = z
  .string()
  .max(100)
  .regex(/^[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9_-]*)*$/, 'a name of a prompt, as in consent/recording');
/** As a dialplan calls itself, and as numbers and campaigns name it. */
export const dialplanName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'lower-case letters, digits, _ and -, 40 at most, a letter first');
/** Names of tags, separated by commas. */
export const tagList = printable(z.string().trim().min(1).max(256));
export const tagValue = printable(z.string().max(256));
/** Tags that a call must carry. */
const tags = z
  .record(tagName, z.union([tagValue, z.array(tagValue).min(1).max(64)]))
  .refine((rules) => Object.keys(rules).length <= 64, 'more than 64 tags')
  .describe('By tag: the value it must have, several of which it must have one, or `*` for any')
  .optional();

export const targeting = z.strictObject({
  states: states.describe('Two-letter states of the caller'),
  npas: npas.describe('Area codes of the caller'),
  zips: z.array(zip).max(5_000).optional().describe('Five-digit ZIP codes'),
  near: z
    .strictObject({
      zip: zip.refine((code) => zipCentre(code) !== undefined, 'no ZIP code whose place is known'),
      miles: z.number().int().min(1).max(500),
    })
    .optional()
    .describe('Within so many miles of the centre of a ZIP code'),
  tags,
  schedule: weeklySchedule.optional(),
  attestation: z
    .array(z.enum(['A', 'B', 'C']).nullable())
    .min(1)
    .max(4)
    .optional()
    .describe('Attestation levels accepted; null is a call without one'),
  languages: z
    .array(z.string().regex(/^[a-z]{2}$/))
    .min(1)
    .max(64)
    .optional()
    .describe('Values of the tag `language`; a call that does not say is taken for `en`'),
  lineTypes: z
    .array(z.enum(['mobile', 'landline', 'voip', 'unknown']))
    .min(1)
    .max(4)
    .optional(),
  excludedSellers: sellers.describe('Sellers not bought from'),
});

/** Changes the price of a bid for some calls. */
export const bidModifier = z.strictObject({
  factorBp: z
    .number()
    .int()
    .min(0)
    .max(100_000)
    .describe('Basis points of the price: 12,000 pays a fifth more, 0 does not bid'),
  states,
  npas,
  sellers,
  tags,
  schedule: weeklySchedule.optional(),
});

const MAX_COUNT = 1_000_000_000;
/** A thousand million units of the currency: what a month of a large buyer does not reach. */
const MAX_REVENUE = 1_000_000_000_000_000;
const limits = (most: number): z.ZodOptional<z.ZodType> => {
  const limit = z.number().int().min(0).max(most).optional();
  return z.strictObject({ hour: limit, day: limit, month: limit, total: limit }).optional();
};

/** Caps of a bid, a target, a buyer or a seller. */
export const capSet = z
  .strictObject({
    attempts: limits(MAX_COUNT),
    connections: limits(MAX_COUNT),
    conversions: limits(MAX_COUNT),
    revenue: limits(MAX_REVENUE).describe('In micro-units'),
    concurrent: z.number().int().min(0).max(1_000_000).optional().describe('Calls ringing or up at once'),
    spacingMs: milliseconds.max(86_400_000).optional().describe('Milliseconds from one call to the next'),
  })
  .describe("Absent or 0 = no limit; hours, days and months are those of the account's time zone");

export const ringTimeoutMs = milliseconds.min(1_000).max(120_000);
export const maxDurationMs = milliseconds.min(1_000).max(LONGEST_CALL_MS);
export const ringback = z.enum(['local', 'early_media']);

/** How a call is delivered: what a target says goes before its buyer, and that before the campaign. */
export const deliverySettings = z.strictObject({
  ringTimeoutMs: ringTimeoutMs.optional(),
  maxDurationMs: maxDurationMs.optional(),
  ringback: ringback.optional(),
});

/** UTC epoch milliseconds, up to the year 2100. */
export const instant = z.number().int().min(0).max(4_102_444_800_000);
/** The same in a query, where everything is text. */
export const queryInstant = z.coerce.number().pipe(instant);

/** Yes or no in a query. */
export const queryFlag = z.enum(['true', 'false']).transform((word) => word === 'true');

/** What became known of a call: the name of an event, what was pressed or noted. */
export const signalValue = z.string().regex(SIGNAL_VALUE, '1 to 64 letters, digits, _ . : # * -');

/** Who bears what a buyer is given back. */
export const bearer = z
  .enum(BEARERS)
  .describe('At whose expense: the matching part of the payout is taken back, or the exchange bears it');

/** What only two parties know: printable ASCII, long enough not to be guessed. */
export const secret = z.string().regex(/^[!-~]{16,256}$/);

/** Somebody's words, shown to people. */
export const text = printable(z.string().trim().min(1).max(500));

/** A place to send requests to: no user and password in it (RFC 9110 §4.2.4), no fragment. */
export const webUrl = z
  .string()
  .max(2_048)
  .regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+[!"$-~]*$/, 'must look like https://buyer.example/ping')
  .refine((address) => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    return url !== undefined && url.username === '' && url.password === '';
  }, 'not a web address, or one with a user in it');

/** What storage adds to an entity. */
export const stored = { version: z.number().int(), createdAt: z.iso.datetime(), updatedAt: z.iso.datetime() };

export const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2_000).optional().describe('`nextCursor` of the page before'),
});

/** What is answered to a {@link page}. */
export function listOf<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodNullable<z.ZodString> }> {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable() });
}
