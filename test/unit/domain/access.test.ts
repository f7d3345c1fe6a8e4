import type { Demand, Principal } from '../../../src/domain';
import { allows, ownOnly, principalName, refusalOf, ROLES } from '../../../src/domain';

const WRITING: Demand = { scope: 'bids:write', tenants: ['buyer'] };
const READING: Demand = { scope: 'bids:read', tenants: ['buyer', 'seller'] };
const INTERNAL: Demand = { scope: 'ledger:read', tenants: [] };

function who(role: Principal['role'], scopes: readonly string[] = ['*']): Principal {
  return { kind: 'user', id: 'u1', accountId: 'a1', role, scopes };
}

test.each([
  ['admin', undefined, undefined, undefined],
  ['auditor', 'role', undefined, undefined],
  ['buyer', undefined, undefined, 'role'],
  ['seller', 'role', undefined, 'role'],
  ['carrier', 'role', 'role', 'role'],
] as const)('what a role may: %s', (role, writing, reading, internal) => {
  expect(refusalOf(who(role), WRITING)).toBe(writing);
  expect(refusalOf(who(role), READING)).toBe(reading);
  expect(refusalOf(who(role), INTERNAL)).toBe(internal);
});

test('the table of roles is whole', () => {
  expect(ROLES).toEqual(['admin', 'auditor', 'buyer', 'seller', 'carrier']);
});

test('scopes narrow what the role may, and never widen it', () => {
  expect(refusalOf(who('admin', ['bids:read']), WRITING)).toBe('scope');
  expect(refusalOf(who('auditor', ['bids:*']), WRITING)).toBe('role');
  expect(refusalOf(who('buyer', []), READING)).toBe('scope');
});

test.each([
  [['*'], 'calls:read', true],
  [['calls:*'], 'calls:read', true],
  [['*:read'], 'calls:read', true],
  [['*:read'], 'calls:write', false],
  [['call'], 'calls:read', false],
  [['calls:read'], 'calls:write', false],
  [['bids:*'], 'calls:read', false],
  [[], 'calls:read', false],
] as const)('scopes %j, wanted %s: %s', (scopes, wanted, expected) => {
  expect(allows(scopes, wanted)).toBe(expected);
});

test('the exchange sees everything, others what is theirs', () => {
  expect(ownOnly({ accountId: 'operator' })).toBeUndefined();
  expect(ownOnly({ accountId: 'a1' })).toBe('a1');
});

test('who did something is named so that kinds are never mixed up', () => {
  expect(principalName({ kind: 'key', id: 'x' })).toBe('x');
  expect(principalName({ kind: 'user', id: 'x' })).toBe('user:x');
});
