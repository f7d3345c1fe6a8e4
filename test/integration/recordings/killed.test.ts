import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DiskStore,
  KeyRing,
  RecordingFolder,
  RecordingKeeper,
  RecordingLibrary,
} from '../../../src/recordings';
import { getRecording, getSealed } from '../../../src/storage';
import { CompiledSources } from '../../support/compiled-sources';
import { openDatabase } from '../../support/open-database';
import { octetAt } from '../../support/recording-process';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { recordingBasics } from '../api/support/test-recordings';

const KEY = 'a key of at least thirty-two characters';
const CHUNK_BYTES = 65_536;

test('a process that records is killed with SIGKILL: the next start has all but what it held in memory', async () => {
  const sources = new CompiledSources([
    ...['src/domain', 'src/market', 'src/storage', 'src/recordings'],
    'test/support/recording-process.ts',
  ]);
  const root = mkdtempSync(join(tmpdir(), 'dce-recordings-'));
  const own = await testDatabase();
  const db = openDatabase(own.url);
  const basics = recordingBasics();
  const folder = new RecordingFolder(root, 'n1');
  const child = fork(sources.path('test/support/recording-process.ts'), {
    env: {
      ...sources.env,
      RECORD_ROOT: root,
      RECORD_KEY: KEY,
      RECORD_BASICS: JSON.stringify(basics),
    },
    stdio: 'inherit',
  });
  try {
    const exited = once(child, 'exit');
    const path = folder.openFile(basics.id);
    await until('some of it is on disk', () => existsSync(path) && statSync(path).size > 6 * CHUNK_BYTES);
    child.kill('SIGKILL');
    await exited;
    const ring = new KeyRing([KEY]);
    const disk = new DiskStore(root);
    const errors: string[] = [];
    const keeper = new RecordingKeeper(db, folder, disk, ring, {
      nodeId: 'n1',
      isOpen: () => false,
      onError: (error) => errors.push(error.message),
    });
    await keeper.settle();
    expect(errors).toEqual([]);
    const row = await getRecording(db, basics.id, undefined);
    expect(row).toMatchObject({ state: 'saved', lost: expect.stringContaining('was killed') as unknown });
    const sealed = await getSealed(db, basics.id);
    if (!sealed) throw new Error('it is not kept');
    const audio = await new RecordingLibrary(ring, [disk]).open(sealed);
    expect(audio.recovered).toBe(true);
    expect(audio.size).toBeGreaterThanOrEqual(5 * CHUNK_BYTES);
    let place = 0;
    let wrong = 0;
    for await (const piece of audio.read())
      for (const octet of piece) if (octet !== octetAt(place++)) wrong++;
    expect([place, wrong]).toEqual([row?.bytes, 0]);
    await audio.close();
  } finally {
    child.kill('SIGKILL');
    await db.close();
    await own.drop();
    rmSync(root, { recursive: true, force: true });
    sources.remove();
  }
});
