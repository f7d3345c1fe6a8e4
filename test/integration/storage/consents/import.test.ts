import type { ConsentImport, Database } from '../../../../src/storage';
import { consentsOf, importConsents, verifyConsentChains } from '../../../../src/storage';
import { PERSON, TEST_VAULT } from '../../../support/consents';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

const HEADER = 'number,seller_id,scopes,given_at,disclosure,disclosure_version,act,revoked_at\n';
const line = (number: string, more: { seller?: string; revoked?: string } = {}): string =>
  `${number},${more.seller ?? 'operator'},calls,2026-01-05T12:00:00Z,"I agree, yes.",1,ticked,${more.revoked ?? ''}\n`;

async function* pieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1_000)
    yield await Promise.resolve(bytes.subarray(at, at + 1_000));
}
const take = (text: string, batch = 7): Promise<ConsentImport> =>
  importConsents(db, TEST_VAULT, pieces(text), { now: () => Date.UTC(2026, 5, 1), batch });

test('a file is recorded batch by batch, and taken again adds nothing', async () => {
  const text =
    HEADER + Array.from({ length: 50 }, (_, n) => line(`+1212555${String(n).padStart(4, '0')}`)).join('');
  expect(await take(text)).toEqual({ lines: 50, recorded: 50, known: 0, revoked: 0, bad: 0, badLines: [] });
  expect(await take(text, 13)).toEqual({
    lines: 50,
    recorded: 0,
    known: 50,
    revoked: 0,
    bad: 0,
    badLines: [],
  });
  expect(await verifyConsentChains(db)).toMatchObject([{ ok: true, records: 50 }]);
});

test('bad lines are told, and the others are recorded', async () => {
  const text =
    HEADER +
    line(PERSON) +
    line('nobody') +
    line('+12125550124', { seller: 'stranger' }) +
    'too,short\n' +
    line('+12125550125');
  expect(await take(text, 2)).toMatchObject({
    lines: 5,
    recorded: 2,
    bad: 3,
    badLines: expect.arrayContaining([
      { line: 3, why: expect.stringContaining('number') as string },
      { line: 4, why: 'no_such_seller' },
      { line: 5, why: '2 fields instead of 8' },
    ]) as unknown,
  });
});

test('what was revoked elsewhere is revoked here, once', async () => {
  const text =
    HEADER +
    line(PERSON, { revoked: '2026-02-01T00:00:00Z' }) +
    line(PERSON, { revoked: '2026-02-01T00:00:00Z' }) +
    line('+12125550124', { revoked: '2025-01-01T00:00:00Z' });
  const report = await take(text);
  expect(report).toMatchObject({ lines: 3, recorded: 1, known: 1, revoked: 1, bad: 1 });
  expect(report.badLines).toEqual([{ line: 4, why: 'revocation_refused' }]);
  expect(await consentsOf(db, TEST_VAULT, PERSON)).toMatchObject([
    { revokedAt: Date.UTC(2026, 1, 1), revocations: [{ method: 'other', honouredAt: Date.UTC(2026, 1, 1) }] },
  ]);
  expect(await take(text)).toMatchObject({ recorded: 0, revoked: 0 });
  expect(await own.query('select 1 from dnc_entries')).toEqual([]);
});

test('what is no file of consents is refused before anything is recorded', async () => {
  await expect(take('')).rejects.toThrow('empty');
  await expect(take('phone,date\n1,2\n')).rejects.toThrow('no column "phone"');
  await expect(take(`${HEADER}${line(PERSON)}"unclosed`)).rejects.toThrow('not closed');
  expect(await own.query('select 1 from consent_records')).toEqual([]);
});
