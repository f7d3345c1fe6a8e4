import fc from 'fast-check';
import type { z } from 'zod';
import type { Campaign } from '../../../src/domain';
import { charge, connectedTimes } from '../../../src/rating';
import { Market } from '../../../src/market';
import type { MarketChange, MarketEntity } from '../../../src/market';
import type { Hints, Schema } from '../../support/schema-arbitrary';
import { fromSchema } from '../../support/schema-arbitrary';
import { ratePlans, sharePlans } from '../rating/plans';
import { DOCUMENT, ROUTES } from './routes';

const RUNS = 200;

const octet = fc.integer({ min: 0, max: 255 });
const v4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const v6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));
const address = fc.oneof(
  v4,
  v6,
  v4.map((text) => `::ffff:${text}`),
  fc.constantFrom('::', '::1', 'fe80::1%eth0'),
);
const source = fc
  .tuple(address, fc.option(fc.integer({ min: 0, max: 130 }), { nil: undefined }))
  .map(([text, prefix]) => (prefix === undefined ? text : `${text}/${prefix}`));
const HINTS: Hints = {
  // Bands that follow each other, and limits in their order.
  plan: ratePlans,
  payout: fc.oneof(ratePlans, sharePlans),
  timezone: fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Etc/GMT+12'),
  sources: fc.array(source, { minLength: 1, maxLength: 4 }),
  zip: fc.constantFrom('10001', '90210', '00501', '10330', '99999'),
  number: fc.constantFrom('+12125550123', '212-555-0123', '0044 20 7946 0958', '+999999999999999', '1234567'),
};

/** What people write; records and models are written by the exchange itself. */
const ENTITIES: Readonly<Partial<Record<MarketEntity, string>>> = {
  account: 'accounts',
  trunk: 'trunks',
  seller: 'sellers',
  number: 'numbers',
  campaign: 'campaigns',
  buyer: 'buyers',
  target: 'targets',
  bid: 'bids',
  dnc: 'dnc',
  override: 'hours-overrides',
  agent: 'agents',
  team: 'teams',
};

const schemaOf = (path: string): z.ZodType =>
  ROUTES.find((route) => route.method === 'post' && route.path === `/${path}`)?.body as z.ZodType;

/** What the API would hand on, of what its document says may be created. */
function accepted(path: string): fc.Arbitrary<Record<string, unknown>> {
  const paths = DOCUMENT['paths'] as Record<
    string,
    { post: { requestBody: { content: Record<string, { schema: Schema }> } } }
  >;
  const documented = paths[`/api/v1/${path}`]?.post.requestBody.content['application/json']?.schema as Schema;
  return fromSchema(documented, HINTS)
    .map((sent) => schemaOf(path).safeParse(sent))
    .filter((parsed) => parsed.success)
    .map(({ data }) => data as Record<string, unknown>);
}

test.each(Object.entries(ENTITIES))(
  'every %s that the API takes can be used by the market',
  (entity, path) => {
    fc.assert(
      fc.property(accepted(path), (body) => {
        const market = new Market();
        const value = { id: 'x', expiresAt: undefined, settings: undefined, ping: undefined, ...body };
        market.apply({ entity, op: 'upsert', value } as unknown as MarketChange);
      }),
      { numRuns: RUNS },
    );
  },
);

test.each(Object.values(ENTITIES))('%s: what was taken is taken again as it is', (path) => {
  fc.assert(
    fc.property(accepted(path), (body) => {
      expect(schemaOf(path).parse(body)).toEqual(body);
    }),
    { numRuns: RUNS },
  );
});

test('every plan that the API takes can be rated for the longest call', () => {
  fc.assert(
    fc.property(accepted('campaigns'), (body) => {
      const { payout, maxDurationMs } = body as unknown as Pick<Campaign, 'payout' | 'maxDurationMs'>;
      for (const plan of [payout, { ...payout, afterMs: 0 }]) {
        const amount = charge(plan, connectedTimes(maxDurationMs));
        expect(Number.isSafeInteger(amount) && amount >= 0).toBe(true);
      }
    }),
    { numRuns: RUNS },
  );
});
