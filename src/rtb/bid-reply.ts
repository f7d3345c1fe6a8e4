import { z } from 'zod';

const decimal = z.union([z.number(), z.string().max(48)]);
const seconds = z.number().int().nonnegative();

/** What a buyer answers. Fields that are not named here are passed over. */
export const bidReplySchema = z
  .object({
    id: z.string().max(128).optional().describe('`id` of the request; a reply to another one is not taken'),
    bidid: z
      .string()
      .min(1)
      .max(128)
      .optional()
      .describe('Your name for the offer; comes back in the notices'),
    price: decimal.optional().describe('A decimal number or the same as text; 0 is no bid'),
    cur: z.string().max(8).optional().describe('Must be the currency that was asked for'),
    exp: seconds.max(86_400).optional().describe('Seconds that the offer stands'),
    min_duration_s: seconds.max(86_400).optional().describe('Connected seconds after which you pay'),
    dest: z
      .object({
        sip: z.string().max(512).optional().describe('SIP URI to ring instead of the standing target'),
        e164: z.string().max(32).optional().describe('Number to ring instead, of a target that is a number'),
      })
      .optional(),
    nbr: z
      .union([z.number().int(), z.string().max(64)])
      .optional()
      .describe('Reason for no bid'),
  })
  .describe('What a buyer answers to a ping: HTTP 200 with this, or 204 for no bid');

/** Answer of a buyer that is asked to confirm. */
export const confirmReplySchema = z
  .object({
    accept: z.boolean(),
    nbr: z.union([z.number().int(), z.string().max(64)]).optional(),
  })
  .describe('What a buyer answers to a confirmation: HTTP 200 with this, or 204 to accept');
