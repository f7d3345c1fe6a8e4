import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Journal } from '../../../src/storage';
import type { JournalOptions } from '../../../src/storage/journal';
import { JournalFullError } from '../../../src/storage/journal';

let folder: string;
let opened: Journal[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dce-journal-'));
  opened = [];
});
afterEach(async () => {
  for (const journal of opened) await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(options?: JournalOptions, name = 'calls.journal'): Journal {
  const journal = new Journal(join(folder, name), options);
  opened.push(journal);
  return journal;
}

async function replayed(journal: Journal, batch = 100): Promise<string[]> {
  const lines: string[] = [];
  await journal.replay(batch, (some) => Promise.resolve(void lines.push(...some)));
  return lines;
}

test('what one run appends, the next replays in order, once', async () => {
  const first = open();
  await first.append(['a', 'b']);
  await first.append(['c']);
  await first.close();
  const second = open();
  expect(second.empty).toBe(false);
  expect(await replayed(second)).toEqual(['a', 'b', 'c']);
  expect(second.empty).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('whatever is appended, in whatever pieces and segments, comes back as it was', async () => {
  const line = fc.string({ maxLength: 40, unit: 'binary' }).map((text) => JSON.stringify(text));
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(line, { maxLength: 5 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 1, max: 7 }),
      async (appends, maxSegmentBytes, batch) => {
        const name = `run-${run++}`;
        const writer = open({ maxSegmentBytes }, name);
        await Promise.all(appends.map((lines) => writer.append(lines)));
        await writer.close();
        expect(await replayed(open({ maxSegmentBytes }, name), batch)).toEqual(appends.flat());
      },
    ),
    { numRuns: 25 },
  );
});

test('a line that a crash cut short is left out, and does not spoil what comes after', async () => {
  const before = open();
  await before.append(['whole']);
  await before.close();
  const [segment] = readdirSync(folder);
  appendFileSync(join(folder, segment ?? ''), '{"half":');
  const after = open();
  await after.append(['next']);
  expect(await replayed(after)).toEqual(['whole', 'next']);
});

test('a character cut in two by a crash is left out too', async () => {
  writeFileSync(join(folder, 'calls.journal.00000001'), Buffer.from('"é"\n"é', 'utf8').subarray(0, -1));
  expect(await replayed(open())).toEqual(['"é"']);
});

test('nothing is lost when replaying stops: the segment comes again from its start', async () => {
  const journal = open({ maxSegmentBytes: 4 });
  await journal.append(['a1', 'a2']);
  await journal.append(['b1', 'b2']);
  const seen: string[] = [];
  const failing = journal.replay(1, (lines) => {
    if (lines[0] === 'b2') return Promise.reject(new Error('away again'));
    seen.push(...lines);
    return Promise.resolve();
  });
  await expect(failing).rejects.toThrow('away again');
  expect(seen).toEqual(['a1', 'a2', 'b1']);
  expect(await replayed(journal)).toEqual(['b1', 'b2']);
});

test('lines appended while older ones are replayed are replayed as well', async () => {
  const journal = open();
  await journal.append(['old']);
  const lines: string[] = [];
  await journal.replay(10, async (some) => {
    lines.push(...some);
    if (some.includes('old')) await journal.append(['new']);
  });
  expect(lines).toEqual(['old', 'new']);
  expect(journal.empty).toBe(true);
});

test('a full journal says so, keeps what it has, and takes more once it was replayed', async () => {
  const journal = open({ maxBytes: 10 });
  await journal.append(['1234']);
  await expect(journal.append(['123456'])).rejects.toThrow(JournalFullError);
  await journal.append(['5678']);
  expect(journal.bytes).toBe(10);
  expect(await replayed(journal)).toEqual(['1234', '5678']);
  await journal.append(['123456']);
  expect(journal.bytes).toBe(7);
});

test('a disk that says no is told, and the next line stands by itself', async () => {
  const journal = open();
  await journal.append(['first']);
  await journal.close();
  rmSync(folder, { recursive: true });
  await expect(journal.append(['lost'])).rejects.toThrow('ENOENT');
});

test('other files of the folder are left alone', async () => {
  writeFileSync(join(folder, 'calls.journal.note'), 'mine');
  writeFileSync(join(folder, 'other.journal.00000001'), 'theirs\n');
  const journal = open();
  expect(journal.empty).toBe(true);
  await journal.append(['a']);
  expect(await replayed(journal)).toEqual(['a']);
  expect(readdirSync(folder).sort()).toEqual(['calls.journal.note', 'other.journal.00000001']);
});
