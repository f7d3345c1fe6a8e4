import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DiskStore,
  objectName,
  RecordingFolder,
  RecordingKeeper,
  RecordingLibrary,
  rewrapKeys,
  S3Store,
  Studio,
} from '../../../src/recordings';
import { KeyRing } from '../../../src/recordings';
import type { Database } from '../../../src/storage';
import { countByKey, eraseRecording, getRecording, getSealed } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { S3Stub } from '../../support/s3-stub';
import { S3_WHO, startS3Stub } from '../../support/s3-stub';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { recordingBasics } from '../api/support/test-recordings';

const OLD = 'a key of before, of at least 32 characters';
const NEW = 'the key of now, of at least 32 characters';

let own: TestDatabase;
let db: Database;
let s3: S3Stub;
let root: string;
let disk: DiskStore;
let remote: S3Store;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(async () => {
  s3 = await startS3Stub();
  root = mkdtempSync(join(tmpdir(), 'dce-recordings-'));
  disk = new DiskStore(root);
  remote = storeOf();
});
afterEach(async () => {
  await s3.close();
  rmSync(root, { recursive: true, force: true });
  await own.empty('recordings, outbox');
});

function storeOf(more: Partial<ConstructorParameters<typeof S3Store>[0]> = {}): S3Store {
  return new S3Store({
    ...{ ...S3_WHO, endpoint: s3.url, bucket: 'calls', prefix: 'recordings/' },
    ...{ timeoutMs: 5_000, now: () => Date.now(), ...more },
  });
}

/** Records so much on a node whose recordings go to the store. */
async function record(ring: KeyRing, audio: Buffer) {
  const folder = new RecordingFolder(root, 'n1');
  let ended = false;
  const studio = new Studio(
    folder,
    ring,
    { maxOpen: 1, maxBytes: 10_000_000, maxQueuedBytes: 10_000_000 },
    { onBegin: () => undefined, onEnd: () => (ended = true), onFailed: () => undefined },
  );
  const errors: string[] = [];
  const keeper = new RecordingKeeper(db, folder, disk, ring, {
    nodeId: 'n1',
    remote,
    isOpen: (id) => studio.has(id),
    onError: (error) => errors.push(error.message),
  });
  const basics = recordingBasics();
  const sink = studio.record(basics);
  if ('refused' in sink) throw new Error(sink.refused);
  sink.begin({ encoding: 'PCMU' });
  sink.write(audio);
  sink.end({ durationMs: 1, pausedMs: 0, lostMs: [0, 0] });
  await until('its end', () => ended);
  const object = objectName(basics.id, basics.startedAt);
  return { id: basics.id, keeper, errors, object, path: disk.pathOf(object) };
}

async function hear(ring: KeyRing, id: string, from = 0, to?: number): Promise<Buffer> {
  const row = await getSealed(db, id);
  if (!row) throw new Error('it is not kept');
  const audio = await new RecordingLibrary(ring, [disk, remote]).open(row);
  const pieces: Buffer[] = [];
  for await (const piece of audio.read(from, to ?? audio.size)) pieces.push(Buffer.from(piece));
  await audio.close();
  return Buffer.concat(pieces);
}

test('what is whole goes to the store, is heard from there by its parts, and is erased there', async () => {
  const ring = new KeyRing([OLD]);
  const audio = randomBytes(700_000);
  const { id, keeper, errors, object, path } = await record(ring, audio);
  await keeper.settle();
  expect([errors, s3.refused]).toEqual([[], []]);
  expect(await getRecording(db, id, undefined)).toMatchObject({ state: 'saved', store: 's3' });
  expect([...s3.objects.keys()]).toEqual([`/calls/recordings/${object}`]);
  expect(existsSync(path)).toBe(false);
  expect((await hear(ring, id)).equals(audio)).toBe(true);
  expect((await hear(ring, id, 65_000, 140_000)).equals(audio.subarray(65_000, 140_000))).toBe(true);
  await eraseRecording(db, id, 'asked for');
  await keeper.settle();
  expect([...s3.objects.keys()]).toEqual([]);
});

test('while the store is away recordings stay on the disk, and go there once it is back', async () => {
  const ring = new KeyRing([OLD]);
  const audio = randomBytes(100_000);
  s3.away = true;
  const { id, keeper, errors, path } = await record(ring, audio);
  await keeper.settle();
  expect(errors).toEqual(['the store of recordings answers PUT with 503 SlowDown']);
  expect(existsSync(path)).toBe(true);
  expect((await hear(ring, id)).equals(audio)).toBe(true);
  s3.away = false;
  await keeper.settle();
  expect(existsSync(path)).toBe(false);
  expect((await hear(ring, id)).equals(audio)).toBe(true);
  // What there is to be heard cannot be heard now.
  s3.away = true;
  await expect(hear(ring, id)).rejects.toThrow('the store of recordings answers HEAD with 503');
});

test('a wrong secret is told, and nobody that answers with too much or not at all is believed', async () => {
  const ring = new KeyRing([OLD]);
  remote = storeOf({ secretAccessKey: 'another' });
  const { keeper, errors } = await record(ring, randomBytes(1_000));
  await keeper.settle();
  expect(errors).toEqual(['the store of recordings answers PUT with 403 SignatureDoesNotMatch']);
  await s3.close();
  await expect(storeOf().open('x')).rejects.toMatchObject({ code: 'recording_not_here' });
});

test('a new key wraps what the one of before did: the audio is as it was, and the old key is needed no more', async () => {
  const before = new KeyRing([OLD]);
  const audio = randomBytes(100_000);
  const { id, keeper } = await record(before, audio);
  await keeper.settle();
  const object = Buffer.from([...s3.objects.values()][0] as Buffer);
  const both = new KeyRing([NEW, OLD]);
  const alone = new KeyRing([NEW]);
  expect(await rewrapKeys(db, alone)).toEqual({ rewrapped: 0, unknown: new Map([[before.currentId, 1]]) });
  expect(await rewrapKeys(db, both)).toEqual({ rewrapped: 1, unknown: new Map() });
  expect(await rewrapKeys(db, both)).toEqual({ rewrapped: 0, unknown: new Map() });
  expect(await countByKey(db)).toEqual(new Map([[both.currentId, 1]]));
  expect((await hear(alone, id)).equals(audio)).toBe(true);
  await expect(hear(before, id)).rejects.toThrow('is not among recordings.keys');
  expect(([...s3.objects.values()][0] as Buffer).equals(object)).toBe(true);
});
