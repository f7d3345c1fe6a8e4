import * as fc from 'fast-check';
import { Lockout } from '../../../../src/signaling/registrar/lockout';
import { sourceOf } from '../../../../src/signaling/registrar/source';

const ATTACKER = '198.51.100.1';
const OFFICE = '192.0.2.1';
let now: number;
let lockout: Lockout;
beforeEach(() => {
  now = 5_000;
  lockout = new Lockout({ now: () => now });
});

function fail(userId: string | undefined, address: string, times: number): void {
  for (let i = 0; i < times; i++) lockout.failed({ userId, address });
}
const pause = (userId: string | undefined, address: string): number => lockout.pauseOf({ userId, address });

it('lets a few mistakes pass', () => {
  fail('anna', OFFICE, 5);
  expect(pause('anna', OFFICE)).toBe(0);
});

it('makes the user wait for whom passwords are guessed from many addresses', () => {
  for (let i = 0; i < 11; i++) fail('anna', `198.51.100.${i}`, 1);
  expect(pause('anna', '203.0.113.9')).toBeGreaterThan(0);
  expect(pause('bert', '203.0.113.9')).toBe(0);
});

it('makes the address wait which guesses passwords of many users', () => {
  for (let i = 0; i < 21; i++) fail(`user-${i}`, ATTACKER, 1);
  expect(pause('anna', ATTACKER)).toBeGreaterThan(0);
  expect(pause('anna', OFFICE)).toBe(0);
});

it('makes the address wait for users that there are not', () => {
  fail(undefined, ATTACKER, 21);
  expect(pause(undefined, ATTACKER)).toBeGreaterThan(0);
});

it('leaves users in where they got in before: attacked from elsewhere, and out of the same office', () => {
  lockout.succeeded('anna', OFFICE);
  lockout.succeeded('bert', OFFICE);
  fail('anna', ATTACKER, 100);
  fail('carl', OFFICE, 100);
  expect(pause('anna', ATTACKER)).toBeGreaterThan(0);
  expect(pause('anna', OFFICE)).toBe(0);
  expect(pause('bert', OFFICE)).toBe(0);
  expect(pause('carl', OFFICE)).toBeGreaterThan(0);
});

it('makes even a known place wait when it guesses, and that place alone', () => {
  lockout.succeeded('anna', OFFICE);
  lockout.succeeded('anna', '192.0.2.2');
  fail('anna', OFFICE, 31);
  expect(pause('anna', OFFICE)).toBeGreaterThan(0);
  expect(pause('anna', '192.0.2.2')).toBe(0);
  expect(pause('bert', OFFICE)).toBe(0);
});

it('does not forgive an address for having an account', () => {
  fail('anna', ATTACKER, 21);
  lockout.succeeded('mallory', ATTACKER);
  expect(pause('bert', ATTACKER)).toBeGreaterThan(0);
});

it('doubles pauses up to a limit, lets them pass, and forgets', () => {
  const pauses: number[] = [];
  for (let i = 0; i < 40; i++) {
    now += pause('anna', ATTACKER);
    fail('anna', ATTACKER, 1);
    pauses.push(pause('anna', ATTACKER));
  }
  expect(pauses.slice(0, 14)).toEqual([...Array<number>(10).fill(0), 10_000, 20_000, 40_000, 80_000]);
  expect(Math.max(...pauses)).toBe(30 * 60_000);
  expect(pauses.at(-1)).toBe(30 * 60_000);
  now += 30 * 60_000;
  expect(pause('anna', ATTACKER)).toBe(0);
  now += 120 * 60_000;
  fail('anna', ATTACKER, 10);
  expect(pause('anna', ATTACKER)).toBe(0);
});

it('remembers a bounded number of names, and the latest', () => {
  lockout = new Lockout({ now: () => now, maxNames: 50 });
  for (let i = 0; i < 500; i++) fail(`user-${i}`, `10.0.${i >> 8}.${i & 255}`, 21);
  expect(pause('user-0', '10.0.0.0')).toBe(0);
  expect(pause('user-499', '10.0.1.243')).toBeGreaterThan(0);
});

test('whatever others do, who got in and does not fail does not wait', () => {
  const address = fc.constantFrom(OFFICE, ATTACKER, '203.0.113.5');
  const failure = fc.record({
    userId: fc.constantFrom('anna', 'bert', undefined),
    address,
    later: fc.nat({ max: 60_000 }),
  });
  fc.assert(
    fc.property(fc.array(failure, { size: 'max', maxLength: 200 }), (failures) => {
      lockout = new Lockout({ now: () => now });
      lockout.succeeded('anna', OFFICE);
      for (const { userId, address: from, later } of failures) {
        now += later;
        if (userId === 'anna' && from === OFFICE) continue;
        lockout.failed({ userId, address: from });
        expect(pause('anna', OFFICE)).toBe(0);
      }
    }),
  );
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:0:1::5', '2001:db8:0:1::/64'],
  ['2001:0db8:0000:0001:ffff::1', '2001:db8:0:1::/64'],
  ['2001:db8::5', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s stands for %s', (address, source) => {
  expect(sourceOf(address)).toBe(source);
});
