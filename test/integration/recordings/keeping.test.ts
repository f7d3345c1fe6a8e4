import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { appendFile, copyFile, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingBasics, RecordingEnd } from '../../../src/domain';
import type { RecordingSink } from '../../../src/media';
import type { RecordingOutput, StudioLimits } from '../../../src/recordings';
import {
  DiskStore,
  KeyRing,
  objectName,
  RecordingFolder,
  RecordingKeeper,
  SealedAudio,
  Studio,
} from '../../../src/recordings';
import type { Database } from '../../../src/storage';
import { eraseRecording, getRecording, getSealed, noteRecording, saveRecording } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

const SECOND_BYTES = 16_000;
const RING = new KeyRing(['a key of this installation, long enough']);
const LIMITS: StudioLimits = { maxOpen: 3, maxBytes: 100 * SECOND_BYTES, maxQueuedBytes: 1_048_576 };
const STARTED = Date.UTC(2026, 10, 22, 10);

let own: TestDatabase;
let db: Database;
let root: string;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dce-recordings-'));
});
afterEach(async () => {
  rmSync(root, { recursive: true, force: true });
  await own.empty('recordings, outbox');
});

/** One start of one node. */
function node(
  more: { limits?: Partial<StudioLimits>; output?: (path: string) => Promise<RecordingOutput> } = {},
) {
  const folder = new RecordingFolder(root, 'node/1');
  const disk = new DiskStore(root);
  const told: string[] = [];
  const errors: string[] = [];
  const studio = new Studio(
    folder,
    RING,
    { ...LIMITS, ...more.limits },
    {
      onBegin: () => told.push('begin'),
      onEnd: () => told.push('end'),
      onFailed: (_basics, _encoding, why) => told.push(`failed: ${why}`),
    },
    more.output,
  );
  const keeper = new RecordingKeeper(db, folder, disk, RING, {
    nodeId: 'node/1',
    isOpen: (id) => studio.has(id),
    onError: (error) => errors.push(error.message),
  });
  return { folder, disk, studio, keeper, told, errors };
}

function basics(more: Partial<RecordingBasics> = {}): RecordingBasics {
  return {
    id: randomUUID(),
    callId: 'call-1',
    kind: 'conversation',
    nodeId: 'node/1',
    campaignId: 'campaign-1',
    sellerId: 'seller-1',
    buyerId: 'buyer-1',
    buyerAccountId: 'buyer-account',
    targetId: 'target-1',
    startedAt: STARTED,
    keepDays: 90,
    consent: {
      needs: 'all_party',
      citation: 'Cal. Penal Code §§632, 632.7',
      announcedAt: STARTED - 5_000,
      caller: { states: ['CA'], by: 'area code' },
      other: { states: [], by: 'nothing' },
    },
    ...more,
  };
}

function sinkOf(studio: Studio, of: RecordingBasics): RecordingSink {
  const sink = studio.record(of);
  if ('refused' in sink) throw new Error(sink.refused);
  return sink;
}

function speak(sink: RecordingSink, audio: Buffer): void {
  for (let at = 0; at < audio.length; at += 320) sink.write(audio.subarray(at, at + 320));
}

