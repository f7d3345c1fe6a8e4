import { createHash } from 'node:crypto';
import type { E164 } from '../../../src/domain';
import type { Database, StoredNumberList } from '../../../src/storage';
import { checkNumber, exportNumbers, NumberListStore, rollBackNumbers } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { daysAgo, lines, take } from './support/number-list-files';

let own: TestDatabase;
let db: Database;
let store: NumberListStore;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  store = new NumberListStore(db);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(() => own.query('truncate number_list_versions, number_list_segments, dnc_entries cascade'));

const LIST = lines(212, 555, 0, 3_000) + lines(310, 444, 0, 500) + '+442071838750\n';
const numbersOf = async (list: 'national' | 'litigator'): Promise<string[]> => {
  const found = await exportNumbers(db, list, 'e164');
  let text = '';
  for await (const piece of found?.text ?? []) text += piece;
  return text.split('\n').filter(Boolean);
};
const states = async (): Promise<string[]> =>
  (await store.history('national', 20)).map(({ version, status }) => `${version} ${status}`);
const segmentCount = async (): Promise<number> =>
  (await own.query<{ n: number }>('select count(*)::int as n from number_list_segments'))[0]?.n ?? -1;
const day = (days: number): string => new Date(daysAgo(days)).toISOString().slice(0, 10);

test('a list is what was in its file, with the date and the checksum of it', async () => {
  const outcome = await take(db, 'national', LIST, { asOf: daysAgo(3) });
  expect(outcome).toMatchObject({
    ok: true,
    version: day(3),
    entries: 3_501,
    before: 0,
    report: { lines: 3_501, duplicates: 0, badLines: 0 },
  });
  const current = (await store.currentOf('national')) as StoredNumberList;
  expect(current).toMatchObject({
    status: 'current',
    kind: 'full',
    asOf: daysAgo(3),
    entries: 3_501,
    sources: [
      { name: 'list.txt', bytes: LIST.length, sha256: createHash('sha256').update(LIST).digest('hex') },
    ],
  });
  expect(current.loadedAt).toBeInstanceOf(Date);
  expect((await store.segmentsOf(current.id)).map(({ area, entries }) => [area, entries])).toEqual([
    [0, 1],
    [212, 3_000],
    [310, 500],
  ]);
  const numbers = await numbersOf('national');
  expect(numbers).toHaveLength(3_501);
  expect(numbers.slice(0, 3)).toEqual(['+442071838750', '+12125550000', '+12125550001']);
});

test('what is written out is read in as the same list', async () => {
  await take(db, 'national', LIST);
  const found = await exportNumbers(db, 'national', 'registry');
  let text = '';
  for await (const piece of found?.text ?? []) text += piece;
  expect(await take(db, 'litigator', text)).toMatchObject({ ok: true, entries: 3_501 });
  expect(await numbersOf('litigator')).toEqual(await numbersOf('national'));
  expect(await exportNumbers(db, 'state:TX', 'e164')).toBeUndefined();
});

test('a new version takes the place of the old one, which is kept; the numbers of older ones go, their record stays', async () => {
  for (const days of [4, 3, 2])
    await take(db, 'national', LIST + lines(415, 222, 0, days), { asOf: daysAgo(days) });
  expect(await states()).toEqual([`${day(2)} current`, `${day(3)} previous`, `${day(4)} retired`]);
  expect(await segmentCount()).toBe(8);
  const [, , oldest] = await store.history('national', 3);
  expect(oldest).toMatchObject({ entries: 3_505, sources: [{ name: 'list.txt' }] });
});

test('two versions of one day have names of their own', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(2) });
  await take(db, 'national', LIST, { asOf: daysAgo(2) });
  expect(await states()).toEqual([`${day(2)}.2 current`, `${day(2)} previous`]);
});

test('rolled back, the version before is the current one, and again the other way', async () => {
  expect(await rollBackNumbers(db, 'national')).toEqual({ ok: false, reason: 'no_previous_version' });
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  expect(await rollBackNumbers(db, 'national')).toEqual({ ok: false, reason: 'no_previous_version' });
  expect(await states()).toEqual([`${day(3)} current`]);
  await take(db, 'national', LIST + lines(415, 222, 0, 5), { asOf: daysAgo(2) });
  expect(await rollBackNumbers(db, 'national')).toMatchObject({ ok: true, version: { version: day(3) } });
  expect(await states()).toEqual([`${day(2)} previous`, `${day(3)} current`]);
  expect(await numbersOf('national')).toHaveLength(3_501);
  await rollBackNumbers(db, 'national');
  expect(await numbersOf('national')).toHaveLength(3_506);
});

