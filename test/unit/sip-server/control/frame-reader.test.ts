import fc from 'fast-check';
import { FrameReader } from '../../../../src/sip-server/control/frame-reader';

const LIMIT = 1_000;

function read(chunks: readonly string[], limit = LIMIT): { frames: string[]; errors: string[] } {
  const seen = { frames: [] as string[], errors: [] as string[] };
  const reader = new FrameReader(
    limit,
    (payload) => seen.frames.push(payload),
    (reason) => seen.errors.push(reason),
  );
  for (const chunk of chunks) reader.push(chunk);
  return seen;
}

const framed = (payload: string): string => `${payload.length}#${payload}`;

const payloads = fc.array(
  fc.string({ maxLength: 120, unit: fc.constantFrom('#', '1', '0', '|', '\r', '\n', 'a', '\0', '\xff') }),
  { maxLength: 8 },
);

function split(text: string, cuts: readonly number[]): string[] {
  const at = [0, ...cuts.map((cut) => Math.floor(cut * text.length)).sort((a, b) => a - b), text.length];
  return at.slice(1).map((end, i) => text.slice(at[i], end));
}

describe('FrameReader', () => {
  test('yields the same frames however the bytes are cut', () => {
    const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(payloads, cuts, (frames, where) => {
        expect(read(split(frames.map(framed).join(''), where))).toEqual({ frames, errors: [] });
      }),
      { numRuns: 300 },
    );
  });

  test('byte by byte', () => {
    const frames = ['id|ping', '', 'x'.repeat(300), '7#nested|ping'];
    expect(read([...frames.map(framed).join('')])).toEqual({ frames, errors: [] });
  });

  test('a frame of exactly the limit passes, one byte more ends the stream', () => {
    expect(read([framed('x'.repeat(LIMIT))]).frames).toHaveLength(1);
    expect(read([framed('x'.repeat(LIMIT + 1)), framed('later')])).toEqual({
      frames: [],
      errors: ['frame too long'],
    });
  });

  test('a frame over the limit is refused by its length alone', () => {
    expect(read(['99999999#'])).toEqual({ frames: [], errors: ['frame too long'] });
  });

  test.each([
    ['no length', '#ping'],
    ['a word', 'GET / HTTP/1.1\r\n'],
    ['a sign', '-5#hello'],
    ['a space', '5 #hello'],
    ['hexadecimal', '0x5#hello'],
    ['more digits than any length has', '000000005#hello'],
    ['a line end between frames', '\r\n5#hello'],
  ])('%s where a length should stand', (_name, text) => {
    for (const chunks of [
      [text, framed('later')],
      [...text, framed('later')],
    ]) {
      expect(read(chunks)).toEqual({ frames: [], errors: ['malformed frame length'] });
    }
  });

  test('frames before the damage count, those after it do not', () => {
    expect(read([`${framed('one')}${framed('two')}oops${framed('three')}`])).toEqual({
      frames: ['one', 'two'],
      errors: ['malformed frame length'],
    });
  });

  test('any bytes: one error at most, and no frame over the limit', () => {
    const chunk = fc.string({ maxLength: 40, unit: fc.constantFrom('0', '1', '9', '#', 'a', '\n') });
    fc.assert(
      fc.property(fc.array(chunk), (chunks) => {
        const seen = read(chunks, 50);
        expect(seen.errors.length).toBeLessThanOrEqual(1);
        for (const frame of seen.frames) expect(frame.length).toBeLessThanOrEqual(50);
      }),
    );
  });
});
