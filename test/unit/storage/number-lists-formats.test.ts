import * as fc from 'fast-check';
import { numberAt } from '../../../src/market';
import { BadLines } from '../../../src/storage/number-lists/bad-lines';
import { parseChangeDate } from '../../../src/storage/number-lists/change-fields';
import type { NumberFileFormat } from '../../../src/storage/number-lists/make-parser';
import { FileParser } from '../../../src/storage/number-lists/make-parser';
import type { NumberSink } from '../../../src/storage/number-lists/number-sink';

interface Parsed {
  /** `+12025551234`, with ` add 2026-11-20` behind it for a change. */
  readonly numbers: string[];
  /** `line problem`. */
  readonly bad: string[];
  readonly texts: string[];
  readonly lines: number;
}

interface How {
  readonly format?: NumberFileFormat;
  readonly columns?: readonly string[];
  /** Bytes of each piece; everything at once by default. */
  readonly pieces?: number;
}

function parse(content: string | Buffer, { format = 'auto', columns = [], pieces }: How = {}): Parsed {
  const numbers: string[] = [];
  const sink: NumberSink = {
    take: (area, value, change, at) => {
      const date = at === 0 ? '' : ` ${new Date(at).toISOString().replace('T00:00:00.000Z', '')}`;
      numbers.push(numberAt(area, value) + (change === undefined ? '' : ` ${change}`) + date);
      return undefined;
    },
  };
  const bad = new BadLines();
  bad.file = 'a file';
  const parser = new FileParser(sink, bad, { format, columns });
  const bytes = Buffer.from(content);
  const size = pieces ?? Math.max(bytes.length, 1);
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  parser.end();
  return {
    numbers,
    bad: bad.samples.map(({ line, problem }) => `${line} ${problem}`),
    texts: bad.samples.map(({ text }) => text),
    lines: parser.lines,
  };
}

const GOOD = ['+12025551234', '+12125550123'];
const REGISTRY_XML = `<?xml version="1.0" encoding="utf-8"?>
<!-- one <area> code -->
<list type="full" level="ac" val="202">
  <ac val="202">
    <ph val="5551234"/>
    <ph val="5551235" />
  </ac>
  <ac val='212'><ph val='555-0123'></ph></ac>
</list>`;

describe('numbers in any of these forms are read', () => {
  test.each<[string, string | Buffer, How?]>([
    ['the flat text of the registry', '202,5551234\n212,5550123\n'],
    ['with CRLF', '202,5551234\r\n212,5550123\r\n'],
    ['without a last end of line', '202,5551234\n212,5550123'],
    ['with a byte order mark', '\ufeff202,5551234\n212,5550123\n'],
    ['with spaces, blank lines and remarks', '\n  202 , 5551234 \n\n# a remark\n\t212,555-0123\n\n'],
    ['in quotes', '"202","5551234"\n"212","5550123"\n'],
    ['E.164', '+12025551234\n+12125550123\n'],
    ['eleven digits and ten', '12025551234\n2125550123\n'],
    ['as people write them', '(202) 555-1234\n1-212-555-0123\n'],
    ['with dots', '202.555.1234\n+1.212.555.0123\n'],
    ['CSV with a usual column', 'name,Phone Number,city\nA,2025551234,DC\n"B, ""b""",(212) 555-0123,NY\n'],
    [
      'CSV with a column that is named',
      'id;Cell;Fax\n1;2025551234;x\n2;"212-555-0123";y\n',
      { columns: ['cell'] },
    ],
    ['CSV with tabs', 'id\tphone\n1\t2025551234\n2\t2125550123', {}],
    ['CSV with ends of lines in quotes', 'phone,note\r\n2025551234,"a\r\nb"\r\n2125550123,"c\n""d"""\r\n'],
    ['CSV of two columns', 'a,home,work\nx,2025551234,\ny,,2125550123\n', { columns: ['HOME', 'Work'] }],
    ['CSV of one column', 'phone\n2025551234\n2125550123\n'],
    ['CSV with a quote inside a field', 'size,phone\n5" pipe,2025551234\n6",2125550123\n'],
    ['XML with numbers as text', '<l><ac>202</ac><ph>5551234</ph><ac>212</ac><ph>5550123</ph></l>'],
    [
      'XML of records',
      '<l><r><AreaCode>202</AreaCode><Phone_Number>5551234</Phone_Number></r><r><phone-number>2125550123</phone-number></r></l>',
    ],
    [
      'XML with prefixes',
      '<n:l xmlns:n="x"><n:ac n:val="202"><n:ph n:val="5551234"/></n:ac><n:ph n:val="2125550123"/></n:l>',
    ],
  ])('%s', (...[, content, how]) => {
    expect(parse(content, how)).toMatchObject({ numbers: GOOD, bad: [] });
  });

  test('the tagged form of the registry', () => {
    expect(parse(REGISTRY_XML)).toMatchObject({
      numbers: ['+12025551234', '+12025551235', '+12125550123'],
      bad: [],
      lines: 9,
    });
  });

  test('numbers outside the North American plan, when they say so with a plus sign', () => {
    expect(parse('+442071838750\n+2025551234\n+390612345678\n')).toMatchObject({
      numbers: ['+442071838750', '+2025551234', '+390612345678'],
      bad: [],
    });
  });
});