test('a rollback does not bring back what an import that died left behind', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  await own.query(`insert into number_list_versions (list, version, status, kind, as_of)
    values ('national', 'half', 'loading', 'full', 0)`);
  expect(await rollBackNumbers(db, 'national')).toEqual({ ok: false, reason: 'no_previous_version' });
  expect(await states()).toEqual(['half failed', `${day(3)} current`]);
});

describe('changes', () => {
  beforeEach(() => take(db, 'national', LIST, { asOf: daysAgo(10) }));

  test('are applied to the current version, the latest of each number', async () => {
    const changes = [
      `212,5550000,${day(5)},D`,
      `212,5550001,${day(4)},A`,
      `212,5550001,${day(5)},D`,
      `212,5559999,${day(6)},A`,
      `415,2220001,${day(3)},A`,
      `415,2220002,${day(3)},D`,
    ].join('\n');
    const outcome = await take(db, 'national', changes, { kind: 'changes', asOf: undefined });
    expect(outcome).toMatchObject({
      ok: true,
      asOf: daysAgo(3),
      version: day(3),
      before: 3_501,
      entries: 3_502,
      report: { lines: 6, changes: { added: 2, removed: 1, withoutEffect: 2 } },
    });
    const numbers = new Set(await numbersOf('national'));
    expect(numbers.size).toBe(3_502);
    expect(
      ['+12125550000', '+12125550001', '+12125559999', '+14152220001', '+442071838750'].map((n) =>
        numbers.has(n),
      ),
    ).toEqual([false, true, true, true, true]);
    const [current, previous] = await store.history('national', 2);
    expect(current).toMatchObject({ kind: 'changes', entries: 3_502, asOf: daysAgo(3) });
    // What no change was about is the same bytes.
    const [now, before] = await Promise.all(
      [current, previous].map((each) => store.segmentsOf(each?.id as number)),
    );
    expect(now?.find(({ area }) => area === 310)).toEqual(before?.find(({ area }) => area === 310));
    expect(now?.find(({ area }) => area === 212)).not.toEqual(before?.find(({ area }) => area === 212));
  });

  test('may empty an area', async () => {
    const gone = lines(310, 444, 0, 500).replaceAll('\n', ',D\n');
    expect(await take(db, 'national', gone, { kind: 'changes', maxLoss: 1 })).toMatchObject({
      entries: 3_001,
    });
    const current = (await store.currentOf('national')) as StoredNumberList;
    expect((await store.segmentsOf(current.id)).map(({ area }) => area)).toEqual([0, 212]);
  });

  test('that do not say what they do are what they are told to be', async () => {
    const text = lines(415, 222, 0, 5);
    const how = { kind: 'changes', asOf: daysAgo(1) } as const;
    expect(await take(db, 'national', text, how)).toMatchObject({ reason: 'too_many_bad_lines' });
    expect(await take(db, 'national', text, { ...how, untyped: 'add' })).toMatchObject({ entries: 3_506 });
    expect(await take(db, 'national', text, { ...how, untyped: 'delete' })).toMatchObject({ entries: 3_501 });
  });

  test('without a date, or to nothing, are refused', async () => {
    const how = { kind: 'changes', asOf: undefined } as const;
    expect(await take(db, 'national', '212,5550000,D', how)).toMatchObject({ reason: 'no_date' });
    expect(await take(db, 'state:TX', '212,5550000,D', how)).toMatchObject({ reason: 'no_current_version' });
  });
});

