import * as fc from 'fast-check';
import type { Bid } from '../../../src/domain';
import { micros } from '../../../src/domain';
import { bidReplySchema } from '../../../src/rtb';
import type { Reading } from '../../../src/rtb/read-reply';
import { readReply } from '../../../src/rtb/read-reply';
import { banded, perCall } from '../rating/plans';
import { bid, planned, RULES } from './fixtures';

const ASKED = { id: 'request-1', currency: 'USD', ping: planned(bid('b')) } as const;
const GATEWAY = { kind: 'pstn', uri: 'sip:+12125550000@gateway.carrier.example:5060' } as const;

function read(content: unknown, more: Partial<typeof ASKED> | object = {}, status = 200): Reading {
  const body = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return readReply({ status, body }, { ...ASKED, ...more }, RULES);
}

test('an offer is read with everything that it says', () => {
  const reading = read({
    id: 'request-1',
    bidid: 'offer-9',
    price: 31.25,
    cur: 'USD',
    exp: 45,
    min_duration_s: 90,
    dest: { sip: 'sip:r-1@in.calls.example:5061;transport=tls' },
    ext: { whatever: ['is', 'passed', 'over'] },
  });
  expect(reading).toEqual({
    ok: true,
    price: 31_250_000,
    plan: { kind: 'per_call', amount: 31_250_000, afterMs: 90_000 },
    reference: 'offer-9',
    uri: 'sip:r-1@in.calls.example:5061;transport=tls',
    expiresInMs: 45_000,
  });
});

test('an offer that says only its price stands on the terms of the bid', () => {
  expect(read({ price: '31.25' })).toEqual({
    ok: true,
    price: 31_250_000,
    plan: { kind: 'per_call', amount: 31_250_000, afterMs: 60_000 },
    reference: 'request-1',
    uri: undefined,
    expiresInMs: 30_000,
  });
});

test('of a plan by the minute the rate changes in proportion', () => {
  const byMinute = bid('m', {
    price: micros(40_000_000),
    plan: {
      kind: 'per_minute',
      ratePerMinute: micros(2_000_000),
      firstIncrementMs: 60_000,
      nextIncrementMs: 6_000,
      afterMs: 0,
    },
  });
  expect(read({ price: 30 }, { ping: planned(byMinute) })).toMatchObject({
    plan: { kind: 'per_minute', ratePerMinute: 1_500_000, nextIncrementMs: 6_000 },
  });
});

test('so do the amounts of a plan by bands, and that of a call whose price is an estimate', () => {
  const priced = (plan: Bid['plan']): unknown => {
    const standing = bid('b', { price: micros(40_000_000), plan });
    const reading = read({ price: 30, min_duration_s: 45 }, { ping: planned(standing) });
    return reading.ok ? reading.plan : reading.detail;
  };
  expect(priced(banded([60_000, 0], [null, 80_000_000]))).toEqual({
    ...banded([60_000, 0], [null, 60_000_000]),
    afterMs: 45_000,
  });
  expect(priced(perCall(8_000_000))).toEqual(perCall(6_000_000, 45_000));
});

test('an offer stands no longer than is believed', () => {
  expect(read({ price: 10, exp: 86_400 })).toMatchObject({ expiresInMs: 300_000 });
});

test.each([
  ['204', 204, '', 'HTTP 204'],
  ['no price', 200, {}, 'no price'],
  ['a price of zero', 200, { price: 0 }, 'price 0'],
  ['a reason', 200, { nbr: 1003 }, '1003 no_capacity'],
  ['a reason beside a price of zero', 200, { price: '0.00', nbr: 4005 }, '4005 duplicate'],
  ['a reason that nobody knows', 200, { nbr: 'mondays' }, 'mondays'],
])('%s is no bid', (_what, status, content, detail) => {
  expect(read(content, {}, status)).toEqual({ ok: false, why: 'rtb_no_bid', detail });
});

test.each([301, 302, 307, 400, 404, 429, 500, 503])(
  'status %d is trouble, whatever the body says',
  (status) => {
    expect(read({ price: 20 }, {}, status)).toEqual({
      ok: false,
      why: 'rtb_error',
      detail: `HTTP ${status}`,
    });
  },
);

test.each([
  ['no JSON', '<html>', 'not JSON'],
  ['nothing', '', 'not JSON'],
  ['half a reply', '{"price": 2', 'not JSON'],
  ['a list', '[]', ''],
  ['null', 'null', ''],
  ['deep nesting', `{"x":${'['.repeat(500)}${']'.repeat(500)},"price":1}`, 'nested too deeply'],
  ['more than the standing bid', { price: 50.000001 }, 'more than the standing bid'],
  ['less than nothing', { price: -1 }, 'below zero'],
  ['a price of words', { price: 'a lot' }, 'no amount'],
  ['a price in a list', { price: [20] }, 'price'],
  ['another currency', { price: 20, cur: 'EUR' }, 'USD was asked for'],
  ['a reply to another request', { id: 'request-2', price: 20 }, 'another request'],
  ['an offer that is over', { price: 20, exp: 0 }, 'over already'],
  ['a negative expiry', { price: 20, exp: -5 }, 'exp'],
  ['half seconds', { price: 20, exp: 1.5 }, 'exp'],
  ['hours of conversation', { price: 20, min_duration_s: 3_600 }, 'min_duration_s'],
  ['a book for a name', { price: 20, bidid: 'x'.repeat(200) }, 'bidid'],
])('%s is not taken', (_what, content, detail) => {
  const reading = read(content);
  expect(reading).toMatchObject({ ok: false, why: 'rtb_invalid' });
  expect(!reading.ok && reading.detail).toContain(detail);
});

