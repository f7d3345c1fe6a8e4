import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { Breakers } from '../../../../src/billing/postbacks/breakers';
import { judgeReply } from '../../../../src/billing/postbacks/judge-reply';
import { GIVE_UP_MS, retryAfter, retryDelay } from '../../../../src/billing/postbacks/retry';
import { signPostback } from '../../../../src/billing/postbacks/signature';

const NOW = Date.UTC(2026, 10, 21, 12);
const replied = (status: number, header?: string) =>
  judgeReply({ ok: true, status, retryAfter: header, excerpt: 'said' }, 1, NOW, 0);

test('attempts come later and later, up to three days', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 99].map((attempts) => retryDelay(attempts, 0) / 1000)).toEqual([
    5, 30, 120, 600, 3_600, 21_600, 21_600, 21_600,
  ]);
  expect(retryDelay(1, 1)).toBe(6_250);
  let time = 0;
  let attempts = 1;
  while (time + retryDelay(attempts, 0) <= GIVE_UP_MS) time += retryDelay(attempts++, 0);
  expect(attempts).toBe(17);
});

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['86400', 3_600_000],
  ['Sat, 21 Nov 2026 12:00:30 GMT', 30_000],
  ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
  ['soon', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['99999999999999', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After: %s is %s ms', (header, ms) => expect(retryAfter(header, NOW)).toBe(ms));

test('only 2xx is success, 410 is an end, the rest is tried again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 599 }), (status) => {
      const { outcome } = replied(status);
      expect(outcome).toBe(status >= 200 && status < 300 ? 'delivered' : status === 410 ? 'gone' : 'failed');
    }),
  );
  expect(replied(429, '600')).toMatchObject({ retryMs: 600_000, restMs: 600_000, works: false });
  expect(replied(429, '1')).toMatchObject({ retryMs: 5_000, restMs: 1_000 });
  // Only who is busy is believed.
  expect(replied(500, '600')).toMatchObject({ retryMs: 5_000, restMs: 0, works: false });
  expect(replied(404)).toMatchObject({ works: true, error: 'answered 404' });
  expect(judgeReply({ ok: false, why: 'unreachable', detail: 'x'.repeat(900) }, 2, NOW, 0)).toMatchObject({
    outcome: 'failed',
    works: false,
    status: null,
    retryMs: 30_000,
    error: `unreachable: ${'x'.repeat(487)}`,
  });
  expect(judgeReply({ ok: false, why: 'aborted', detail: '' }, 1, NOW, 0).works).toBeUndefined();
});

test('a signature is the HMAC of the seconds, a dot and what is sent, by every secret', () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { minLength: 1, maxLength: 3 }), (content, secrets) => {
      const [time, ...signatures] = signPostback(content, secrets, NOW + 999).split(',');
      expect(time).toBe(`t=${NOW / 1000}`);
      expect(signatures).toEqual(
        secrets.map((secret) => {
          const mac = createHmac('sha256', Buffer.from(secret, 'utf8'));
          return `v1=${mac.update(Buffer.from(`${NOW / 1000}.${content}`, 'utf8')).digest('hex')}`;
        }),
      );
    }),
  );
});

test('a breaker that is open lets nothing through, then one', () => {
  let now = 0;
  const breakers = new Breakers({ requests: 2, failureRatio: 1, openMs: 100 }, () => now);
  const fail = (id: string): void => {
    const pass = breakers.enter(id);
    if (pass !== undefined) breakers.leave(id, pass, false);
  };
  fail('a');
  expect(breakers.limits()).toEqual(new Map());
  fail('a');
  fail('b');
  expect(breakers.limits()).toEqual(new Map([['a', 0]]));
  expect(breakers.enter('a')).toBeUndefined();
  now = 100;
  expect(breakers.limits()).toEqual(new Map([['a', 1]]));
  const probe = breakers.enter('a');
  expect(breakers.enter('a')).toBeUndefined();
  breakers.leave('a', probe ?? -1, undefined);
  expect(breakers.limits()).toEqual(new Map([['a', 1]]));
  const another = breakers.enter('a');
  breakers.leave('a', another ?? -1, true);
  expect(breakers.limits()).toEqual(new Map());
});
