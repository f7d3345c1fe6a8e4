import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { DECK_LIMITS } from '../../../../src/billing';
import { parseDecimal } from '../../../../src/billing/carrier-rates/parse-decimal';
import type { ReadDeck } from '../../../../src/billing/carrier-rates/read-rate-deck';
import { readRateDeck } from '../../../../src/billing/carrier-rates/read-rate-deck';

const HEADER = 'prefix,rate_per_minute,first_increment_s,next_increment_s';

/** A file that comes in pieces of so many bytes. */
async function* inPieces(text: string, size = 7): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}
const read = (text: string, size?: number): Promise<ReadDeck> => readRateDeck(inPieces(text, size));
const rates = async (text: string): Promise<unknown[]> => {
  const deck = await read(text);
  if (!deck.ok) throw new Error(JSON.stringify(deck));
  const { prefixes, ratesPerMinute, connectFees, firstIncrementsMs, nextIncrementsMs, destinations } =
    deck.rates;
  return prefixes.map((prefix, n) => [
    prefix,
    ratesPerMinute[n],
    firstIncrementsMs[n],
    nextIncrementsMs[n],
    connectFees[n],
    destinations[n],
  ]);
};
const errors = async (text: string, size?: number): Promise<unknown[]> => {
  const deck = await read(text, size);
  if (deck.ok || deck.reason !== 'broken') throw new Error('it was not refused');
  return deck.errors.map(({ line, field, message }) => [line, field, message]);
};

test('a deck is read, exact to the micro-unit', async () => {
  const text = `${HEADER}\n1,0.0125,6,6\n1212,0.1,30,6\n+44,1,60,60\n447,0.000001,1,0.001\n`;
  expect(await rates(text)).toEqual([
    ['1', 12_500, 6_000, 6_000, 0, null],
    ['1212', 100_000, 30_000, 6_000, 0, null],
    ['44', 1_000_000, 60_000, 60_000, 0, null],
    ['447', 1, 1_000, 1, 0, null],
  ]);
});

test('columns come in any order and case, fields in quotes, lines as Windows ends them', async () => {
  const text =
    '\ufeffDestination,next_increment_s,PREFIX,connect_fee,first_increment_s,rate_per_minute\r\n' +
    '"Côte d\'Ivoire, mobile",6,2250,0.05,30,0.40\r\n\r\n"Spain ""fixed""", 60 ,34,,60,0.010000000\r\n';
  expect(await rates(text)).toEqual([
    ['2250', 400_000, 30_000, 6_000, 50_000, "Côte d'Ivoire, mobile"],
    ['34', 10_000, 60_000, 60_000, 0, 'Spain "fixed"'],
  ]);
});

test('the file is known again by its bytes', async () => {
  const text = `${HEADER}\n1,0.0125,6,6`;
  const sha256 = createHash('sha256').update(text).digest();
  expect(await read(text)).toMatchObject({ ok: true, bytes: text.length, sha256 });
});

describe('a broken line is told by its number and field', () => {
  test.each<[string, string, unknown[]]>([
    ['a word for a rate', '1,cheap,6,6', ['rate_per_minute', '"cheap" is no decimal number like 0.0125']],
    [
      'a comma for a point',
      '1,"0,0125",6,6',
      ['rate_per_minute', '"0,0125" is no decimal number like 0.0125'],
    ],
    ['an exponent', '1,1e-2,6,6', ['rate_per_minute', '"1e-2" is no decimal number like 0.0125']],
    ['no rate', '1,,6,6', ['rate_per_minute', '"" is missing']],
    ['a negative rate', '1,-0.01,6,6', ['rate_per_minute', '"-0.01" is negative']],
    ['parts of a micro-unit', '1,0.0000001,6,6', ['rate_per_minute', '"0.0000001" has more than 6 decimals']],
    [
      'a rate beyond all',
      '1,1000000.000001,6,6',
      ['rate_per_minute', '"1000000.000001" is more than 1000000'],
    ],
    [
      'a rate that cannot be counted',
      '1,99999999999999,6,6',
      ['rate_per_minute', '"99999999999999" is more than can be counted'],
    ],
    ['no increment', '1,0.1,0,6', ['first_increment_s', '"0" is nothing: at least a thousandth is needed']],
    ['an increment of hours', '1,0.1,60,3601', ['next_increment_s', '"3601" is more than 3600']],
    ['letters for a prefix', 'UK,0.1,6,6', ['prefix', expect.stringContaining('"UK" is no prefix')]],
    ['an international prefix', '0044,0.1,6,6', ['prefix', expect.stringContaining('no prefix')]],
    ['a prefix too long', '1234567890123456,0.1,6,6', ['prefix', expect.stringContaining('no prefix')]],
    ['no prefix', ',0.1,6,6', ['prefix', expect.stringContaining('no prefix')]],
    ['a field too many', '1,0.1,6,6,6', [undefined, 'has 5 fields instead of 4']],
    ['a field too few', '1,0.1,6', [undefined, 'has 3 fields instead of 4']],
    ['something behind a quote', '1,"0.1"x,6,6', [undefined, 'has something behind a closed quote']],
    ['the same prefix again', '49,0.1,6,6', ['prefix', '49 is on line 2 already']],
  ])('%s', async (_what, line, problem) => {
    const [first] = await errors(`${HEADER}\n49,0.02,60,60\n${line}\n33,0.02,60,60\n`);
    expect(first).toEqual([3, ...problem]);
  });

  test('also on line 40,000, behind empty lines and lines within quotes', async () => {
    const good = Array.from({ length: 39_996 }, (_, n) => `${100_000 + n},0.01,6,6,`).join('\n');
    const text = `${HEADER},destination\n${good}\n\n9,0.01,6,6,"two\nlines"\n8,0.01,6,6,x\n`;
    // The header, 39,996 lines, an empty one, then the one that goes over two.
    expect(await errors(text, 65_536)).toEqual([
      [39_999, 'destination', expect.stringContaining('control characters')],
    ]);
    const broken = `${HEADER},destination\n${good}\n\n9,0.01,6,6,x\n8,0.01,six,6,x\n7,0.01,6,6,x`;
    expect(await errors(broken, 65_536)).toEqual([
      [40_000, 'first_increment_s', '"six" is no decimal number like 0.0125'],
    ]);
  });

  test('each that is broken, all of its fields, up to fifty', async () => {
    const found = await errors(`${HEADER}\nx,y,6,6\n49,0.1,6,6\n-,0.1,6,z\n`);
    expect(found.map((error) => (error as unknown[]).slice(0, 2))).toEqual([
      [2, 'prefix'],
      [2, 'rate_per_minute'],
      [4, 'prefix'],
      [4, 'next_increment_s'],
    ]);
    const deck = await read(`${HEADER}\n${'x,0.1,6,6\n'.repeat(80)}`);
    expect(deck).toMatchObject({ ok: false, reason: 'broken', more: true });
    expect(!deck.ok && deck.reason === 'broken' && deck.errors.length).toBe(DECK_LIMITS.errors);
  });

  test('a quote that is never closed ends it where it began', async () => {
    const text = `${HEADER}\n49,0.1,6,6\n"33,0.1,6,6\n${'34,0.1,6,6\n'.repeat(1_000)}`;
    expect(await errors(text)).toEqual([[3, undefined, 'is longer than 4096 characters']]);
    expect(await errors(`${HEADER}\n49,0.1,6,6\n"33,0.1,6,6\n`)).toEqual([
      [3, undefined, 'has a quote that is not closed'],
    ]);
  });
});

