import type { Request, Response } from 'express';
import { csrf } from '../../../../src/api/middleware/csrf';
import { requestId } from '../../../../src/api/middleware/request-context';
import type { AppError } from '../../../../src/domain';

const TOKEN = 'the token of this session';

/** What becomes of a request with these headers: undefined when it goes on. */
function judged(
  headers: Record<string, string>,
  more: { method?: string; cookie?: boolean; area?: string } = {},
) {
  const { method = 'POST', cookie = true, area = 'account' } = more;
  const known = new Map(
    Object.entries({ Host: 'dce.example', ...headers }).map(([k, v]) => [k.toLowerCase(), v]),
  );
  const request = { method, get: (name: string) => known.get(name.toLowerCase()) } as unknown as Request;
  const response = { setHeader: () => undefined, once: () => undefined } as unknown as Response;
  requestId({ find: () => ({ area }) } as never)(request, response, () => undefined);
  const step = csrf(
    () => (cookie ? TOKEN : undefined),
    (origin) => origin === 'https://console.example',
  );
  try {
    let went = false;
    void step(request, response, () => (went = true));
    return went ? undefined : 'nothing';
  } catch (error) {
    return (error as AppError).code;
  }
}

const own = { Origin: 'https://dce.example', 'X-CSRF-Token': TOKEN };

test('a session in a cookie needs a page of ours, or of an allowed origin, with its token', () => {
  expect(judged(own)).toBeUndefined();
  expect(judged({ ...own, Origin: 'https://console.example' })).toBeUndefined();
  expect(judged({ 'X-CSRF-Token': TOKEN })).toBeUndefined();
});

test.each([
  [{ Origin: 'https://evil.example' }, 'foreign_origin'],
  [{ Origin: 'https://dce.example.evil.example' }, 'foreign_origin'],
  [{ Origin: 'null' }, 'foreign_origin'],
  [{ Origin: '' }, 'foreign_origin'],
  [{ 'X-CSRF-Token': '' }, 'csrf_token_wrong'],
  [{ 'X-CSRF-Token': `${TOKEN}x` }, 'csrf_token_wrong'],
])('with %j it is refused', (headers, code) => expect(judged({ ...own, ...headers })).toBe(code));

test('without a token, or from another site, it is refused', () => {
  expect(judged({ Origin: 'https://dce.example' })).toBe('csrf_token_wrong');
  expect(judged({ 'X-CSRF-Token': TOKEN, 'Sec-Fetch-Site': 'cross-site' })).toBe('foreign_origin');
});

test('who shows a key in a header, only reads, or is open to anybody needs none', () => {
  expect(judged({ Origin: 'https://evil.example' }, { cookie: false })).toBeUndefined();
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    expect(judged({ Origin: 'https://evil.example' }, { method })).toBeUndefined();
  }
  expect(judged({ Origin: 'https://evil.example' }, { area: 'phone' })).toBeUndefined();
});
