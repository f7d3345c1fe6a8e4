import { createHmac } from 'node:crypto';
import { loadConfig } from '../../../src/config';
import { iceServers, issuedAfter, websocketUrls } from '../../../src/parts/phone-parts';

const configOf = (flags: Record<string, string>) => loadConfig({ env: {}, flags, file: undefined }).config;
const LISTENING = ['udp/127.0.0.1:5060', 'ws/0.0.0.0:8088', 'wss/[::]:8443', 'tls/0.0.0.0:5061'];

test('pages reach SIP at the host that they were loaded from, safest first', () => {
  const config = configOf({});
  const host = 'phones.example';
  expect(websocketUrls(config, LISTENING, { host, secure: false })).toEqual([
    'wss://phones.example:8443',
    'ws://phones.example:8088',
  ]);
  expect(websocketUrls(config, LISTENING, { host, secure: true })).toEqual(['wss://phones.example:8443']);
  expect(websocketUrls(config, LISTENING.slice(0, 1), { host, secure: false })).toEqual([]);
});

test('or where the configuration says', () => {
  const config = configOf({ 'phone.websocketUrls': 'wss://sip.example/ws' });
  expect(websocketUrls(config, LISTENING, { host: 'x', secure: true })).toEqual(['wss://sip.example/ws']);
});

test('credentials of TURN servers say until when they are good, and whose they are', () => {
  const secret = 'shared with coturn';
  const config = configOf({
    'phone.stunUrls': 'stun:stun.example',
    'phone.turn.urls': 'turn:turn.example:3478?transport=udp,turns:turn.example',
    'phone.turn.secret': secret,
  });
  expect(iceServers(config, 'ann', 1_700_000_000)).toEqual([
    { urls: ['stun:stun.example'] },
    {
      urls: ['turn:turn.example:3478?transport=udp', 'turns:turn.example'],
      username: '1700000000:ann',
      credential: createHmac('sha1', secret).update('1700000000:ann').digest('base64'),
    },
  ]);
  expect(iceServers(configOf({}), 'ann', 1)).toEqual([]);
});

test.each([
  [undefined, 12_345, 12],
  [12_345, 12_999, 13],
  [12_000, 12_000, 12],
  [12_345, 20_000, 20],
])('credentials are good after a sign-out at %p', (signedOutAt, now, seconds) => {
  expect(issuedAfter(signedOutAt, now)).toBe(seconds);
});

test.each([
  [{ 'phone.relayOnly': 'true' }, 'phone.relayOnly'],
  [{ 'phone.turn.urls': 'turn:turn.example' }, 'phone.turn.secret'],
  [{ 'phone.turn.urls': 'stun:turn.example' }, 'phone.turn.urls'],
  [{ 'api.tls.certFile': 'cert.pem' }, 'api.tls.keyFile'],
  [{ 'phone.dispositions': '[{"code":"a","label":"A"},{"code":"a","label":"B"}]' }, 'phone.dispositions'],
])('%p cannot be', (flags, setting) => {
  expect(() => configOf(flags as unknown as Record<string, string>)).toThrow(setting);
});