async function hear(disk: DiskStore, id: string): Promise<Buffer> {
  const row = await getSealed(db, id);
  if (!row) throw new Error('it is not kept');
  const audio = await SealedAudio.open(await disk.open(row.object), id, () =>
    RING.unwrap({ keyId: row.keyId, wrapped: row.sealedKey }),
  );
  try {
    const pieces: Buffer[] = [];
    for await (const piece of audio.read()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  } finally {
    await audio.close();
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );
}

async function outbox(): Promise<{ type: string; subject: string; payload: Record<string, unknown> }[]> {
  return own.query('select type, subject, payload from outbox order by id');
}

test('what was said is kept, sealed, and heard again by who has the keys of row and ring', async () => {
  const { studio, keeper, disk, told, errors } = node();
  const of = basics();
  const audio = randomBytes(9 * SECOND_BYTES);
  const sink = sinkOf(studio, of);
  sink.begin({ encoding: 'PCMU' });
  speak(sink, audio);
  expect(studio.size).toBe(1);
  sink.end({ durationMs: 9_000, pausedMs: 1_000, lostMs: [20, 40] });
  await until('its end', () => told.includes('end'));
  expect(studio.size).toBe(0);
  await keeper.settle();
  expect(errors).toEqual([]);
  expect(await getRecording(db, of.id, undefined)).toMatchObject({
    state: 'saved',
    callId: 'call-1',
    durationMs: 9_000,
    pausedMs: 1_000,
    lostMsCaller: 20,
    lostMsOther: 40,
    bytes: audio.length,
    lost: null,
    eraseAfter: STARTED + 90 * 86_400_000,
    keyId: RING.currentId,
    store: 'disk',
    consent: of.consent,
    waveform: { stepMs: 100 },
  });
  expect((await hear(disk, of.id)).equals(audio)).toBe(true);
  // One file, which without its row is nothing: neither audio nor key are in it.
  expect(filesBelow(root)).toEqual([`${of.id}.dcr`]);
  const file = readFileSync(disk.pathOf(objectName(of.id, STARTED)));
  for (let at = 0; at + 400 <= audio.length; at += 200) {
    expect(file.includes(audio.subarray(at, at + 400))).toBe(false);
  }
  expect(file.subarray(40, 80).equals(Buffer.alloc(40))).toBe(true);
  expect(await outbox()).toEqual([
    {
      type: 'recording.saved',
      subject: of.id,
      payload: {
        ...{ callId: 'call-1', kind: 'conversation', campaignId: 'campaign-1', buyerId: 'buyer-1' },
        // The campaign lets neither hear it.
        ...{ sellerId: null, buyerAccountId: null, durationMs: 9_000, lost: null },
      },
    },
  ]);
});

test('of a process that was killed what authenticates is kept, marked as cut off', async () => {
  const first = node();
  const of = basics();
  const audio = randomBytes(20 * SECOND_BYTES);
  const sink = sinkOf(first.studio, of);
  sink.begin({ encoding: 'PCMA' });
  speak(sink, audio);
  const path = first.folder.openFile(of.id);
  // Four chunks are full.
  const full = 4 * 65_536;
  await until('what is on disk', () => first.told.includes('begin') && filesBelow(root).length === 2);
  await until('what is on disk', () => statSync(path).size === 80 + 4 * 65_552);
  // Killed in the middle of a write.
  await appendFile(path, randomBytes(1_234));
  const second = node();
  await second.keeper.settle();
  expect(second.errors).toEqual([]);
  expect(await getRecording(db, of.id, undefined)).toMatchObject({
    state: 'saved',
    bytes: full,
    encoding: 'PCMA',
    durationMs: full / 16,
    lost: 'the process that made it was killed: up to 5 s before it are missing',
  });
  expect((await hear(second.disk, of.id)).equals(audio.subarray(0, full))).toBe(true);
  expect(filesBelow(root)).toEqual([`${of.id}.dcr`]);
  await second.keeper.settle();
  expect(await outbox()).toHaveLength(1);
  sink.end({ durationMs: 20_000, pausedMs: 0, lostMs: [0, 0] });
  await first.studio.close();
});

test('a process that is killed at any step of keeping leaves what the next one goes on with', async () => {
  const { studio, keeper, folder, disk, told } = node();
  const audio = randomBytes(5 * SECOND_BYTES);
  const of = basics();
  const sink = sinkOf(studio, of);
  sink.begin({ encoding: 'PCMU' });
  speak(sink, audio);
  sink.end({ durationMs: 5_000, pausedMs: 700, lostMs: [0, 0] });
  await until('its end', () => told.includes('end'));
  const note = await readFile(folder.wholeNote(of.id));
  const before = join(root, 'before.keep');
  await copyFile(folder.wholeFile(of.id), before);
  const places = [
    // The note of its end was written, and nothing else.
    [folder.openFile(of.id), true],
    // It is whole, and nobody was told.
    [folder.wholeFile(of.id), false],
    // It lies where it is kept, with its key.
    [disk.pathOf(objectName(of.id, STARTED)), false],
  ] as const;
  for (const [path, open] of places) {
    await own.empty('recordings, outbox');
    rmSync(folder.wholeFile(of.id), { force: true });
    rmSync(disk.pathOf(objectName(of.id, STARTED)), { force: true });
    await writeFile(folder.wholeNote(of.id), note);
    await copyFile(before, path).catch(async () => {
      await disk.put(objectName(of.id, STARTED), before);
    });
    if (open) await writeFile(folder.openNote(of.id), '{"format":1,"basics":{"id":"x"}}');
    await keeper.settle();
    expect(await getRecording(db, of.id, undefined)).toMatchObject({
      state: 'saved',
      pausedMs: 700,
      lost: null,
    });
    expect((await hear(disk, of.id)).equals(audio)).toBe(true);
    expect(filesBelow(root).sort()).toEqual([`${of.id}.dcr`, 'before.keep'].sort());
  }
  // The database had it already, and the file had its key still.
  await disk.put(objectName(of.id, STARTED), before);
  await writeFile(folder.wholeNote(of.id), note);
  await keeper.settle();
  expect(
    readFileSync(disk.pathOf(objectName(of.id, STARTED)))
      .subarray(40, 80)
      .equals(Buffer.alloc(40)),
  ).toBe(true);
  expect(await outbox()).toHaveLength(1);
});

test('a disk that fails ends the recording, and not the call: what it took before is kept', async () => {
  let writes = 0;
  const { studio, keeper, folder, disk, told } = node({
    output: async (path) => {
      await writeFile(path, '', { flag: 'wx' });
      return {
        write: async (pieces) => {
          if (++writes > 3) throw new Error('ENOSPC: no space left on device');
          await appendFile(path, Buffer.concat(pieces));
        },
        finish: () => Promise.resolve(),
        abandon: () => Promise.resolve(),
      };
    },
  });
  const of = basics();
  const sink = sinkOf(studio, of);
  sink.begin({ encoding: 'PCMU' });
  const audio = randomBytes(8 * 65_536);
  for (let at = 0; at < audio.length; at += 65_536) {
    const before = writes;
    sink.write(audio.subarray(at, at + 65_536));
    await until('what is on disk', () => writes > before || told.includes('end'));
  }
  await until('its end', () => told.includes('end'));
  // The engine goes on, and ends it in its own time.
  sink.write(audio);
  sink.end({ durationMs: 1, pausedMs: 0, lostMs: [0, 0] });
  await keeper.settle();
  expect(await getRecording(db, of.id, undefined)).toMatchObject({
    state: 'saved',
    lost: 'ENOSPC: no space left on device',
  });
  const kept = await hear(disk, of.id);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.equals(audio.subarray(0, kept.length))).toBe(true);
  expect(readdirSync(folder.open)).toEqual([]);
});