describe('changes', () => {
  const CHANGES = ['+12025551234 add 2026-11-18', '+12125550123 delete 2026-11-19'];
  test.each([
    ['date, then type', '202,5551234,2026-11-18,A\n212,5550123,2026-11-19,D\n'],
    ['type, then date', '202,5551234,A,11/18/2026\r\n212,5550123,d,11/19/2026\r\n'],
    [
      'words, with a time',
      '2025551234,Add,2026-11-18T00:00:00Z\n2125550123,"Deleted","2026-11-18T19:00:00-05:00"\n',
    ],
    ['without hyphens', '202,5551234,20261118,A,\n212,5550123,20261119,,D\n'],
    [
      'tagged, as attributes',
      '<list type="change"><ac val="202"><ph val="5551234" date="2026-11-18" chg="A"/></ac><ac val="212"><ph val="5550123" chg="D" date="2026-11-19"/></ac></list>',
    ],
    [
      'tagged, as elements',
      '<l><c><ac>202</ac><ph>5551234</ph><chg>A</chg><date>2026-11-18</date></c><c><date>11/19/2026</date><action>delete</action><ac>212</ac><ph>5550123</ph></c></l>',
    ],
    [
      'tagged, by what is around them',
      '<l><adds date="2026-11-18"><ac val="202"><ph val="5551234"/></ac></adds><set type="D" date="2026-11-19"><i><ac val="212"><ph val="5550123"/></ac></i></set></l>',
    ],
  ])('%s', (_, content) => {
    expect(parse(content)).toMatchObject({ numbers: CHANGES, bad: [] });
  });

  test('what is around a change holds for what is within, and ends with it', () => {
    const xml =
      '<l><add><i><ph>2025551234</ph></i><i><ph>2025551235</ph></i></add><ph val="2125550123"/></l>';
    expect(parse(xml).numbers).toEqual(['+12025551234 add', '+12025551235 add', '+12125550123']);
  });
});

test.each([
  ['2026-11-20', Date.UTC(2026, 10, 20)],
  ['20261120', Date.UTC(2026, 10, 20)],
  ['2026-11-20 08:30', Date.UTC(2026, 10, 20, 8, 30)],
  ['2026-11-20T08:30:15.123Z', Date.UTC(2026, 10, 20, 8, 30, 15)],
  ['2026-11-20T08:30:15-05:00', Date.UTC(2026, 10, 20, 13, 30, 15)],
  ['2026-11-20T08:30:15+0530', Date.UTC(2026, 10, 20, 3, 0, 15)],
  ['11/20/2026', Date.UTC(2026, 10, 20)],
  ['1/2/2026 12:05:00 AM', Date.UTC(2026, 0, 2, 0, 5)],
  ['1/2/2026 12:05 pm', Date.UTC(2026, 0, 2, 12, 5)],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-11-20T25:00', undefined],
  ['11/31/2026', undefined],
  ['yesterday', undefined],
  ['', undefined],
])('the date %s', (text, at) => {
  expect(parseChangeDate(text)).toBe(at);
});

