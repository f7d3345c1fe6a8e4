import fc from 'fast-check';
import { allowedOrigins } from '../../../../src/api/middleware/cors';

const allowed = allowedOrigins([
  'https://console.example.net',
  'https://*.example.com',
  'http://*.dev.example.org:8080',
]);

test.each([
  'https://console.example.net',
  'https://a.example.com',
  'https://a.b-c.example.com',
  'http://x.dev.example.org:8080',
])('%s may call', (origin) => expect(allowed(origin)).toBe(true));

test.each([
  'https://example.com',
  'https://evilexample.com',
  'https://a.example.com.evil.net',
  'https://a.example.comevil.net',
  'https://.example.com',
  'https://-.example.com',
  'https://a..example.com',
  'https://a.exampleXcom',
  'https://evil.net/.example.com',
  'https://evil.net#.example.com',
  'https://evil.net?.example.com',
  'https://user@a.example.com',
  'https://a.example.com:8443',
  'https://a.example.com/',
  'https://a.example.com\n',
  'http://a.example.com',
  'http://x.dev.example.org',
  'https://CONSOLE.example.net',
  'https://*.example.com.',
  'null',
  '',
  `https://${'a.'.repeat(200)}example.com`,
])('%j may not', (origin) => expect(allowed(origin)).toBe(false));

test('nothing but a host below the domain passes by a wild card', () => {
  fc.assert(
    fc.property(fc.webUrl(), fc.string(), (url, text) => {
      for (const origin of [
        url,
        new URL(url).origin,
        `https://${text}.example.com`,
        `https://a.example.com${text}`,
      ]) {
        if (!allowed(origin)) continue;
        expect(new URL(origin).origin).toBe(origin);
        expect(new URL(origin).hostname.endsWith('.example.com')).toBe(true);
      }
    }),
  );
});

test('without origins nobody may', () => {
  expect(allowedOrigins([])('https://a.example.com')).toBe(false);
});
