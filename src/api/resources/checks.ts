import { z } from 'zod';
import type { CallOrigin, E164 } from '../../domain';
import { AppError, CALL_ORIGINS, NUMBER_LISTS } from '../../domain';
import type { Route } from '../route';
import { route } from '../route';
import { id, instant, phoneNumber, tagName, tagValue } from '../schemas';

/** What a compliance check is asked of. */
export interface ComplianceQuestion {
  /** The person's: who calls, or is to be called. */
  readonly number: E164;
  /** Whose policy applies besides the law; undefined: none. */
  readonly campaignId: string | undefined;
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly origin: CallOrigin;
  readonly tags: Readonly<Record<string, string>>;
}

/** What this node knows of numbers, and what the rules say. */
export interface CheckDesk {
  phone(number: E164): z.input<typeof phoneReply>;
  /** Undefined when there is no such campaign. */
  compliance(question: ComplianceQuestion): z.input<typeof complianceReply> | undefined;
  /** UTC epoch milliseconds. */
  now(): number;
}

const hit = z.object({
  list: z.enum(NUMBER_LISTS),
  state: z.string().optional(),
  since: z.number().int().optional(),
});
const listAge = hit
  .omit({ since: true })
  .extend({ version: z.string(), asOf: z.number().int().describe('UTC epoch milliseconds') });

const place = z.object({
  countries: z.array(z.string()).describe('ISO 3166, or `abroad`'),
  states: z.array(z.string()).describe('Every state that it may be of'),
  zones: z.array(z.string()).describe('IANA names'),
  by: z.string().describe('What told it'),
});

const phoneReply = z.object({
  number: z.string().describe('E.164'),
  masked: z.string().describe('As logs show it'),
  kind: z.enum(['geographic', 'non_geographic', 'unassigned', 'impossible', 'foreign']),
  use: z.string().nullable().describe('What a non-geographic number is for, or why one is impossible'),
  fictional: z.boolean().describe('Of the numbers that are kept for fiction'),
  npa: z.string().nullable().describe('Area code, of a North American number'),
  nxx: z.string().nullable(),
  place,
  hits: z.array(hit).describe('Lists that name it'),
  lists: z.array(listAge).describe('Imported lists that were looked at'),
  suppressed: z.boolean().describe('Its person had everything erased, and is not to be called'),
  consents: z.number().int().describe('Consents on record, those that are revoked or over as well'),
  ours: z.string().nullable().describe('Id of the number where it is one of the exchange'),
});

const complianceReply = z.object({
  number: z.string(),
  allowed: z.boolean(),
  blockedBy: z.string().nullable().describe('The first rule that forbids'),
  origin: z.enum(CALL_ORIGINS),
  at: z.number().int().describe('UTC epoch milliseconds'),
  place,
  findings: z
    .array(
      z.object({
        rule: z.string(),
        outcome: z.enum(['pass', 'flag', 'block', 'not_applicable']),
        citation: z.string().optional().describe('The law, or the setting, that it rests on'),
        detail: z.string(),
      }),
    )
    .describe('What each rule says, with its source'),
  recording: z.object({
    consent: z.string().describe('Whose consent a recording needs'),
    citation: z.string(),
  }),
  nextAllowedAt: z
    .number()
    .int()
    .nullable()
    .describe('When calling hours allow a call next; null when nothing is known of them'),
});

/** What is known of a number, and whether a person may be called: nothing comes of asking. */
export function checkRoutes(desk: CheckDesk): Route[] {
  return [
    route({
      method: 'post',
      path: '/checks/phone',
      operationId: 'checkPhone',
      tag: 'checks',
      summary: 'What this node knows of a telephone number: its place, and the lists that name it',
      scope: 'checks:read',
      body: z.strictObject({ number: phoneNumber }),
      reply: phoneReply,
      handle: ({ body: { number } }) => Promise.resolve({ body: desk.phone(number) }),
    }),
    route({
      method: 'post',
      path: '/checks/compliance',
      operationId: 'checkCompliance',
      tag: 'checks',
      summary: 'Whether a person may be called, or a call of theirs taken, with what each rule says',
      scope: 'checks:read',
      body: z.strictObject({
        number: phoneNumber.describe(
          'The person: the caller of an inbound call, the called of an outbound one',
        ),
        campaignId: id.optional().describe('Whose policy applies besides the law'),
        at: instant.optional().describe('UTC epoch milliseconds; now by default'),
        origin: z
          .enum(CALL_ORIGINS)
          .default('unknown')
          .describe('Who started it; `unknown`, which every rule binds, by default'),
        tags: z
          .record(tagName, tagValue)
          .refine((tags) => Object.keys(tags).length <= 32, 'more than 32 tags')
          .default({})
          .describe('What else is said of the call: `state`, `zip`, `dial-mode`, `dialled-at` …'),
      }),
      reply: complianceReply,
      handle: ({ body: { at = desk.now(), campaignId, ...asked } }) => {
        const verdict = desk.compliance({ ...asked, campaignId, at });
        if (verdict) return Promise.resolve({ body: verdict });
        const message = `there is no campaign ${campaignId}`;
        throw new AppError('unprocessable', 'campaign_not_found', message, {
          errors: [{ in: 'body', pointer: '/campaignId', message }],
        });
      },
    }),
  ];
}
