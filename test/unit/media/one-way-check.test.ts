import type { SessionLeg } from '../../../src/media/mediasoup/negotiated-leg';
import { OneWayCheck } from '../../../src/media/mediasoup/one-way-check';

const AFTER_MS = 2_500;

let now = 10_000;
beforeEach(() => {
  now = 10_000;
  jest.useFakeTimers({ doNotFake: ['performance'] });
});
afterEach(() => jest.useRealTimers());

/** A leg that was last heard at one moment, and where a look finds another. */
function legHeard(at: number | undefined, found = at): { readonly leg: SessionLeg; looks: number } {
  const fake = {
    looks: 0,
    leg: {
      remoteDirection: () => 'sendrecv',
      path: {
        lastMediaAt: at,
        look: () => {
          fake.looks++;
          fake.leg.path.lastMediaAt = found;
          return Promise.resolve();
        },
      },
    },
  };
  return fake as unknown as { readonly leg: SessionLeg; looks: number };
}

async function check(a: SessionLeg, b: SessionLeg): Promise<SessionLeg[]> {
  const silent: SessionLeg[] = [];
  new OneWayCheck({ legs: [a, b], afterMs: AFTER_MS, now: () => now, onSilent: (leg) => silent.push(leg) });
  now += AFTER_MS;
  await jest.advanceTimersByTimeAsync(AFTER_MS);
  return silent;
}

test('who was heard since is not looked at once more; who was not is', async () => {
  const [heard, late] = [legHeard(now + 1_000), legHeard(now - 1, now + 2_000)];
  expect(await check(heard.leg, late.leg)).toEqual([]);
  expect([heard.looks, late.looks]).toEqual([0, 1]);
});

test('who was heard before alone, or never, is told of', async () => {
  const [before, never] = [legHeard(now - 1), legHeard(undefined)];
  expect(await check(before.leg, never.leg)).toEqual([before.leg, never.leg]);
});
