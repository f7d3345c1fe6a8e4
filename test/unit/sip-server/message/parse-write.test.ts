import fc from 'fast-check';
import type { SipMessage } from '../../../../src/sip-server/message';
import {
  canonicalKey,
  decimal,
  isToken,
  parseMessage,
  writeMessage,
} from '../../../../src/sip-server/message';
import { TORTURE } from './torture-messages';

const TOKEN = "abcXYZ019-.!%*_+`'~";
const token = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...TOKEN) });
/** Anything that may stand in a header value, but for line ends; trimmed as the parser trims. */
const value = fc
  .string({ maxLength: 40, unit: fc.constantFrom(...'abc019 \t:;,<>"@=\\\xff\x01'.split('')) })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const header = fc
  .record({ name: token, value })
  .map(({ name, value: text }) => ({ name, key: canonicalKey(name), value: text }))
  .filter(({ key }) => key !== 'content-length');
const body = fc.string({ maxLength: 80, unit: fc.constantFrom('\r', '\n', '\0', 'a', '\xfe', ' ') });
const headers = fc.array(header, { maxLength: 12 });

const request: fc.Arbitrary<SipMessage> = fc
  .record({ method: token, uri: token.map((host) => `sip:${host}`), headers, body })
  .map((parts) => ({ kind: 'request', ...parts }));
const response: fc.Arbitrary<SipMessage> = fc
  .record({ status: fc.integer({ min: 100, max: 699 }), reason: value, headers, body })
  .map((parts) => ({ kind: 'response', ...parts }));

/** Without Content-Length, which the writer adds. */
function bare(message: SipMessage): SipMessage {
  return { ...message, headers: message.headers.filter((field) => field.key !== 'content-length') };
}

