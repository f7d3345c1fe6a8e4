import type { E164 } from '../../../src/domain';
import { RequestTemplate } from '../../../src/lookups/request-template';

const NUMBER = '+12125550123' as E164;
const consentDate = Date.UTC(2026, 0, 5, 23, 59);
const template = (url: string, body?: Record<string, unknown>): RequestTemplate =>
  new RequestTemplate({ name: 'scrub', url, body }, undefined);

test('a number is written into path and query as the provider wants it, and nowhere else', () => {
  const url = 'https://api.example.com/v2/{national}/scrub?phone={number}&raw={digits}&since={consentDay}';
  const one = template(url);
  expect(one.origin.href).toBe('https://api.example.com/');
  expect(one.needsConsent).toBe(true);
  expect(one.write({ number: NUMBER, consentDate })).toEqual({
    path: '/v2/2125550123/scrub?phone=%2B12125550123&raw=12125550123&since=20260105',
    body: undefined,
  });
  expect(one.write({ number: '+442079460958' as E164, consentDate: undefined }).path).toBe(
    '/v2/442079460958/scrub?phone=%2B442079460958&raw=442079460958&since=',
  );
});

test('a body is written as JSON, its texts alone', () => {
  const one = template('http://127.0.0.1:8080', {
    numbers: ['{number}', { tn: '{national}', permission: '{consentDate}' }],
    batch: 1,
    none: null,
    '{number}': true,
  });
  const { path, body } = one.write({ number: NUMBER, consentDate });
  expect(path).toBe('/');
  expect(JSON.parse(body ?? '')).toEqual({
    numbers: ['+12125550123', { tn: '2125550123', permission: '2026-01-05' }],
    batch: 1,
    none: null,
    '{number}': true,
  });
});

test('one without a date asks the same on every day', () => {
  expect(template('https://api.example.com/{number}').needsConsent).toBe(false);
});

test('a secret goes where the provider wants it, and cannot be forgotten', () => {
  const settings = {
    name: 'scrub',
    url: 'https://example.com/{number}?key={secret}',
    body: { auth: ['{secret}'] },
    headers: { Authorization: 'Bearer {secret}', 'X-Literal': '{number}' },
  };
  const one = new RequestTemplate(settings, 's3c&t');
  expect(one.headers).toEqual({
    Accept: 'application/json',
    Authorization: 'Bearer s3c&t',
    'X-Literal': '{number}',
  });
  expect(one.write({ number: NUMBER, consentDate: undefined })).toEqual({
    path: '/%2B12125550123?key=s3c%26t',
    body: '{"auth":["s3c&t"]}',
  });
  for (const part of ['url', 'body', 'headers'] as const) {
    const only = { name: 'scrub', url: 'https://example.com/{number}', [part]: settings[part] };
    expect(() => new RequestTemplate(only, undefined)).toThrow('its secret is missing');
  }
  for (const headers of [{ 'no header': 'x' }, { 'X-Key': 'two\nlines' }]) {
    expect(() => new RequestTemplate({ name: 'scrub', url: settings.url, headers }, 's')).toThrow(
      'cannot be sent',
    );
  }
});

test.each([
  ['a word in the host', 'https://{number}.example.com/'],
  ['a user in the host', 'https://key@example.com/{number}'],
  ['another scheme', 'ftp://example.com/{number}'],
  ['a file', 'file:///etc/passwd?{number}'],
  ['a blank', 'https://example.com/a b/{number}'],
  ['a fragment', 'https://example.com/#{number}'],
  ['no number', 'https://example.com/scrub'],
  ['an unknown word', 'https://example.com/{phone}?{number}'],
  ['no address', '{number}'],
])('%s is refused', (_what, url) => {
  expect(() => template(url)).toThrow(RangeError);
});
