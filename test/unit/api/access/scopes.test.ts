import fc from 'fast-check';
import { assertCovered, covers, meetOf } from '../../../../src/api/access/scopes';
import { allows } from '../../../../src/domain';

const RESOURCES = ['calls', 'users', 'bids'];
const ACTIONS = ['read', 'write'];
const WANTED = RESOURCES.flatMap((resource) => ACTIONS.map((action) => `${resource}:${action}`));
const scope = fc.oneof(
  fc.constantFrom('*', '*:read', '*:write'),
  fc
    .tuple(fc.constantFrom(...RESOURCES), fc.constantFrom(...ACTIONS, '*'))
    .map(([resource, action]) => `${resource}:${action}`),
);
const scopes = fc.array(scope, { maxLength: 4 });

test('two sets of scopes together allow what both allow, and nothing else', () => {
  fc.assert(
    fc.property(scopes, scopes, (some, others) => {
      for (const wanted of WANTED) {
        expect(allows(meetOf(some, others), wanted)).toBe(allows(some, wanted) && allows(others, wanted));
      }
    }),
  );
});

test('what is covered gives nothing that was not there', () => {
  fc.assert(
    fc.property(scopes, scope, (own, one) => {
      if (!covers(own, one)) return;
      for (const wanted of WANTED) if (allows([one], wanted)) expect(allows(own, wanted)).toBe(true);
    }),
  );
  expect(covers(['*'], '*')).toBe(true);
  expect(covers(['calls:*', '*:read'], 'calls:write')).toBe(true);
  expect(covers(['calls:read', 'calls:write'], '*')).toBe(false);
  expect(covers(['*:read'], 'calls:*')).toBe(false);
});

test('who gives away too much hears of each scope that is', () => {
  expect(() => assertCovered(['calls:*'], ['calls:read'])).not.toThrow();
  expect(() => assertCovered(['calls:*'], ['calls:read', 'bids:read', '*'])).toThrow(
    expect.objectContaining({
      code: 'scope_too_wide',
      details: {
        errors: [
          { in: 'body', pointer: '/scopes/1', message: expect.any(String) as string },
          { in: 'body', pointer: '/scopes/2', message: expect.any(String) as string },
        ],
      },
    }),
  );
});
