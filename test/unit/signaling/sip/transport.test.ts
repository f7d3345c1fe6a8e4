import type { RawMessage } from '../../../../src/signaling/sip/drachtio-raw';
import { DrachtioView } from '../../../../src/signaling/sip/drachtio-request';

const told = (protocol: string, via: string, viaTellsWebSocket: boolean) =>
  new DrachtioView(
    {
      protocol,
      has: () => true,
      get: () => `SIP/2.0/${via} k3j2.invalid;branch=z9hG4bK1`,
    } as unknown as RawMessage,
    { viaTellsWebSocket },
  ).transport;

test('what a peer writes into its Via is not believed of a server that tells connections as they are', () => {
  expect(told('tcp', 'WS', false)).toBe('tcp');
  expect(told('tls', 'WSS', false)).toBe('tls');
  expect(told('wss', 'TCP', false)).toBe('wss');
});

test('a server that tells WebSocket connections as TCP or TLS leaves the truth in the Via', () => {
  expect(told('tcp', 'WS', true)).toBe('ws');
  expect(told('tls', 'WSS', true)).toBe('wss');
  expect(told('tls', 'TLS', true)).toBe('tls');
  expect(told('udp', 'WS', true)).toBe('udp');
});
