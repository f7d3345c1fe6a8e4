import { createRequire } from 'node:module';
import { sendable } from '../../../../src/signaling/sip/sendable';

const known = createRequire(require.resolve('drachtio-srf'))('sip-status') as Record<string, string>;

test('what somebody else said can be sent, in the same class', () => {
  for (let status = 100; status < 700; status++) {
    const sent = sendable(status);
    expect(known).toHaveProperty(String(sent));
    expect(Math.floor(sent / 100)).toBe(Math.floor(status / 100));
    if (String(status) in known) expect(sent).toBe(status);
  }
  expect(sendable(0)).toBe(500);
});