test('a disk that is too slow, or takes nothing, is not waited for', async () => {
  let free = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (free = resolve));
  const { studio, keeper, told } = node({
    limits: { maxQueuedBytes: 200_000 },
    output: async () => {
      await stuck;
      throw new Error('EIO: i/o error');
    },
  });
  const of = basics();
  const sink = sinkOf(studio, of);
  sink.begin({ encoding: 'PCMU' });
  for (let count = 0; count < 1_000; count++) sink.write(Buffer.alloc(6_400));
  free();
  await until('its end', () => told.includes('end'));
  await keeper.settle();
  expect(await getRecording(db, of.id, undefined)).toMatchObject({
    state: 'failed',
    lost: 'the disk is too slow',
  });
  expect(await outbox()).toMatchObject([
    { type: 'recording.failed', payload: { lost: 'the disk is too slow' } },
  ]);
});

test('limits: how long it is, how many there are, and nothing that begins while the node goes down', async () => {
  const { studio, keeper, disk, told } = node({ limits: { maxOpen: 1, maxBytes: SECOND_BYTES } });
  const of = basics();
  const sink = sinkOf(studio, of);
  // Opened, and never begun: it takes nobody's place.
  sinkOf(studio, basics()).end({ durationMs: 0, pausedMs: 0, lostMs: [0, 0] }, 'the engine failed');
  sink.begin({ encoding: 'PCMU' });
  expect(studio.record(basics())).toEqual({ refused: 'as many recordings are made as may be' });
  const audio = randomBytes(2 * SECOND_BYTES);
  speak(sink, audio);
  sink.end({ durationMs: 2_000, pausedMs: 0, lostMs: [0, 0] });
  await studio.close();
  expect(studio.record(basics())).toEqual({ refused: 'the node goes down' });
  await until('its end', () => told.includes('end'));
  await keeper.settle();
  expect(await getRecording(db, of.id, undefined)).toMatchObject({
    durationMs: 1_000,
    lost: 'it came to the greatest length of recordings',
  });
  expect((await hear(disk, of.id)).equals(audio.subarray(0, SECOND_BYTES))).toBe(true);
});

