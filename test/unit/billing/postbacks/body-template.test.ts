import * as fc from 'fast-check';
import type { BodyTemplate } from '../../../../src/billing/postbacks/body-template';
import { compileFormBody, compileJsonBody } from '../../../../src/billing/postbacks/body-template';
import type { Listener } from '../../../../src/billing/postbacks/events';
import { jsonProblem } from '../../../../src/billing/postbacks/json-problem';
import { eventBody } from '../../../../src/billing/postbacks/told-event';
import { PERSONS, toldEvent } from './fixtures';

function compiled(text: string, listener: Listener = 'operator', compile = compileJsonBody): BodyTemplate {
  const result = compile(text, listener);
  if (!result.ok) throw new Error(`${result.problem.message} at ${result.problem.at}`);
  return result.template;
}
const problem = (text: string, compile = compileJsonBody): unknown => {
  const result = compile(text, 'buyer');
  return result.ok ? 'none' : result.problem;
};

describe('JSON', () => {
  test('macros are values, bare or in text', () => {
    const template = compiled(
      '{ "id": {call_id}, "r": {revenue}, "s": "{revenue} {currency}", "ok": {converted}, "n": {dispute_id}, "e": "{dispute_id}", "at": {ended_at:iso}, "o": {"x": [{duration_s}]} }',
    );
    expect(JSON.parse(template.write(toldEvent()))).toEqual({
      id: 'call-1',
      r: 25,
      s: '25.00 USD',
      ok: true,
      n: null,
      e: '',
      at: '2026-11-21T12:01:05.000Z',
      o: { x: [60] },
    });
  });

  test.each([
    ['{"a": {payout}}', 6, /buyer does not hear of \{payout\}/],
    ['{"a": "{nonsense}"}', 7, /no macro \{nonsense\}/],
    ['{"a": "{ x"}', 7, /brace.*u007b/],
    ['{"a": }', 6, /no JSON/],
    ['{"a": {call_id}', 15, /no JSON/],
    ['{"a": {call_id} {call_id}}', 16, /no JSON/],
    ['{"a": "{call_id}", b: 1}', 19, /no JSON/],
    ['{"{call_id}": 1}', 0, /name of a field/],
    ['{{call_id}: 1}', 1, /no JSON/],
    ['', 0, /no JSON/],
  ])('%s is refused with its place', (template, at, message) => {
    expect(problem(template)).toEqual({ at, message: expect.stringMatching(message) as unknown });
  });

  test('a brace, a quotation mark and a backslash in text are text', () => {
    expect(JSON.parse(compiled('{"a": "\\u007b\\"{call_id}\\"\\\\{currency}"}').write(toldEvent()))).toEqual({
      a: '{"call-1"\\USD',
    });
  });

  test('a value is the value that is read, whatever it holds', () => {
    const template = compiled('{"a": {tag:x}, "b": "<{tag:x}>", "c": ["{tag:y}", {tag:y}], "d": 1}');
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.constantFrom('"', '\\', '","d":2,"e":"', '\u2028', '\ud800', '\0', '{call_id}', '$&', ''),
    );
    fc.assert(
      fc.property(value, value, (x, y) => {
        const body = template.write(toldEvent({ persons: { ...PERSONS, tags: { x, y } } }));
        const [saneX, saneY] = [x, y].map((text) => Buffer.from(text, 'utf8').toString('utf8'));
        expect(JSON.parse(body)).toEqual({ a: saneX, b: `<${saneX}>`, c: [saneY, saneY], d: 1 });
      }),
      { numRuns: 500 },
    );
  });

  test('the place of what is wrong is found in any text', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, n) => {
        expect(jsonProblem(json)).toBeUndefined();
        const at = n % (json.length + 1);
        const broken = `${json.slice(0, at)}\u0001${json.slice(at)}`;
        expect(jsonProblem(broken)).toBe(at);
        expect(jsonProblem(` ${json.slice(0, -1)}`) ?? 0).toBeLessThanOrEqual(json.length);
      }),
    );
  });
});

describe('forms', () => {
  test('values are percent-encoded', () => {
    const template = compiled('id={call_id}&n={caller}&x=a%20b', 'buyer', compileFormBody);
    expect(template.write(toldEvent())).toBe('id=call-1&n=%2B12125550123&x=a%20b');
  });

  test.each([
    ['a={payout}', 2, /does not hear/],
    ['a=b c', 3, /percent-encode/],
    ['a=}', 2, /brace/],
  ])('%s is refused with its place', (template, at, message) => {
    expect(problem(template, compileFormBody)).toEqual({
      at,
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('a value is the value that is read', () => {
    const template = compiled('x={tag:x}&y=1', 'buyer', compileFormBody);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (x) => {
        const told = toldEvent({ persons: { ...PERSONS, tags: { x } } });
        const sane = Buffer.from(x, 'utf8').toString('utf8');
        expect([...new URLSearchParams(template.write(told))]).toEqual([
          ['x', sane],
          ['y', '1'],
        ]);
      }),
    );
  });
});

test('the event as JSON tells what its listener may know, and no more', () => {
  const seen = (listener: Listener): unknown =>
    (JSON.parse(eventBody(toldEvent({ persons: undefined }, listener))) as { data: unknown }).data;
  const common = {
    callId: 'call-1',
    campaignId: 'campaign-1',
    durationS: 60,
    connectedMs: 59_700,
    converted: true,
    currency: 'USD',
    receivedAt: '2026-11-21T12:00:00.000Z',
    answeredAt: '2026-11-21T12:00:05.000Z',
    endedAt: '2026-11-21T12:01:05.000Z',
  };
  const buyers = {
    buyerId: 'buyer-1',
    buyerAccountId: 'buyer-account',
    targetId: 'target-1',
    bidId: 'bid-1',
    revenue: '25.00',
  };
  const sellers = { sellerId: 'seller-account', did: 'did-1', payout: '8.123456' };
  expect(seen('buyer')).toEqual({ ...common, ...buyers });
  expect(seen('seller')).toEqual({ ...common, ...sellers });
  expect(seen('operator')).toEqual({ ...common, ...buyers, ...sellers });
  expect(JSON.parse(eventBody(toldEvent()))).toMatchObject({
    id: '17',
    event: 'call.settled',
    at: '2026-11-21T12:01:05.250Z',
    data: { caller: '+12125550123', dialled: '+18005550100' },
  });
});