test('text that is not UTF-8 is not JSON', () => {
  const body = Buffer.concat([
    Buffer.from('{"price":20,"bidid":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}'),
  ]);
  expect(readReply({ status: 200, body }, ASKED, RULES)).toMatchObject({ why: 'rtb_invalid' });
});

describe('places to ring', () => {
  test.each([
    ['sip:r1@sip.buyer.example', 'the host of its own target'],
    ['sips:r1@SIP.Buyer.Example:5061', 'the same in capitals'],
    ['sip:r1@a.calls.example', 'a host that is configured'],
  ])('%s: %s', (uri) => {
    expect(read({ price: 20, dest: { sip: uri } })).toMatchObject({ ok: true, uri });
  });

  test.each([
    'sip:r1@127.0.0.1',
    'sip:r1@[::1]',
    'sip:r1@169.254.169.254',
    'sip:r1@localhost',
    'sip:r1@other.example',
    'sip:r1@calls.example',
    'sip:r1@evilcalls.example',
    'sip:r1@sip.buyer.example@127.0.0.1',
    'sip:r1@sip.buyer.example:0',
    'sip:r1@sip.buyer.example:99999',
    'sip:r1@sip.buyer.example;maddr=127.0.0.1',
    'sip:r1@sip.buyer.example;transport=tcp;MADDR=10.0.0.1',
    'sip:r1@sip.buyer.example?Route=%3Csip:127.0.0.1%3E',
    'sip:r1@sip.buyer.example\r\nX-Evil: 1',
    'sip:r1:secret@sip.buyer.example',
    'tel:+12125550123',
    'http://sip.buyer.example/',
    'sip:sip.buyer.example',
    '',
  ])('%j is not rung', (uri) => {
    expect(read({ price: 20, dest: { sip: uri } })).toMatchObject({ ok: false, why: 'rtb_invalid' });
  });

  test('of a carrier’s gateway no user part may be chosen', () => {
    const ping = { ...ASKED.ping, target: GATEWAY };
    const reading = read({ price: 20, dest: { sip: 'sip:+19005550100@gateway.carrier.example' } }, { ping });
    expect(reading).toMatchObject({ ok: false, why: 'rtb_invalid' });
  });

  test('a number goes through the gateway of the standing target', () => {
    const ping = { ...ASKED.ping, target: GATEWAY };
    expect(read({ price: 20, dest: { e164: '(212) 555-0177' } }, { ping })).toMatchObject({
      ok: true,
      uri: 'sip:+12125550177@gateway.carrier.example:5060',
    });
    expect(read({ price: 20, dest: { e164: '+882345678901' } }, { ping })).toMatchObject({
      why: 'rtb_invalid',
    });
    expect(read({ price: 20, dest: { e164: '+12125550177' } })).toMatchObject({ why: 'rtb_invalid' });
  });
});

test('whatever comes, reading it throws nothing, and no offer is above the bid or free', () => {
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)),
    fc
      .record(
        {
          id: fc.constantFrom('request-1', 'request-2', 7),
          bidid: fc.oneof(fc.string(), fc.integer()),
          price: fc.oneof(fc.double(), fc.string(), fc.integer({ min: -10, max: 60 }), fc.constant(null)),
          cur: fc.constantFrom('USD', 'EUR', '', 5),
          exp: fc.oneof(fc.integer(), fc.double()),
          min_duration_s: fc.integer({ min: -10, max: 200 }),
          dest: fc.oneof(
            fc.record({ sip: fc.string({ unit: 'binary' }), e164: fc.string() }, { requiredKeys: [] }),
            fc.jsonValue(),
          ),
          nbr: fc.jsonValue(),
          __proto__: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(
    fc.property(bodies, fc.constantFrom(200, 201, 204, 302, 500), (body, status) => {
      const reading = readReply({ status, body }, ASKED, RULES);
      if (!reading.ok) return;
      expect(reading.price).toBeGreaterThan(0);
      expect(reading.price).toBeLessThanOrEqual(ASKED.ping.bid.price);
      expect(reading.plan).toMatchObject({ amount: reading.price });
      expect(reading.expiresInMs).toBeGreaterThan(0);
    }),
    { numRuns: 3_000 },
  );
});

test('every reply the document allows is read one way or another', () => {
  expect(bidReplySchema.safeParse({ price: 1, unknown: true }).success).toBe(true);
});