test('one that is erased while it is made is not kept; one that is erased is gone from the disk', async () => {
  const { studio, keeper, told } = node();
  const early = basics();
  const late = basics();
  for (const one of [early, late]) {
    const sink = sinkOf(studio, one);
    sink.begin({ encoding: 'PCMU' });
    await until('its begin', () => told.filter((what) => what === 'begin').length > (one === late ? 1 : 0));
    await noteRecording(db, one, 'PCMU');
    speak(sink, randomBytes(SECOND_BYTES));
    if (one === early) expect(await eraseRecording(db, one.id, 'asked for')).toBe(true);
    sink.end({ durationMs: 1_000, pausedMs: 0, lostMs: [0, 0] });
  }
  await until('both ends', () => told.filter((what) => what === 'end').length === 2);
  await keeper.settle();
  expect(filesBelow(root)).toEqual([`${late.id}.dcr`]);
  expect(await eraseRecording(db, late.id, 'asked for')).toBe(true);
  expect(await eraseRecording(db, late.id, 'asked for')).toBe(false);
  // From then on nobody hears it, whatever lies where.
  expect(await getSealed(db, late.id)).toBeUndefined();
  await keeper.settle();
  expect(filesBelow(root)).toEqual([]);
  expect(
    await own.query('select state, sealed_key, removed_at is not null as gone from recordings order by 3'),
  ).toEqual([
    { state: 'erased', sealed_key: null, gone: false },
    { state: 'erased', sealed_key: null, gone: true },
  ]);
  // The process that told its end was killed before: nothing comes back.
  const kept = { keyId: RING.currentId, sealedKey: randomBytes(40), object: 'x' };
  const end: RecordingEnd = {
    ...{ encoding: 'PCMU', durationMs: 1, pausedMs: 0, lostMs: [0, 0], bytes: 16, sha256: 'ab'.repeat(32) },
    waveform: { stepMs: 100, caller: [], other: [] },
  };
  expect(await saveRecording(db, late, end, kept)).toBe('erased');
});

test('files that nobody can read are left alone, and in nobody’s way', async () => {
  const { studio, keeper, folder, told, errors } = node();
  const of = basics();
  const bad = basics();
  for (const one of [of, bad]) {
    const sink = sinkOf(studio, one);
    sink.begin({ encoding: 'PCMU' });
    speak(sink, randomBytes(SECOND_BYTES));
    sink.end({ durationMs: 1_000, pausedMs: 0, lostMs: [0, 0] });
  }
  await until('both ends', () => told.filter((what) => what === 'end').length === 2);
  truncateSync(folder.wholeFile(bad.id), 10);
  await writeFile(join(folder.whole, 'README'), 'somebody’s own');
  await writeFile(join(folder.open, `${randomUUID()}.dcr`), 'without a note');
  await keeper.settle();
  expect(errors).toEqual(['this is no sealed recording']);
  expect(await getRecording(db, of.id, undefined)).toMatchObject({ state: 'saved' });
  expect(await getRecording(db, bad.id, undefined)).toBeUndefined();
});
