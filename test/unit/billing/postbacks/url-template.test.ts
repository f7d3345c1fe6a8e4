import * as fc from 'fast-check';
import type { Listener } from '../../../../src/billing/postbacks/events';
import type { UrlTemplate } from '../../../../src/billing/postbacks/url-template';
import { compileUrl } from '../../../../src/billing/postbacks/url-template';
import { PERSONS, toldEvent } from './fixtures';

function compiled(text: string, listener: Listener = 'operator'): UrlTemplate {
  const result = compileUrl(text, listener);
  if (!result.ok) throw new Error(`${result.problem.message} at ${result.problem.at}`);
  return result.template;
}
const written = (text: string, told = toldEvent()): string => compiled(text).write(told);
const problem = (text: string, listener: Listener = 'operator'): unknown => {
  const result = compileUrl(text, listener);
  return result.ok ? 'none' : result.problem;
};

test.each([
  ['https://a.example/', 'https://a.example/'],
  ['https://a.example', 'https://a.example/'],
  ['https://a.example?c={call_id}', 'https://a.example/?c=call-1'],
  ['https://A.example:8443/p/{call_id}/x', 'https://a.example:8443/p/call-1/x'],
  ['https://a.example/?r={revenue}&p={payout}&c={currency}', 'https://a.example/?r=25.00&p=8.123456&c=USD'],
  ['https://a.example/?n={caller}&d={caller:digits}', 'https://a.example/?n=%2B12125550123&d=12125550123'],
  ['https://a.example/?z={tag:zip}&Z={tag:ZIP}&n={tag:no}', 'https://a.example/?z=10001&Z=10001&n='],
  ['https://a.example/?c={converted}{converted:int}', 'https://a.example/?c=true1'],
  ['https://a.example/?t={ended_at:iso}', 'https://a.example/?t=2026-11-21T12%3A01%3A05.000Z'],
  ['https://a.example/?t={ended_at}&s={ended_at:s}', 'https://a.example/?t=1795262465000&s=1795262465'],
  [
    'https://a.example/?t={time:ms}&e={event}&i={event_id}',
    'https://a.example/?t=1795262465250&e=call.settled&i=17',
  ],
  ['https://a.example/?x={dispute_id}y', 'https://a.example/?x=y'],
])('%s becomes %s', (template, url) => expect(written(template)).toBe(url));

test.each([
  ['ftp://a.example/', 0, /https/],
  ['https:///x', 8, /host/],
  ['https://{caller}.example/', 8, /host/],
  ['https://a.example:{call_id}/', 18, /host/],
  ['https://me:secret@a.example/', 17, /user/],
  ['https://a.example/{nonsense}', 18, /no macro \{nonsense\}/],
  ['https://a.example/?a={call_id}&b={callid}', 33, /no macro \{callid\}/],
  ['https://a.example/{', 18, /brace/],
  ['https://a.example/a}b', 19, /brace/],
  ['https://a.example/{tag}', 18, /of what/],
  ['https://a.example/{revenue:iso}', 18, /written as iso/],
  ['https://a.example/a b', 19, /percent-encode/],
  ['https://a.example/é', 18, /percent-encode/],
  ['https://a.example/#{call_id}', 18, /percent-encode/],
])('%s is refused with its place', (template, at, message) => {
  expect(problem(template)).toEqual({ at, message: expect.stringMatching(message) as unknown });
});

test('a buyer cannot ask for the payout, nor a seller for the price and its buyer', () => {
  const at = (macro: string, listener: Listener): unknown => problem(`https://a.example/${macro}`, listener);
  const refused = expect.objectContaining({
    at: 18,
    message: expect.stringMatching(/does not hear/) as unknown,
  });
  for (const macro of ['{payout}', '{previous_payout}', '{seller_id}', '{did}', '{dialled}']) {
    expect(at(macro, 'buyer')).toEqual(refused);
    expect(at(macro, 'operator')).toBe('none');
  }
  for (const macro of [
    '{revenue}',
    '{buyer_id}',
    '{buyer_account_id}',
    '{target_id}',
    '{bid_id}',
    '{carrier_cost}',
  ]) {
    expect(at(macro, 'seller')).toEqual(refused);
    expect(at(macro, 'operator')).toBe('none');
  }
  for (const macro of ['{call_id}', '{caller}', '{converted}', '{tag:sub_id}']) {
    expect([at(macro, 'buyer'), at(macro, 'seller')]).toEqual(['none', 'none']);
  }
});

test('a value stays in its place, whatever it holds', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '../../admin',
      '//evil.example',
      '?a=b&c=d',
      '#x',
      '\\',
      '@',
      '\ud800',
      '\0',
      '',
    ),
  );
  const template = compiled('https://a.example/p/{tag:a}/q{tag:b}/.{tag:c}?x={tag:d}&y={tag:e}z');
  fc.assert(
    fc.property(fc.record({ a: value, b: value, c: value, d: value, e: value }), (tags) => {
      const url = new URL(template.write(toldEvent({ persons: { ...PERSONS, tags } })));
      expect([url.origin, url.username, url.hash]).toEqual(['https://a.example', '', '']);
      const segments = url.pathname.split('/');
      expect(segments).toHaveLength(5);
      expect(segments[1]).toBe('p');
      const sane = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');
      const dots = (text: string): string => (/^\.{1,2}$/.test(text) ? '' : text);
      expect(decodeURIComponent(segments[2] as string)).toBe(dots(sane(tags.a)));
      expect(decodeURIComponent(segments[3] as string)).toBe(`q${sane(tags.b)}`);
      expect(decodeURIComponent(segments[4] as string)).toBe(dots(`.${sane(tags.c)}`));
      expect([...url.searchParams]).toEqual([
        ['x', sane(tags.d)],
        ['y', `${sane(tags.e)}z`],
      ]);
    }),
    { numRuns: 500 },
  );
});

test('a URL that gets too long is not sent', () => {
  const told = toldEvent({ persons: { ...PERSONS, tags: { long: 'é'.repeat(2_000) } } });
  expect(() => written('https://a.example/{tag:long}', told)).toThrow(RangeError);
});

test('a number that was erased, and a tag called like a property of every object, are empty', () => {
  const told = toldEvent({ persons: { caller: undefined, dialled: undefined, tags: {} } });
  expect(written('https://a.example/?c={caller}&t={tag:constructor}&u={tag:__proto__}', told)).toBe(
    'https://a.example/?c=&t=&u=',
  );
});
