import { z } from 'zod';
import { CURRENCIES, isTimeZone } from '../../domain';

const column = z.union([
  z.string().min(1).max(100).describe('Name in the first line'),
  z.number().int().min(1).max(256).describe('Place, from 1'),
]);
const ms = z.number().int().min(0);

/** How a carrier writes its records: which column is what, and how to read it. */
export const cdrProfileSchema = z.strictObject({
  direction: z
    .enum(['inbound', 'outbound'])
    .default('inbound')
    .describe('Calls that came in over the trunk, or calls to targets that are reached over it'),
  delimiter: z.enum([',', ';', '\t', '|']).default(','),
  header: z.boolean().default(true).describe('The first line names the columns'),
  columns: z.strictObject({
    time: column,
    called: column,
    duration: column,
    calling: column.optional(),
    cost: column.optional(),
    callId: column.optional().describe('SIP Call-ID'),
  }),
  timeFormat: z
    .string()
    .min(1)
    .max(64)
    .default('iso')
    .describe('iso, epoch_s, epoch_ms, or a pattern of YYYY MM DD HH mm ss SSS, e.g. DD.MM.YYYY HH:mm:ss'),
  timezone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'not an IANA time zone')
    .default('UTC')
    .describe('Of times without an offset'),
  timeOf: z.enum(['answer', 'setup']).default('answer').describe('What the time is of'),
  durationUnit: z.enum(['s', 'ms', 'hms']).default('s'),
  decimalComma: z.boolean().default(false),
  currency: z.enum(CURRENCIES).default('USD'),
  startToleranceMs: ms.max(600_000).default(30_000).describe('Times of one call may be so far apart'),
  matchDurationMs: ms.max(86_400_000).default(60_000).describe('Durations of one call may be so far apart'),
  durationToleranceMs: ms.max(86_400_000).default(2_000).describe('Beyond, they differ'),
  costToleranceMicros: ms.max(1_000_000_000).default(0),
});

export type CdrProfile = z.output<typeof cdrProfileSchema>;
