import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { NumberSource, SourceRecord } from '../../../src/storage/number-lists/source-files';
import { bytesOf, filesOf } from '../../../src/storage/number-lists/source-files';
import { zipArchive } from '../../support/zip-archive';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'number-lists-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Read {
  readonly files: Record<string, string>;
  readonly records: SourceRecord[];
  readonly bytes: number;
}

async function read(source: NumberSource): Promise<Read> {
  const files: Record<string, string> = {};
  const records: SourceRecord[] = [];
  let bytes = 0;
  const parts = filesOf(
    source,
    (count) => (bytes += count),
    (record) => records.push(record),
  );
  for await (const { name, chunks } of parts) {
    let text = '';
    for await (const chunk of chunks) text += chunk.toString('latin1');
    files[name] = text;
  }
  return { files, records, bytes };
}

function file(name: string, content: Buffer | string): { path: string } {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { path };
}

const LIST = '202,5551234\n'.repeat(100_000);
const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex');

test.each<[string, Buffer]>([
  ['plain.txt', Buffer.from(LIST)],
  ['packed.txt.gz', gzipSync(LIST)],
  ['two-members.gz', Buffer.concat([gzipSync(LIST.slice(0, 500)), gzipSync(LIST.slice(500))])],
])('%s is read whole, and known by its checksum', async (name, content) => {
  const expected = {
    files: { [name]: LIST },
    records: [{ name, bytes: content.length, sha256: sha256(content) }],
  };
  expect(await read(file(name, content))).toEqual({ ...expected, bytes: content.length });
  const stream = Readable.from([
    ...[...content.subarray(0, 5)].map((byte) => Buffer.from([byte])),
    content.subarray(5),
  ]);
  expect(await read({ name, stream })).toMatchObject(expected);
});

test('an empty file is an empty file', async () => {
  expect((await read(file('empty', ''))).files).toEqual({ empty: '' });
});

test('every file of a zip archive is read, packed or not; folders and hidden files are passed over', async () => {
  const archive = zipArchive([
    { name: '202/', content: '' },
    { name: '202/list.txt', content: LIST },
    { name: '212.txt', content: '212,5550123\n', stored: true },
    { name: '__MACOSX/212.txt', content: 'rubbish' },
    { name: '.DS_Store', content: 'rubbish' },
    { name: 'empty.txt', content: '' },
  ]);
  const { files, records, bytes } = await read(file('all.zip', archive));
  expect(files).toEqual({
    'all.zip/202/list.txt': LIST,
    'all.zip/212.txt': '212,5550123\n',
    'all.zip/empty.txt': '',
  });
  expect(records).toEqual([{ name: 'all.zip', bytes: archive.length, sha256: sha256(archive) }]);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(archive.length);
});

const whole = zipArchive([{ name: 'list.txt', content: LIST }]);
const inMiddle = Buffer.from(gzipSync(LIST));
inMiddle.fill(0xaa, 60, 80);

test.each<[string, Buffer, RegExp]>([
  ['gzip that is cut off', gzipSync(LIST).subarray(0, -20), /damaged or cut off: .*unexpected end of file/],
  ['gzip that is damaged', inMiddle, /damaged or cut off/],
  ['gzip of nothing more than its head', gzipSync(LIST).subarray(0, 10), /damaged or cut off/],
  ['zip that is cut off', whole.subarray(0, -100), /damaged or cut off/],
  ['zip of nothing more than its head', whole.subarray(0, 4), /damaged or cut off/],
  [
    'zip with another checksum',
    zipArchive([{ name: 'list.txt', content: LIST, claims: { crc: 1 } }]),
    /list.txt is damaged: its checksum/,
  ],
  [
    'zip that holds less than it says',
    zipArchive([{ name: 'list.txt', content: LIST, claims: { size: LIST.length + 1 } }]),
    /list.txt is damaged/,
  ],
  [
    'zip that holds more than it says',
    zipArchive([{ name: 'list.txt', content: LIST, claims: { size: 10 } }]),
    /list.txt is damaged/,
  ],
  [
    'zip that is encrypted',
    zipArchive([{ name: 'list.txt', content: LIST, claims: { flags: 1 } }]),
    /list.txt is encrypted/,
  ],
  [
    'zip packed in a way that is not known',
    zipArchive([{ name: 'list.txt', content: LIST, claims: { method: 12 } }]),
    /packed in a way \(12\)/,
  ],
  [
    'zip with a path that leads out',
    zipArchive([{ name: '../list.txt', content: LIST }]),
    /damaged or cut off/,
  ],
])('%s is refused', async (_, content, message) => {
  await expect(read(file('hostile', content))).rejects.toMatchObject({
    name: 'UnusableFile',
    message: expect.stringMatching(message) as string,
  });
});

test('a zip archive cannot be read as a stream', async () => {
  await expect(read({ name: '-', stream: Readable.from([whole]) })).rejects.toThrow(/must be a file/);
});

test('a file that is not there is an error of the system', async () => {
  await expect(read({ path: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(bytesOf([{ path: join(folder, 'nowhere') }])).rejects.toMatchObject({ code: 'ENOENT' });
});

test('how much there is to read is known for files, not for streams', async () => {
  const sources = [file('a', '12345'), file('b', '123')];
  expect(await bytesOf(sources)).toBe(8);
  expect(await bytesOf([...sources, { name: '-', stream: Readable.from([]) }])).toBeUndefined();
});

test('whoever stops reading leaves nothing open', async () => {
  const parts = filesOf(
    file('long', LIST),
    () => undefined,
    () => undefined,
  );
  for await (const { chunks } of parts) {
    for await (const chunk of chunks) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    break;
  }
  const stream = Readable.from([Buffer.from(LIST)]);
  for await (const { chunks } of filesOf(
    { name: '-', stream },
    () => undefined,
    () => undefined,
  )) {
    expect(chunks).toBeDefined();
    break;
  }
  expect(stream.destroyed).toBe(true);
});
