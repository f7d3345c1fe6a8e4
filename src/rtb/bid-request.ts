import { z } from 'zod';
import { AUCTION_TYPE_NUMBERS } from './auction-type';

const tag = z.string().max(256);

/** A place of delivery that buyers may name. */
const DESTINATION_KINDS = ['sip', 'pstn'] as const;

/** What a buyer is sent: OpenRTB 2.6 in manner, with a call where that has a page. */
export const bidRequestSchema = z
  .object({
    id: z
      .string()
      .describe('Unique to this request; the same call is asked for under another at another time'),
    tmax: z
      .number()
      .int()
      .positive()
      .describe('Milliseconds until the reply must be here, the way there and back included'),
    at: z.enum(AUCTION_TYPE_NUMBERS).describe('1: the winner pays its own price; 2: the next best price'),
    cur: z.array(z.string()).describe('Currency of the prices'),
    imp: z.array(
      z.object({
        id: z.string().describe('Your bid at the exchange'),
        bidfloor: z.number().describe('Offers under it cannot win'),
        bidceiling: z.number().describe('The most your standing bid allows you to say'),
        exp: z.number().int().positive().describe('Seconds an offer should stand at least'),
        dest: z.array(z.enum(DESTINATION_KINDS)).describe('What `dest` of the reply may name'),
      }),
    ),
    call: z.object({
      npa: z.string().optional().describe('Area code of the caller'),
      nxx: z.string().optional().describe('Exchange of the caller'),
      state: z.string().optional(),
      zip: z.string().optional(),
      tz: z.string().optional().describe('IANA zone of the caller'),
      hashed_ani: z
        .string()
        .optional()
        .describe(
          'Keyed hash of the caller’s number: the same all day (UTC), yours alone, useless to anybody else',
        ),
      ani: z.string().optional().describe('The caller’s number; only where it was agreed upon'),
      dnis: z.string().describe('The dialled number'),
      attest: z.enum(['A', 'B', 'C']).optional().describe('STIR/SHAKEN attestation'),
      verstat: z.string().describe('What verification of the caller’s identity said'),
      dup: z.boolean().describe('This caller was connected to you before, within the campaign’s window'),
      fraud_band: z.enum(['allow', 'flag', 'challenge', 'block']).optional(),
      recording: z.boolean().describe('The call will be recorded'),
      origin: z.string().describe('Who started it: `inbound_consumer`, `outbound_transfer`, …'),
    }),
    tags: z.record(z.string(), tag).describe('What the seller says of the call'),
  })
  .describe('Sent to a buyer’s ping URL');

export type BidRequest = z.infer<typeof bidRequestSchema>;