describe('what cannot be used is named, with its line, and the rest is taken', () => {
  test.each<[string, string, string[], How?]>([
    ['letters', '202,5551234\nhello\n', ['2 not_digits']],
    ['a number cut short', '202,555123\n202,5551234', ['1 not_digits']],
    ['too many digits', '2025551234567890123\n2025551234', ['1 not_e164']],
    [
      'an area code that begins with 0 or 1',
      '102,5551234\n002,5551234\n202,5551234',
      ['1 not_nanp', '2 not_nanp'],
    ],
    [
      'an exchange that begins with 0 or 1',
      '202,0551234\n2021551234\n202,5551234',
      ['1 not_nanp', '2 not_nanp'],
    ],
    ['+1 with the wrong number of digits', '+1202555123\n+12025551234', ['1 not_nanp']],
    ['a foreign number without a plus sign', '442071838750\n2025551234', ['1 not_e164']],
    ['a number that begins with 0', '+0442071838\n2025551234', ['1 not_e164']],
    ['fields that mean nothing', '202,5551234,John\n202,5551234', ['1 unknown_field']],
    ['a date that is none', '202,5551234,2026-13-45,A\n202,5551234', ['1 bad_date']],
    ['two types', '202,5551234,A,D\n202,5551234', ['1 unknown_field']],
    ['bytes of zero', '202,55\0\x31234\n202,5551234', ['1 not_digits']],
    ['only a plus sign', '+\n2025551234', ['1 no_number']],
    ['a record without a number', 'phone,n\n,x\n2025551234,y\n', ['2 no_number']],
    ['a field far too long', `phone,n\n${'2'.repeat(500)},x\n2025551234,y\n`, ['2 too_long']],
    ['a record cut short', 'n,phone\nx\ny,2025551234\n', ['2 no_number']],
    ['a tag with a bad number', '<l><ph val="555"/>\n<ph val="2025551234"/></l>', ['1 not_e164']],
    ['seven digits without an area code', '<l><ph val="5551234"/><ph val="2025551234"/></l>', ['1 not_e164']],
    [
      'elements of numbers without any',
      '<l><ph/>\n<ph></ph><ph new="2025551235"/><phone><ph>2025551234</ph></phone></l>',
      ['1 no_number', '2 no_number', '2 no_number'],
    ],
    [
      'an area code that is none',
      '<l><ac val="02"><ph val="5551234"/></ac><ph val="2025551234"/></l>',
      ['1 bad_area_code', '1 not_e164'],
    ],
    [
      'a type that is none',
      '<l>\n<ph val="2025551235" chg="X"/><ph val="2025551234"/></l>',
      ['2 unknown_change_type'],
    ],
    [
      'a tagged date that is none',
      '<l><ph val="2025551235" chg="A" date="soon"/><ph val="2025551234"/></l>',
      ['1 bad_date'],
    ],
  ])('%s', (...[, content, bad, how]) => {
    expect(parse(content, how)).toMatchObject({ numbers: ['+12025551234'], bad });
  });

  test('only the beginning of a line is shown, without what a terminal would obey', () => {
    expect(parse(`\x1b[31m${'x'.repeat(200)}\n`, { format: 'lines' }).texts).toEqual([
      `?[31m${'x'.repeat(55)}…`,
    ]);
  });

  test('a hundred are shown, all are counted', () => {
    const bad = new BadLines();
    const parser = new FileParser({ take: () => undefined }, bad, { format: 'lines', columns: [] });
    parser.push(Buffer.from('x\n'.repeat(5_000)));
    parser.end();
    expect([bad.count, bad.samples.length]).toEqual([5_000, 100]);
  });

  test.each([7, 1_000, 1_000_000])('a line without end is one bad line, in pieces of %i bytes', (pieces) => {
    const content = `202,5551234\n${'9'.repeat(300_000)}\n212,5550123\n`;
    expect(parse(content, { pieces })).toMatchObject({ numbers: GOOD, bad: ['2 too_long'], lines: 3 });
  });
});

