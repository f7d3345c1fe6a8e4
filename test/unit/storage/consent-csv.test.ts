import fc from 'fast-check';
import { CONSENT_COLUMNS } from '../../../src/storage';
import { readConsentRow, readHeader } from '../../../src/storage/consents/consent-columns';
import { csvRecords } from '../../../src/storage/consents/csv-records';

async function* chunks(...parts: (Buffer | string)[]): AsyncGenerator<Buffer | string> {
  for (const part of parts) yield await Promise.resolve(part);
}
async function read(...parts: (Buffer | string)[]): Promise<string[][]> {
  const records: string[][] = [];
  for await (const { fields } of csvRecords(chunks(...parts))) records.push([...fields]);
  return records;
}

describe('CSV', () => {
  test.each<[string, string[][]]>([
    ['', []],
    ['a', [['a']]],
    [
      'a,b\r\nc,d\r\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'a,b\n\n\nc,',
      [
        ['a', 'b'],
        ['c', ''],
      ],
    ],
    [',\n', [['', '']]],
    ['"a ""b"", c","d\ne"\n', [['a "b", c', 'd\ne']]],
    ['""\n', [['']]],
    ['\ufeffa\n', [['a']]],
    ['a "b" c\n', [['a "b" c']]],
  ])('%j', async (text, records) => {
    expect(await read(text)).toEqual(records);
  });

  test('each record knows the line on which it begins', async () => {
    const lines: number[] = [];
    for await (const { line } of csvRecords(chunks('a\n"b\nb"\n\nc'))) lines.push(line);
    expect(lines).toEqual([1, 2, 5]);
  });

  test.each([
    ['"a\nb', 'line 1: a quote is not closed'],
    ['a\n"b" c', 'line 2: something stands behind'],
    ['x'.repeat(300_000), 'longer than'],
    [','.repeat(300), 'more than 256 fields'],
  ])('what is none is refused by line', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });

  test('law: what is written is read, wherever it is cut', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', 'ö', '\u{1f600}', ' ') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
        fc.array(fc.nat({ max: 200 }), { maxLength: 5 }),
        async (records, cuts) => {
          const text = records
            .map((fields) => `${fields.map((one) => `"${one.replace(/"/g, '""')}"`).join(',')}\r\n`)
            .join('');
          const bytes = Buffer.from(text, 'utf8');
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const parts = places.slice(1).map((end, n) => bytes.subarray(places[n], end));
          expect(await read(...parts)).toEqual(records);
        },
      ),
    );
  });
});

describe('columns', () => {
  const names = Object.keys(CONSENT_COLUMNS);
  const full: Record<string, string> = {
    number: '(212) 555-0123',
    seller_id: 'seller-a',
    campaign_id: 'solar',
    scopes: 'calls; texts|recording',
    given_at: '2026-01-05T12:00:00-05:00',
    expires_at: '1893456000000',
    disclosure: 'I agree, "really".',
    disclosure_version: '3',
    act: 'ticked',
    page_url: 'https://example.com',
    ip: '2001:db8::1',
    user_agent: 'Mozilla',
    session: 's',
    name: 'Zoë',
    email: 'zoe@example.com',
    signed: 'Yes',
    certificate_issuer: 'jornaya',
    certificate_id: '01234567-89AB-CDEF-0123-456789ABCDEF',
    certificate_claimed_by: 'Example',
    certificate_expires_at: '2031-01-05 12:00:00Z',
    revoked_at: '2026-02-01T00:00:00Z',
    revocation_method: 'email',
    revocation_words: 'Stop',
  };
  const row = (more: Record<string, string> = {}, columns = names): ReturnType<typeof readConsentRow> =>
    readConsentRow(
      columns.map((name) => ({ ...full, ...more })[name] ?? ''),
      readHeader(columns),
    );

  test('every column reaches its field', () => {
    expect(row()).toEqual({
      ok: true,
      act: {
        number: '+12125550123',
        sellerId: 'seller-a',
        campaignId: 'solar',
        scopes: ['calls', 'texts', 'recording'],
        givenAt: Date.UTC(2026, 0, 5, 17),
        expiresAt: 1_893_456_000_000,
        disclosure: { text: 'I agree, "really".', version: '3' },
        act: 'ticked',
        pageUrl: 'https://example.com',
        ip: '2001:db8::1',
        userAgent: 'Mozilla',
        session: 's',
        identity: { name: 'Zoë', email: 'zoe@example.com' },
        signed: true,
        certificate: {
          issuer: 'jornaya',
          id: '01234567-89AB-CDEF-0123-456789ABCDEF',
          claimedBy: 'Example',
          expiresAt: Date.UTC(2031, 0, 5, 12),
        },
      },
      revocation: {
        revokedAt: Date.UTC(2026, 1, 1),
        honouredAt: Date.UTC(2026, 1, 1),
        method: 'email',
        words: 'Stop',
        covers: 'consent',
      },
    });
  });

  test('columns may come in any order, and what is not needed may be missing or empty', () => {
    const needed = names.filter((name) => CONSENT_COLUMNS[name as keyof typeof CONSENT_COLUMNS]).reverse();
    expect(row({}, needed)).toMatchObject({ ok: true, act: { signed: false }, revocation: undefined });
    const empty = Object.fromEntries(
      names.filter((name) => !needed.includes(name)).map((name) => [name, ' ']),
    );
    expect(row(empty)).toEqual(row({}, needed));
    expect([
      ...readHeader([' Number', 'SCOPES', 'given-at', 'Disclosure', 'disclosure version', 'act']).keys(),
    ]).toContain('given_at');
  });

  test.each([
    [{ number: 'anonymous' }, 'number: '],
    [{ given_at: '2026-01-05T12:00:00' }, 'given_at: '],
    [{ given_at: '05.01.2026' }, 'given_at: '],
    [{ expires_at: 'never' }, 'expires_at: '],
    [{ scopes: 'calls everything' }, 'scopes.1: '],
    [{ scopes: '' }, 'scopes: '],
    [{ signed: 'perhaps' }, 'signed: '],
    [{ ip: '999.1.1.1' }, 'ip: '],
    [{ disclosure: '' }, 'disclosure.text: '],
    [{ certificate_issuer: 'nobody' }, 'certificate.issuer: '],
    [{ revocation_method: 'telepathy' }, 'revocation method: '],
    [{ act: 'a\u0000b' }, 'act: '],
  ])('%j is told by its column, without what was written', (more, why) => {
    const read = row(more);
    expect(read).toEqual({ ok: false, why: expect.stringContaining(why) as string });
    expect(JSON.stringify(read)).not.toContain('555');
  });

  test('a line with too few fields is no line of this file', () => {
    expect(readConsentRow(['x'], readHeader(names))).toMatchObject({ ok: false });
  });

  test.each([
    [['number'], 'is missing'],
    [[...names, 'favourite_colour'], 'favourite_colour'],
    [[...names, 'ip'], 'twice'],
    [['toString'], 'no column'],
  ])('first lines that cannot be are refused', (columns, message) => {
    expect(() => readHeader(columns)).toThrow(message);
  });
});