describe('reading and writing', () => {
  test('what is written reads back the same', () => {
    fc.assert(
      fc.property(fc.oneof(request, response), (message) => {
        const parsed = parseMessage(writeMessage(message));
        expect(parsed).toMatchObject({ ok: true, excess: 0 });
        expect(parsed.ok && bare(parsed.message)).toEqual(message);
      }),
      { numRuns: 500 },
    );
  });

  test('writing again changes nothing', () => {
    for (const { text } of TORTURE) {
      const first = parseMessage(text);
      if (!first.ok) continue;
      const written = writeMessage(first.message);
      const second = parseMessage(written);
      expect(second.ok && writeMessage(second.message)).toBe(written);
    }
  });

  test('what follows the body is counted, not taken', () => {
    fc.assert(
      fc.property(request, body, (message, more) => {
        const parsed = parseMessage(writeMessage(message) + more);
        expect(parsed).toMatchObject({ ok: true, excess: more.length, message: { body: message.body } });
      }),
    );
  });

  test('a message that was cut off is never taken for whole', () => {
    fc.assert(
      fc.property(request, fc.double({ min: 0, max: 0.999, noNaN: true }), (message, part) => {
        const text = writeMessage(message);
        expect(parseMessage(text.slice(0, Math.floor(part * text.length))).ok).toBe(false);
      }),
    );
  });

  test('no bytes make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const parsed = parseMessage(Buffer.from(bytes));
        expect(typeof parsed.ok).toBe('boolean');
      }),
      { numRuns: 500 },
    );
  });

  test('no damage to a real message makes it throw, and a status is given to requests only', () => {
    const damage = fc.record({
      which: fc.nat({ max: TORTURE.length - 1 }),
      hits: fc.array(fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }), { maxLength: 8 }),
      cut: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(damage, ({ which, hits, cut }) => {
        const bytes = Buffer.from(TORTURE[which]?.text ?? '', 'latin1');
        for (const { at, byte } of hits) bytes[at % bytes.length] = byte;
        const parsed = parseMessage(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
        if (!parsed.ok && parsed.status !== undefined) expect(parsed.message?.kind).toBe('request');
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['no bytes', ''],
    ['line ends only', '\r\n\r\n\r\n'],
    ['no line end', 'INVITE sip:a@b SIP/2.0'],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['a response of another version', 'SIP/3.0 200 OK\r\n\r\n'],
    ['a status below 100', 'SIP/2.0 099 Low\r\n\r\n'],
    ['a status above 699', 'SIP/2.0 700 High\r\n\r\n'],
    ['a status of letters', 'SIP/2.0 abc Word\r\n\r\n'],
    ['a method that is no token', 'IN(VITE) sip:a@b SIP/2.0\r\n\r\n'],
    ['a start line without end', `INVITE sip:${'a'.repeat(20_000)} SIP/2.0\r\n\r\n`],
    ['a response that was cut off', 'SIP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nab'],
  ])('%s: nothing to answer', (_name, text) => {
    expect(parseMessage(text)).toMatchObject({ ok: false });
    expect(parseMessage(text)).not.toHaveProperty('status');
  });

  test.each([
    ['a header line that never ends', `X: ${'a'.repeat(20_000)}\r\n\r\n`],
    ['folds without end', `X: a\r\n${' more of it\r\n'.repeat(2_000)}\r\n`],
    ['too many headers', `${'X: y\r\n'.repeat(257)}\r\n`],
    ['a fold before any header', ' folded\r\n\r\n'],
    ['a header without a name', ': x\r\n\r\n'],
    ['a header name with a space inside', 'Call ID: x\r\n\r\n'],
    ['no empty line', 'X: y\r\n'],
    ['a length that is no number', 'Content-Length: 1e1\r\n\r\n'],
  ])('%s: 400', (_name, rest) => {
    expect(parseMessage(`OPTIONS sip:a@b SIP/2.0\r\n${rest}`)).toMatchObject({ ok: false, status: 400 });
  });

  test('bare line feeds are line ends, and repeated equal lengths are one', () => {
    const text = 'MESSAGE sip:a@b SIP/2.0\nl: 2\nContent-Length: 2\n\nhi';
    expect(parseMessage(text)).toMatchObject({ ok: true, message: { body: 'hi' } });
  });

  test('with a frame around it, Content-Length does not decide', () => {
    const text = 'MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 1\r\n\r\n\xc3\xa9';
    expect(parseMessage(text, true)).toMatchObject({ ok: true, excess: 0, message: { body: '\xc3\xa9' } });
  });
});

describe('header names', () => {
  test.each([
    ['v', 'via'],
    ['V', 'via'],
    ['Via', 'via'],
    ['i', 'call-id'],
    ['CALL-ID', 'call-id'],
    ['m', 'contact'],
    ['f', 'from'],
    ['t', 'to'],
    ['l', 'content-length'],
    ['c', 'content-type'],
    ['k', 'supported'],
    ['x', 'session-expires'],
    ['r', 'refer-to'],
    ['o', 'event'],
    ['X-Campaign', 'x-campaign'],
    ['q', 'q'],
  ])('%s is %s', (name, key) => {
    expect(canonicalKey(name)).toBe(key);
  });

  test('invented names are understood however many there were', () => {
    for (let i = 0; i < 2_000; i++) expect(canonicalKey(`X-Name-${i}`)).toBe(`x-name-${i}`);
  });
});

describe('numbers and tokens', () => {
  test.each([
    ['0', 0],
    ['007', 7],
    ['999999999', 999_999_999],
    ['1000000000', -1],
    ['', -1],
    ['-1', -1],
    ['1.5', -1],
    [' 1', -1],
    ['0x1', -1],
  ])('decimal %j is %d', (text, number) => {
    expect(decimal(text)).toBe(number);
  });

  test.each([
    ['INVITE', true],
    ["!%*_+`'~.-", true],
    ['', false],
    ['a b', false],
    ['a:b', false],
    ['\xe9', false],
    ['\u0149', false],
  ])('token %j: %s', (text, expected) => {
    expect(isToken(text)).toBe(expected);
  });
});
