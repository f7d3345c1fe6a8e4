import fc from 'fast-check';
import { bestResponse } from '../../../../src/sip-server/core/best-response';
import type { SipResponse } from '../../../../src/sip-server/message';
import { headerValues } from '../../../../src/sip-server/message';

function response(status: number, headers: Record<string, string> = {}): SipResponse {
  return {
    kind: 'response',
    status,
    reason: 'Test',
    headers: Object.entries(headers).map(([name, value]) => ({ name, key: name.toLowerCase(), value })),
    body: '',
  };
}

test.each([
  [[486, 603, 404], 603],
  [[503, 486], 486],
  [[500, 302], 302],
  [[404, 407], 407],
  [[404, 484, 486], 484],
  [[408, 486], 486],
  [[408, 503], 408],
  [[503], 500],
  [[503, 502], 502],
  [[486, 404], 486],
])('%j: %i goes back', (given, best) => {
  expect(bestResponse(given.map((status) => response(status)))?.status).toBe(best);
});

test('nothing came: nothing goes back', () => expect(bestResponse([])).toBeUndefined());

test('challenges of all branches are gathered, those that did not challenge say nothing', () => {
  const best = bestResponse([
    response(404, { 'WWW-Authenticate': 'not one' }),
    response(407, { 'Proxy-Authenticate': 'one' }),
    response(401, { 'WWW-Authenticate': 'two' }),
    response(407, { 'Proxy-Authenticate': 'three' }),
  ]);
  expect(best?.status).toBe(407);
  expect(best && headerValues(best, 'proxy-authenticate')).toEqual(['one', 'three']);
  expect(best && headerValues(best, 'www-authenticate')).toEqual(['two']);
});

test('the best is of the lowest class that came, a 6xx above all; it is never a 503', () => {
  const statuses = fc.array(fc.integer({ min: 300, max: 699 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(statuses, (given) => {
      const best = bestResponse(given.map((status) => response(status)))?.status ?? 0;
      const global = given.some((status) => status >= 600);
      const lowest = Math.min(...given.map((status) => Math.floor(status / 100)));
      expect(Math.floor(best / 100)).toBe(global ? 6 : lowest);
      expect(best).not.toBe(503);
    }),
  );
});