describe('what is wrong changes nothing', () => {
  beforeEach(() => take(db, 'national', LIST, { asOf: daysAgo(10) }));

  test.each<[string, string, Parameters<typeof take>[3], string, RegExp]>([
    [
      'too many bad lines',
      LIST + 'rubbish\n'.repeat(10),
      {},
      'too_many_bad_lines',
      /10 of 3511 .* first is line 3502 of list.txt \(not_digits\)/,
    ],
    [
      'nothing but rubbish',
      'rubbish here\n'.repeat(20_000),
      { format: 'lines' },
      'too_many_bad_lines',
      /more than 0.1 %/,
    ],
    ['an empty file', '', {}, 'nothing_in_it', /no number/],
    ['a file of blank lines', '\n\n \n', {}, 'nothing_in_it', /no number/],
    ['a list that is suddenly short', lines(212, 555, 0, 3_000), {}, 'loses_too_many', /3000 of 3501/],
    [
      'changes that leave too little',
      lines(212, 555, 0, 2_000).replaceAll('\n', ',D\n'),
      { kind: 'changes' },
      'loses_too_many',
      /1501 of 3501/,
    ],
    [
      'changes in place of the list',
      '212,5550000,2026-11-20,D\n',
      {},
      'unusable_file',
      /list.txt: it is a file of changes/,
    ],
    ['a list without a date', LIST, { asOf: undefined }, 'no_date', /as of when/],
    ['a list of tomorrow', LIST, { asOf: daysAgo(-2) }, 'in_the_future', /not come yet/],
    [
      'a list older than the current one',
      LIST,
      { asOf: daysAgo(11) },
      'older_than_current',
      /current version is of/,
    ],
    [
      'changes of tomorrow',
      `212,5550000,${day(-3)},D\n`,
      { kind: 'changes', asOf: undefined, maxLoss: 1 },
      'in_the_future',
      /not come yet/,
    ],
    ['XML cut off', '<list><ac val="212"><ph val="5550000"/>', { maxLoss: 1 }, 'unusable_file', /cut off/],
  ])('%s', async (...[, text, how, reason, message]) => {
    const before = await numbersOf('national');
    const outcome = await take(db, 'national', text, how);
    expect(outcome).toMatchObject({ ok: false, reason, message: expect.stringMatching(message) as string });
    expect(await numbersOf('national')).toEqual(before);
    // The segments of what failed are gone as well.
    expect(await segmentCount()).toBe(3);
  });

  test('a few bad lines are put up with, and told', async () => {
    const outcome = await take(db, 'national', `${LIST}rubbish\n+1\n`, { maxBadShare: 0.01 });
    expect(outcome).toMatchObject({
      ok: true,
      report: {
        badLines: 2,
        samples: [
          { file: 'list.txt', line: 3_502, problem: 'not_digits', text: 'rubbish' },
          { file: 'list.txt', line: 3_503, problem: 'not_nanp', text: '+1' },
        ],
      },
    });
  });

  test('a failed import says why in its record', async () => {
    await take(db, 'national', 'rubbish\n', { format: 'lines' });
    expect((await store.history('national', 1))[0]).toMatchObject({
      status: 'failed',
      report: { badLines: 1, problem: expect.stringMatching(/cannot be used/) as string },
    });
  });

  test('a list may shrink when that is allowed', async () => {
    expect(await take(db, 'national', lines(212, 555, 0, 10), { maxLoss: 1 })).toMatchObject({ entries: 10 });
  });
});

test('a list is written by one at a time; another list meanwhile', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(5) });
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  async function* slowly(): AsyncGenerator<Buffer> {
    yield Buffer.from(LIST.slice(0, 100));
    await held;
    yield Buffer.from(LIST.slice(100));
  }
  const { Readable } = await import('node:stream');
  const first = take(db, 'national', '', { sources: [{ name: 'slow', stream: Readable.from(slowly()) }] });
  const isBusy = async (): Promise<boolean> => (await store.history('national', 1))[0]?.status === 'loading';
  while (!(await isBusy())) await new Promise((later) => setTimeout(later, 10));
  expect(await take(db, 'national', LIST)).toMatchObject({ ok: false, reason: 'busy' });
  expect(await rollBackNumbers(db, 'national')).toEqual({ ok: false, reason: 'busy' });
  expect(await take(db, 'state:TX', LIST)).toMatchObject({ ok: true });
  release();
  expect(await first).toMatchObject({ ok: true, entries: 3_501 });
});

test('an import whose connection is killed leaves the list as it was, and the next one cleans up', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(5) });
  async function* cut(): AsyncGenerator<Buffer> {
    yield Buffer.from(LIST);
    await own.query(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
      and database = (select oid from pg_database where datname = current_database())`);
    yield Buffer.from(lines(415, 222, 0, 100));
  }
  const { Readable } = await import('node:stream');
  const sources = [{ name: 'cut', stream: Readable.from(cut()) }];
  await expect(take(db, 'national', '', { sources })).rejects.toThrow();
  expect(await numbersOf('national')).toHaveLength(3_501);
  expect(await take(db, 'national', LIST)).toMatchObject({ ok: true });
  expect(await states()).toEqual([
    `${day(1)} current`,
    expect.stringMatching(/^import of .* failed$/),
    `${day(5)} previous`,
  ]);
});

test('a number is checked against rows and lists, as they are stored', async () => {
  const number = '+12125550005' as E164;
  const now = Date.now();
  await take(db, 'state:NY', lines(212, 555, 0, 10));
  await take(db, 'national', LIST);
  await own.query(
    `insert into dnc_entries (id, number, source, expires_at) values
    ('+12125550005/internal', '+12125550005', 'internal', $1),
    ('+12125550005/litigator', '+12125550005', 'litigator', $2)`,
    [now + 1_000_000, now - 1],
  );
  expect(await checkNumber(db, number, now)).toEqual([
    { list: 'internal', version: undefined },
    { list: 'national', version: day(1) },
    { list: 'state:NY', version: day(1) },
  ]);
  expect(await checkNumber(db, '+442071838750' as E164, now)).toEqual([
    { list: 'national', version: day(1) },
  ]);
  expect(await checkNumber(db, '+13105550000' as E164, now)).toEqual([]);
});