describe('a file without rates is none', () => {
  test.each<[string, string, unknown[]]>([
    ['nothing at all', '', [[1, undefined, 'has no columns']]],
    ['columns alone', `${HEADER}\n`, [[1, undefined, 'has no rates under it']]],
    [
      'a column misspelt',
      `${HEADER},conect_fee\n1,0.1,6,6,0\n`,
      [[1, undefined, expect.stringContaining('"conect_fee"')]],
    ],
    ['a column twice', `${HEADER},prefix\n1,0.1,6,6,1\n`, [[1, 'prefix', 'is named twice']]],
    [
      'a column missing',
      'prefix,rate_per_minute,first_increment_s\n1,0.1,6\n',
      [[1, 'next_increment_s', 'is named by no column']],
    ],
  ])('%s', async (_what, text, expected) => {
    expect(await errors(text)).toEqual(expected);
  });
});

test('rates without columns are none either', async () => {
  const [first, ...others] = await errors('1,0.1,6,6\n');
  expect(first).toEqual([1, undefined, expect.stringContaining('names a column "1"')]);
  expect(others).toContainEqual([1, 'prefix', 'is named by no column']);
});

describe('limits', () => {
  const small = { bytes: 200, rates: 2, errors: 5 };
  test('on bytes', async () => {
    const text = `${HEADER}\n1,${'0'.repeat(30)}.1,6,6\n`.padEnd(201, '\n');
    expect(await readRateDeck(inPieces(text), small)).toEqual({ ok: false, reason: 'too_large' });
  });

  test('on rates', async () => {
    const text = `${HEADER}\n1,1,6,6\n2,1,6,6\n3,1,6,6\n`;
    expect(await readRateDeck(inPieces(text), small)).toMatchObject({
      reason: 'broken',
      errors: [{ line: 4, message: 'is one too many: a deck has 2 rates at most' }],
    });
  });

  test('what fails to come is no broken file', async () => {
    async function* source(): AsyncGenerator<Buffer> {
      yield await Promise.resolve(Buffer.from(HEADER));
      throw new Error('the client went away');
    }
    await expect(readRateDeck(source())).rejects.toThrow('the client went away');
  });
});

test('whatever is sent, it is answered', async () => {
  const bytes = fc.oneof(
    fc.string({
      unit: fc.constantFrom('1', '0', '.', ',', '"', '\n', '\r', 'x', '\u0000', 'é'),
      maxLength: 60,
    }),
    fc.string({ unit: 'binary', maxLength: 60 }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), fc.integer({ min: 1, max: 9 }), async (body, headed, size) => {
      const deck = await read(headed ? `${HEADER}\n${body}` : body, size);
      if (!deck.ok && deck.reason === 'broken') expect(deck.errors.length).toBeGreaterThan(0);
      if (deck.ok) expect(deck.rates.prefixes.length).toBeGreaterThan(0);
    }),
  );
});

describe('decimals', () => {
  test('are what they say, to the last digit', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.nat(999_999), (whole, fraction) => {
        const text = `${whole}.${String(fraction).padStart(6, '0')}`;
        expect(parseDecimal(text, 6)).toEqual({ ok: true, value: whole * 1_000_000 + fraction });
      }),
    );
  });

  test.each(['', '.', '1.', '.5', '1e3', '0x10', 'NaN', 'Infinity', '1_000', '١', ' 1', '--1'])(
    '%j is none',
    (text) => {
      expect(parseDecimal(text, 6).ok).toBe(false);
    },
  );
});
