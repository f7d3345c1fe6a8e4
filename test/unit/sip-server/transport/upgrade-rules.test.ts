import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { UpgradeRules } from '../../../../src/sip-server/transport/upgrade-rules';

function asked(headers: Record<string, string>): IncomingMessage {
  return { headers } as unknown as IncomingMessage;
}

const sip = { 'sec-websocket-protocol': 'sip' };

test.each([
  [{ 'sec-websocket-protocol': 'SIP' }, undefined],
  [{ 'sec-websocket-protocol': 'chat, sip' }, undefined],
  [{ 'sec-websocket-protocol': 'sipx' }, 400],
  [{}, 400],
])('sub-protocol of %j', (headers, status) => {
  expect(new UpgradeRules().refusal(asked(headers))?.status).toBe(status);
});

test.each([
  ['https://phone.example.com', undefined],
  ['HTTPS://PHONE.example.com', undefined],
  ['https://phone.example.com:444', 403],
  ['https://phone.example.com.evil.org', 403],
  ['null', 403],
])('origin %s', (origin, status) => {
  const rules = new UpgradeRules({ origins: ['https://phone.example.com'] });
  expect(rules.refusal(asked({ ...sip, origin }))?.status).toBe(status);
});

describe('X-Forwarded-For', () => {
  const rules = new UpgradeRules({ trustedProxies: ['10.0.0.0/8', '2001:db8::1'] });

  test.each([
    ['198.51.100.1', '198.51.100.1'],
    ['203.0.113.9, 198.51.100.1', '198.51.100.1'],
    ['198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['2001:db8::77, 2001:db8::1', '2001:db8::77'],
    ['10.1.2.3', undefined],
    ['unknown', undefined],
    ['198.51.100.1, unknown', undefined],
    ['', undefined],
  ])('%s', (forwarded, client) => {
    expect(rules.clientBehind(asked({ 'x-forwarded-for': forwarded }))).toBe(client);
  });

  test('whatever a client puts before it, what the proxy saw counts', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.ipV4().filter((ip) => !ip.startsWith('10.')),
        (forged, seen) => {
          const header = `${forged}, ${seen}`;
          expect(rules.clientBehind(asked({ 'x-forwarded-for': header }))).toBe(seen);
        },
      ),
    );
  });

  test('who is a proxy', () => {
    expect(rules.isProxy('10.9.9.9')).toBe(true);
    expect(rules.isProxy('2001:db8::1')).toBe(true);
    expect(rules.isProxy('192.0.2.1')).toBe(false);
    expect(rules.isProxy('')).toBe(false);
  });
});
