import {
  headerValue,
  headerValues,
  parseMessage,
  parseUri,
  parseVia,
  splitTopVia,
  tagOf,
} from '../../../../src/sip-server/message';
import type { SipMessage } from '../../../../src/sip-server/message';
import { TORTURE } from './torture-messages';

function read(name: string): SipMessage {
  const found = TORTURE.find((item) => item.name.startsWith(name));
  if (!found) throw new Error(`no message ${name}`);
  const parsed = parseMessage(Buffer.from(found.text, 'latin1'));
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}

describe('RFC 4475', () => {
  test.each(TORTURE)('$name', ({ text, parsed }) => {
    const result = parseMessage(Buffer.from(text, 'latin1'));
    if (result.ok) expect('ok').toBe(parsed);
    else expect(result.status ?? 'refused').toBe(parsed);
  });

  test('the tortuous INVITE is understood through its folds and spaces', () => {
    const message = read('3.1.1.1');
    expect(tagOf(headerValue(message, 'from') ?? '')).toBe('98asjd8');
    expect(tagOf(headerValue(message, 'to') ?? '')).toBe('1918181833n');
    expect(headerValue(message, 'cseq')).toBe('0009 INVITE');
    expect(headerValue(message, 'subject')).toBe('');
    expect(headerValue(message, 'newfangledheader')).toBe('newfangled value continued newfangled value');
    const vias = headerValues(message, 'via').map((value) => parseVia(splitTopVia(value).top));
    expect(vias).toMatchObject([
      { transport: 'UDP', host: '192.0.2.2', branch: '390skdjuw' },
      { transport: 'TCP', host: 'spindle.example.com', branch: 'z9hG4bK9ikj8' },
    ]);
    expect(message.body).toHaveLength(150);
  });

  test('unusual characters stand for themselves', () => {
    const message = read('3.1.1.2');
    expect(message).toMatchObject({ method: "!interesting-Method0123456789_*+`.%indeed'~" });
    expect(tagOf(headerValue(message, 'from') ?? '')).toBe("_token~1'+`*%!-.");
    expect(parseUri(message.kind === 'request' ? message.uri : '')?.host).toBe('example.com');
  });

  test('an escaped character is not the character', () => {
    expect(read('3.1.1.5')).toMatchObject({ method: 'RE%47IST%45R' });
    expect(headerValues(read('3.1.1.5'), 'contact')).toHaveLength(2);
  });

  test('what follows the message in its datagram is told apart', () => {
    const found = TORTURE.find((item) => item.name.startsWith('3.1.1.8'));
    const result = parseMessage(found?.text ?? '');
    expect(result).toMatchObject({ ok: true, message: { method: 'REGISTER', body: '' } });
    expect(result.ok && found?.text.slice(-result.excess)).toMatch(
      /^INVITE sip:joe@example\.com SIP\/2\.0\r\n/,
    );
  });

  test('a binary body keeps every byte', () => {
    expect(read('3.1.1.11').body).toContain('\x00\xff');
  });

  test('reason phrases are taken as they are', () => {
    expect(read('3.1.1.12')).toMatchObject({
      status: 200,
      reason: expect.stringMatching(/^= 2\*\*3/) as string,
    });
    expect(read('3.1.1.13')).toMatchObject({ status: 100, reason: '' });
  });
});