describe('a file that cannot be trusted as a whole is refused', () => {
  test.each<[string, string | Buffer, RegExp, How?]>([
    ['UTF-16', Buffer.from('\ufeff202,5551234\n', 'utf16le'), /UTF-16/],
    ['UTF-16, the other way', Buffer.from([0xfe, 0xff, 0, 50]), /UTF-16/],
    [
      'no column of that name',
      'a,b\n1,2\n',
      /no column "phone"; the columns are a, b/,
      { columns: ['phone'] },
    ],
    ['no usual column', 'first,last\nx,y\n', /no column of numbers that is known/],
    [
      'a quote that is never closed',
      'phone,n\n2025551234,"x\n2025551235,y\n',
      /opens in line 2 is never closed/,
    ],
    [
      'one that swallows more than a record',
      `phone,n\n1,"${'x\n'.repeat(600_000)}`,
      /opens in line 2 is never closed/,
    ],
    ['a header without end', `phone,${'x'.repeat(70_000)}`, /column names is too long/],
    ['XML cut off within a tag', REGISTRY_XML.slice(0, 150), /within a tag: it is cut off/],
    ['XML cut off between tags', REGISTRY_XML.slice(0, -8), /within <list>: it is cut off/],
    ['XML cut off within a comment', '<l><!-- <ph val="2025551234"/>', /cut off/],
    ['XML closed the wrong way', '<a><b></a></b>', /<\/a> closes <b>/],
    ['XML closed once too often', '<a></a></a>', /closes nothing/],
    ['XML that nests without end', '<a>'.repeat(1_000), /deeper than/],
    ['a tag without end', `<list ${'x'.repeat(5_000)}`, /longer than/],
    ['nothing but a declaration', '<?xml version="1.0"?>', /no element/],
  ])('%s', (...[, content, message, how]) => {
    expect(() => parse(content, how)).toThrow(message);
  });
});

test('entities are not expanded', () => {
  const bomb = '<!DOCTYPE l [<!ENTITY a "2025551234">]><l><ph>&a;</ph><ph val="2025551234"/></l>';
  expect(parse(bomb)).toMatchObject({ numbers: ['+12025551234'], bad: ['1 not_digits'] });
});

test('how a file is cut into pieces makes no difference', () => {
  const files: (readonly [string, How])[] = [
    [
      '\ufeff202,5551234\r\n\r\nrubbish\r\n+442071838750\r\n(212) 555-0123\r\n202,5551299,A,2026-11-20\r\n202,5551236',
      {},
    ],
    ['id,phone,note\r\n1,2025551234,"a ""q"", b\r\nc"\r\n2,x,\r\n3,"212-555-0123",z', {}],
    [REGISTRY_XML + '\n<!-- the > end -->', {}],
    ['<l><c><ac>202</ac><ph>5551234</ph><chg>A</chg><date>2026-11-18</date></c></l>', {}],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.integer({ min: 1, max: 40 }), ([content, how], pieces) => {
      expect(parse(content, { ...how, pieces })).toEqual(parse(content, how));
    }),
    { numRuns: 160 },
  );
});

test('whatever the bytes are, they are numbers, bad lines, or an unusable file: nothing else comes out', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(
        fc.constantFrom(
          '202',
          ',',
          '5551234',
          '\n',
          '\r',
          '"',
          '<',
          '>',
          '/',
          '<ph val="',
          'ac',
          ' ',
          '+',
          '\0',
          'A',
          'phone',
        ),
        {
          maxLength: 60,
        },
      )
      .map((parts) => Buffer.from(parts.join(''))),
  );
  fc.assert(
    fc.property(noise, fc.constantFrom('auto', 'lines', 'xml', 'csv'), (bytes, format) => {
      try {
        const { numbers } = parse(bytes, { format: format as NumberFileFormat });
        for (const number of numbers) expect(number).toMatch(/^\+[1-9]\d{6,14}( |$)/);
      } catch (error) {
        expect((error as Error).name).toBe('UnusableFile');
      }
    }),
    { numRuns: 1_500 },
  );
});

test('every number that is written is read, and nothing else', () => {
  const nanp = fc
    .tuple(fc.integer({ min: 200, max: 999 }), fc.integer({ min: 2_000_000, max: 9_999_999 }))
    .map(([area, local]) => ({ area, local }));
  const forms: ((n: { area: number; local: number }) => string)[] = [
    ({ area, local }) => `${area},${local}`,
    ({ area, local }) => `${area}${local}`,
    ({ area, local }) => `1${area}${local}`,
    ({ area, local }) => `+1 ${area} ${String(local).slice(0, 3)}-${String(local).slice(3)}`,
  ];
  fc.assert(
    fc.property(fc.array(fc.tuple(nanp, fc.nat(3)), { maxLength: 50 }), (lines) => {
      const text = lines.map(([number, form]) => forms[form]?.(number)).join('\n');
      const expected = lines.map(([{ area, local }]) => `+1${area}${local}`);
      expect(parse(text, { format: 'lines', pieces: 64 })).toMatchObject({ numbers: expected, bad: [] });
    }),
  );
});
