import fc from 'fast-check';
import { StreamFramer } from '../../../../src/sip-server/message';

interface Seen {
  messages: string[];
  pings: number;
  errors: string[];
}

function frame(chunks: readonly string[], limit?: number): Seen {
  const seen: Seen = { messages: [], pings: 0, errors: [] };
  const framer = new StreamFramer(
    {
      onMessage: (text) => seen.messages.push(text),
      onPing: () => seen.pings++,
      onError: (reason) => seen.errors.push(reason),
    },
    limit,
  );
  for (const chunk of chunks) framer.push(Buffer.from(chunk, 'latin1'));
  return seen;
}

const message = (body: string, name = 'Content-Length'): string =>
  `MESSAGE sip:a@b SIP/2.0\r\nSubject: l: 7\r\n${name}: ${body.length}\r\nX-Last: 1\r\n\r\n${body}`;

const messages = fc.array(
  fc.record({
    body: fc.string({ maxLength: 60, unit: fc.constantFrom('\r', '\n', '\0', 'a', '\xff', ':', 'l') }),
    name: fc.constantFrom('Content-Length', 'l', 'CONTENT-LENGTH ', 'L'),
    keepAlives: fc.nat({ max: 5 }),
  }),
  { maxLength: 6 },
);

/** Splits a text at places given as fractions of its length. */
function split(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

describe('StreamFramer', () => {
  test('yields the same messages and pings however the bytes are cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(messages, cuts, (parts, where) => {
        const texts = parts.map((part) => message(part.body, part.name));
        const stream = parts.map((part, i) => '\r\n'.repeat(part.keepAlives) + (texts[i] ?? '')).join('');
        const pings = parts.reduce((sum, part) => sum + Math.floor(part.keepAlives / 2), 0);
        expect(frame(split(stream, where))).toEqual({ messages: texts, pings, errors: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('a stream that comes byte by byte', () => {
    const stream = `\r\n\r\n${message('v=0')}\r\n\r\n${message('')}\r\n`;
    const seen = frame([...stream]);
    expect(seen).toEqual({ messages: [message('v=0'), message('')], pings: 2, errors: [] });
  });

  test.each([
    ['64 KiB and one byte of nothing', '\0'.repeat(65_537)],
    ['headers without end', `OPTIONS sip:a@b SIP/2.0\r\n${'X: y\r\n'.repeat(12_000)}`],
    ['a body that is announced too long', 'A sip:b SIP/2.0\r\nContent-Length: 65536\r\n\r\n'],
  ])('%s is too long', (_name, text) => {
    expect(frame([text])).toEqual({ messages: [], pings: 0, errors: ['message too long'] });
    expect(frame(split(text, [0.1, 0.5, 0.9])).errors).toEqual(['message too long']);
  });

  test('a message of exactly the limit passes, one byte more does not', () => {
    const text = message('x'.repeat(200));
    expect(frame([text], text.length).messages).toEqual([text]);
    expect(frame([text], text.length - 1)).toMatchObject({ messages: [], errors: ['message too long'] });
  });

  test.each([
    ['none', 'A sip:b SIP/2.0\r\nX: 1\r\n\r\n'],
    ['negative', 'A sip:b SIP/2.0\r\nl: -1\r\n\r\n'],
    ['a word', 'A sip:b SIP/2.0\r\nl: ten\r\n\r\n'],
    ['overlarge', 'A sip:b SIP/2.0\r\nl: 99999999999999999999\r\n\r\n'],
    ['two that differ', 'A sip:b SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\nab'],
  ])('Content-Length on a stream: %s', (_name, text) => {
    const seen = frame([text, message('later')]);
    expect(seen.messages).toEqual([]);
    expect(seen.errors).toHaveLength(1);
  });

  test('a blank line of keep-alives without end fills no memory and makes no error', () => {
    expect(frame(Array.from({ length: 2_000 }, () => '\r\n'.repeat(50)))).toEqual({
      messages: [],
      pings: 50_000,
      errors: [],
    });
  });

  test('any bytes: one error at most, and nothing after it', () => {
    const bytes = fc.array(
      fc.string({ maxLength: 80, unit: fc.constantFrom('\r', '\n', 'l', ':', '0', '9', ' ', '\0') }),
    );
    fc.assert(
      fc.property(bytes, (chunks) => {
        const seen = frame(chunks, 200);
        expect(seen.errors.length).toBeLessThanOrEqual(1);
        for (const text of seen.messages) expect(text.length).toBeLessThanOrEqual(200);
      }),
    );
  });
});
