import fc from 'fast-check';
import { CircuitBreaker, DEFAULT_BREAKER } from '../../../src/domain';

let now = 0;
const breaker = (): CircuitBreaker => {
  now = 0;
  return new CircuitBreaker(DEFAULT_BREAKER, () => now);
};
const send = (on: CircuitBreaker, ok: boolean): boolean => {
  const pass = on.enter();
  if (pass !== undefined) on.leave(pass, ok);
  return pass !== undefined;
};
const open = (): CircuitBreaker => {
  const one = breaker();
  for (let n = 0; n < 10; n++) send(one, n % 2 === 0);
  return one;
};

test('it opens when half of the latest ten requests failed, and not a request earlier', () => {
  const one = breaker();
  for (let n = 0; n < 9; n++) expect(send(one, false)).toBe(true);
  expect(one.state).toBe('closed');
  send(one, true);
  expect(one.state).toBe('open');
  expect(send(one, true)).toBe(false);
});

test('four failures of ten leave it closed, and old ones are forgotten', () => {
  const one = breaker();
  for (let n = 0; n < 4; n++) send(one, false);
  for (let n = 0; n < 6; n++) send(one, true);
  expect(one.state).toBe('closed');
  // Each pushes one of the old failures out.
  for (let n = 0; n < 4; n++) send(one, false);
  expect(one.state).toBe('closed');
  send(one, false);
  expect(one.state).toBe('open');
});

test('after a minute one probe goes through; success closes it, and it counts anew', () => {
  const one = open();
  now = 59_999;
  expect(one.enter()).toBeUndefined();
  now = 60_000;
  expect(one.state).toBe('half_open');
  const probe = one.enter();
  expect(probe).toBeDefined();
  expect(one.enter()).toBeUndefined();
  one.leave(probe ?? -1, true);
  expect(one.state).toBe('closed');
  for (let n = 0; n < 9; n++) send(one, false);
  expect(one.state).toBe('closed');
});

test('a probe that fails opens it for another minute', () => {
  const one = open();
  now = 60_000;
  const probe = one.enter() ?? -1;
  now = 60_100;
  one.leave(probe, false);
  expect(one.state).toBe('open');
  now = 120_099;
  expect(one.enter()).toBeUndefined();
  now = 120_100;
  expect(one.enter()).toBeDefined();
});

test('a probe that never comes back does not keep the peer out for ever', () => {
  const one = open();
  now = 60_000;
  const lost = one.enter() ?? -1;
  now = 120_000;
  const second = one.enter();
  expect(second).toBeDefined();
  one.leave(lost, false);
  expect(one.state).toBe('half_open');
  one.leave(second ?? -1, true);
  expect(one.state).toBe('closed');
});

test('outcomes of requests from before it opened are passed over', () => {
  const one = breaker();
  const slow = one.enter() ?? -1;
  for (let n = 0; n < 10; n++) send(one, false);
  one.leave(slow, true);
  expect(one.state).toBe('open');
  now = 60_000;
  const probe = one.enter() ?? -1;
  one.leave(slow, true);
  expect(one.state).toBe('half_open');
  one.leave(probe, true);
  expect(one.state).toBe('closed');
});

test('a probe that says nothing about the peer leaves its place to the next', () => {
  const one = breaker();
  for (let n = 0; n < 10; n++) send(one, false);
  now += 60_000;
  one.forget(one.enter() as number);
  expect(one.state).toBe('half_open');
  expect(one.enter()).toEqual(expect.any(Number));
  expect(one.enter()).toBeUndefined();
});

test('settings that cannot be kept are refused', () => {
  for (const wrong of [
    { requests: 0 },
    { requests: 1.5 },
    { failureRatio: 0 },
    { failureRatio: 1.1 },
    { openMs: 0 },
  ]) {
    expect(() => new CircuitBreaker({ ...DEFAULT_BREAKER, ...wrong }, () => 0)).toThrow(RangeError);
  }
});

test('law: closed with fewer failures among its latest than it bears; never two probes in one wait', () => {
  const step = fc.record({ ok: fc.boolean(), waits: fc.integer({ min: 0, max: 40_000 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const one = breaker();
      let latest: boolean[] = [];
      let lastPass = -Infinity;
      for (const { ok, waits } of steps) {
        now += waits;
        const before = one.state;
        const passed = send(one, ok);
        expect(passed).toBe(before !== 'open');
        if (!passed) continue;
        if (before === 'half_open') {
          expect(now - lastPass).toBeGreaterThanOrEqual(60_000);
          latest = [];
        } else latest = [...latest, ok].slice(-10);
        lastPass = now;
        const failed = latest.filter((one) => !one).length;
        if (before === 'closed') expect(one.state === 'open').toBe(latest.length === 10 && failed >= 5);
      }
    }),
  );
});
