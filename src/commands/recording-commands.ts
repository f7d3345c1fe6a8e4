import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import { AppError, asError, notFound, RECORDING_STATES } from '../domain';
import { openKeyRing, openLibrary } from '../parts/open-recordings';
import { openVaultOf } from '../parts/privacy-parts';
import type { RecordingLibrary } from '../recordings';
import { rewrapKeys } from '../recordings';
import type { Database, SealedRow } from '../storage';
import { countByKey, eraseRecording, getSealed, listRecordings, listSealed } from '../storage';
import { inOneRecorded, recorded } from './command-record';
import type { Screen } from './list-progress';
import { countUpTo, oneOf } from './option-values';

export interface RecordingCommandParts {
  readonly withDatabase: (work: (database: Database, loaded: LoadedConfig) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Progress. */
  readonly stderr: Screen;
  /** 0 as it should be, 1 when something is wrong with what was looked at. */
  readonly setExitCode: (code: number) => void;
}

interface ListOptions {
  readonly call?: string;
  readonly campaign?: string;
  readonly state?: (typeof RECORDING_STATES)[number];
  readonly limit: number;
}

const MAX_LISTED = 1_000;
const BATCH = 100;

/** `dce recordings …`. */
export function addRecordingCommands(program: Command, parts: RecordingCommandParts): void {
  const recordings = program.command('recordings').description('recordings of calls (docs/recordings.md)');
  recordings
    .command('list')
    .description('recordings, newest first')
    .option('--call <id>', 'of one call')
    .option('--campaign <id>', 'of one campaign')
    .option('--state <state>', RECORDING_STATES.join(', '), oneOf(...RECORDING_STATES))
    .option('--limit <n>', 'at most so many', countUpTo(MAX_LISTED), 50)
    .action((options: ListOptions) => list(parts, options));
  recordings
    .command('export <id>')
    .description('write the audio of a recording as a WAV file; it is written down who did so')
    .requiredOption('--to <file>', 'a file, which must not be there yet')
    .action((id: string, { to }: { to: string }) => exportTo(parts, id, to));
  recordings
    .command('verify [id]')
    .description(
      'read all audio that is kept, or that of one recording, and say what is not as it was sealed',
    )
    .action((id: string | undefined) => verify(parts, id));
  recordings
    .command('rewrap')
    .description(
      'wrap the keys of recordings anew with the first of recordings.keys; workers do so by themselves',
    )
    .action(() => rewrap(parts));
  recordings
    .command('erase <id>')
    .description('erase a recording: its key at once, its file by the node that holds it')
    .requiredOption('--reason <text>', 'why; it is kept in its place')
    .requiredOption('--yes', 'it cannot be taken back')
    .action((id: string, { reason }: { reason: string }) => erase(parts, id, reason));
}

async function list({ withDatabase, say }: RecordingCommandParts, options: ListOptions): Promise<void> {
  await withDatabase(async (database) => {
    const { call, campaign, state, limit } = options;
    const rows = await listRecordings(database, { callId: call, campaignId: campaign, state, limit });
    for (const { id, callId, kind, state: is, startedAt, durationMs, lost, legalHold } of rows) {
      const length = durationMs === null ? '–' : `${(durationMs / 1_000).toFixed(1)} s`;
      const notes = [...(legalHold ? ['held'] : []), ...(lost === null ? [] : [lost])].join('; ');
      say(
        `${id}  ${new Date(startedAt).toISOString()}  ${is}  ${kind}  ${length}  call ${callId}${notes === '' ? '' : `  (${notes})`}`,
      );
    }
    if (rows.length === 0) say('there are none');
  });
}

async function exportTo(parts: RecordingCommandParts, id: string, to: string): Promise<void> {
  const deed = { subject: { kind: 'recordings', id } };
  await recorded(parts.withDatabase, 'recordings export', deed, async (database, { config }) => {
    const library = openLibrary(config, await openVaultOf(config, database));
    const row = await getSealed(database, id);
    if (!row) throw notFound('recording', id);
    const file = await open(to, 'wx', 0o600);
    try {
      const wav = await library.openWav(row);
      try {
        for await (const piece of wav.read(0, wav.size)) await file.writeFile(piece);
      } finally {
        await wav.close();
      }
      parts.say(`${to}: ${wav.size} octets`);
    } catch (error) {
      // Half a conversation is not to be taken for a whole one.
      await unlink(to);
      throw error;
    } finally {
      await file.close();
    }
  });
}

async function verify(
  { withDatabase, say, stderr, setExitCode }: RecordingCommandParts,
  id: string | undefined,
): Promise<void> {
  await withDatabase(async (database, { config }) => {
    const library = openLibrary(config, await openVaultOf(config, database));
    let whole = 0;
    let wrong = 0;
    for await (const row of sealedRows(database, id)) {
      const why = await problemOf(library, row);
      if (why === undefined) whole++;
      else {
        wrong++;
        say(`${row.id}: ${why}`);
      }
      if (stderr.isTTY) stderr.write(`\r${whole + wrong} recordings `);
    }
    if (stderr.isTTY) stderr.write('\r');
    say(wrong === 0 ? `${whole} recordings are as they were sealed` : `${wrong} of ${whole + wrong} are not`);
    setExitCode(wrong === 0 ? 0 : 1);
  });
}

async function* sealedRows(database: Database, id: string | undefined): AsyncGenerator<SealedRow> {
  if (id !== undefined) {
    const row = await getSealed(database, id);
    if (!row) throw notFound('recording', id);
    yield row;
    return;
  }
  let after: string | undefined;
  for (let found = BATCH; found === BATCH;) {
    const rows = await listSealed(database, after, BATCH);
    yield* rows;
    found = rows.length;
    after = rows.at(-1)?.id;
  }
}

/** What is wrong with the audio of a recording; undefined when nothing is. */
async function problemOf(library: RecordingLibrary, row: SealedRow): Promise<string | undefined> {
  try {
    const audio = await library.open(row);
    try {
      const hash = createHash('sha256');
      for await (const piece of audio.read()) hash.update(piece);
      if (audio.size !== row.bytes) return `it has ${audio.size} octets, and had ${row.bytes}`;
      return hash.digest('hex') === row.sha256 ? undefined : 'its audio is another';
    } finally {
      await audio.close();
    }
  } catch (error) {
    return asError(error).message;
  }
}

async function rewrap({ withDatabase, say, setExitCode }: RecordingCommandParts): Promise<void> {
  await recorded(withDatabase, 'recordings rewrap', {}, async (database, { config }) => {
    const ring = openKeyRing(config, await openVaultOf(config, database));
    const { rewrapped, unknown } = await rewrapKeys(database, ring);
    say(`${rewrapped} keys were wrapped anew`);
    for (const [keyId, count] of await countByKey(database)) {
      const what =
        keyId === ring.currentId ? ', the one in use' : unknown.has(keyId) ? ', which is not here' : '';
      say(`  under ${keyId}${what}: ${count}`);
    }
    setExitCode(unknown.size === 0 ? 0 : 1);
  });
}

async function erase(
  { withDatabase, say }: RecordingCommandParts,
  id: string,
  reason: string,
): Promise<void> {
  await withDatabase((database) =>
    inOneRecorded(database, 'recordings erase', async (tx, tell) => {
      tell({ subject: { kind: 'recordings', id }, reason });
      if (!(await eraseRecording(tx, id, reason))) {
        throw new AppError(
          'not_found',
          'recording_not_found',
          `there is no recording ${id} that is not erased`,
        );
      }
      say(`${id} is erased: its file goes within a minute, once its node is up`);
    }),
  );
}
