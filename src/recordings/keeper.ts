import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { asError } from '../domain';
import type { Database } from '../storage';
import {
  failRecording,
  noteMoved,
  noteRemoved,
  objectsOnDisk,
  objectsToRemove,
  RecurringWork,
  saveRecording,
} from '../storage';
import type { DiskStore } from './disk-store';
import type { RecordingFolder } from './folder';
import { idOfFile, objectName } from './folder';
import type { KeyRing } from './key-ring';
import type { RecordingNote } from './note';
import { readNote, writeNote } from './note';
import type { ObjectStore } from './object-store';
import { millisecondsOf, MOST_LOST_MS, recoverFile } from './recover';
import { HEADER_BYTES, readHeader, SealError, WRAPPED_KEY_AT, WRAPPED_KEY_BYTES } from './sealed-format';

export interface KeeperOptions {
  readonly nodeId: string;
  /** Where recordings go from the disk; undefined: they stay there. */
  readonly remote?: ObjectStore | undefined;
  /** Whether a recording is made by this process still. */
  readonly isOpen: (id: string) => boolean;
  readonly everyMs?: number;
  readonly onSaved?: (recovered: boolean) => void;
  readonly onFailed?: () => void;
  /** Something could not be done now; it is tried again. */
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 10_000;
/** Of one step in one run. */
const BATCH = 100;
const KILLED = 'the process that made it was killed';

/**
 * Brings what was recorded on this node where it belongs: files that nobody ended are ended, the database is told
 * of those that are whole, and takes their keys; then they are kept, moved to the remote store, and removed once
 * they are erased. Whatever it is killed in, the next run goes on.
 */
export class RecordingKeeper extends RecurringWork {
  readonly #database: Database;
  readonly #folder: RecordingFolder;
  readonly #disk: DiskStore;
  readonly #ring: KeyRing;
  readonly #options: KeeperOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #waking = false;
  /** Up to where the disk was looked through for what is to be moved. */
  #movedUpTo: string | undefined;

  constructor(
    database: Database,
    folder: RecordingFolder,
    disk: DiskStore,
    ring: KeyRing,
    options: KeeperOptions,
  ) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#folder = folder;
    this.#disk = disk;
    this.#ring = ring;
    this.#options = options;
  }

  /** Something is over: the database is told, without waiting for the next run. */
  wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    void this.#inTurn(async () => {
      this.#waking = false;
      await this.#gather(() => false);
    }).catch(() => undefined);
  }

  /** All of it, once. */
  protected async run(stopped: () => boolean): Promise<void> {
    await this.#inTurn(async () => {
      await this.#gather(stopped);
      await this.#move(stopped);
      await this.#remove(stopped);
    });
  }

  /** For tests and for programs that end: everything that is to be done now. */
  async settle(): Promise<void> {
    await this.run(() => false);
  }

  async #gather(stopped: () => boolean): Promise<void> {
    await this.#each(this.#folder.open, (id) => this.#finish(id), stopped);
    await this.#each(this.#folder.whole, (id) => this.#save(id), stopped);
  }

  /** One step at a time: two would be in each other's way. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch((error: unknown) => this.#options.onError?.(asError(error)));
    return turn;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#turn;
  }

  /** One that fails is not in the way of the others. */
  async #each(folder: string, work: (id: string) => Promise<void>, stopped: () => boolean): Promise<void> {
    const ids = new Set((await readdir(folder)).flatMap((name) => idOfFile(name) ?? []));
    for (const id of ids) {
      if (stopped()) return;
      try {
        await work(id);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  /** Ends what a process left that was killed. */
  async #finish(id: string): Promise<void> {
    if (this.#options.isOpen(id)) return;
    // Its process was killed between the note of its end and the move.
    const done = await noteAt(this.#folder.wholeNote(id));
    if (done?.end) {
      await rename(this.#folder.openFile(id), this.#folder.wholeFile(id)).catch(unlessGone);
      await rm(this.#folder.openNote(id), { force: true });
      return;
    }
    const note = await noteAt(this.#folder.openNote(id));
    // Whoever made the file wrote the note first: a file without one is not of a recording.
    if (!note) return;
    const { basics, encoding, failed } = note;
    const found = await recoverFile(this.#folder.openFile(id), id, this.#ring).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    if (!found) {
      await failRecording(this.#database, basics, encoding, failed ?? KILLED);
      await rm(this.#folder.openFile(id), { force: true });
      await rm(this.#folder.openNote(id), { force: true });
      this.#options.onFailed?.();
      return;
    }
    const { size: bytes, sha256, waveform } = found;
    const end = {
      ...{ encoding: found.header.encoding, durationMs: millisecondsOf(bytes), pausedMs: 0 },
      ...{ lostMs: [0, 0] as const, bytes, sha256: sha256.toString('hex'), waveform },
      lost: `${KILLED}: up to ${Math.ceil(MOST_LOST_MS / 1_000)} s before it are missing`,
    };
    await writeNote(this.#folder.wholeNote(id), { format: 1, basics, encoding, end });
    await rename(this.#folder.openFile(id), this.#folder.wholeFile(id));
    await rm(this.#folder.openNote(id), { force: true });
  }

  /** It is brought where it is kept; the database takes its key, and then the file has none any more. */
  async #save(id: string): Promise<void> {
    const note = await noteAt(this.#folder.wholeNote(id));
    if (!note?.end) return;
    const { basics, end } = note;
    const object = objectName(id, basics.startedAt);
    await this.#disk.take(object, this.#folder.wholeFile(id)).catch(unlessGone);
    const path = this.#disk.pathOf(object);
    const header = await headerOf(path).catch((error: unknown) => {
      if (isGone(error)) return undefined;
      throw error;
    });
    // It is still where it was made: it comes with the next run.
    if (header === undefined) return;
    const { keyId, wrappedKey: sealedKey } = readHeader(header);
    if (sealedKey.some((octet) => octet !== 0)) {
      const state = await saveRecording(this.#database, basics, end, { keyId, sealedKey, object });
      if (state === 'saved') {
        await forgetKey(path);
        this.#options.onSaved?.(end.lost !== undefined);
      } else await this.#disk.remove(object);
    }
    await rm(this.#folder.wholeNote(id), { force: true });
  }

  /** To the store that all nodes reach. */
  async #move(stopped: () => boolean): Promise<void> {
    const { remote, nodeId } = this.#options;
    if (!remote) return;
    const objects = await objectsOnDisk(this.#database, nodeId, this.#movedUpTo, BATCH);
    this.#movedUpTo = objects.length < BATCH ? undefined : objects.at(-1)?.id;
    for (const { id, object } of objects) {
      if (stopped()) return;
      try {
        await remote.put(object, this.#disk.pathOf(object));
        // Erased meanwhile: the row still says that it lies here, and so it is removed from both.
        if (!(await noteMoved(this.#database, id))) await remote.remove(object);
        else await this.#disk.remove(object);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  async #remove(stopped: () => boolean): Promise<void> {
    const { remote, nodeId } = this.#options;
    for (const { id, object, store } of await objectsToRemove(
      this.#database,
      nodeId,
      remote !== undefined,
      BATCH,
    )) {
      if (stopped()) return;
      const from = store === 'disk' ? this.#disk : remote;
      if (!from) continue;
      try {
        await from.remove(object);
        // It may have been on its way, or have left something behind.
        await (store === 'disk' ? remote : this.#disk)?.remove(object);
        await noteRemoved(this.#database, id);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }
}

async function noteAt(path: string): Promise<RecordingNote | undefined> {
  try {
    return readNote(await readFile(path, 'utf8'));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function headerOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const octets = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await file.read(octets, 0, HEADER_BYTES, 0);
    if (bytesRead < HEADER_BYTES) throw new SealError('this is no sealed recording');
    return octets;
  } finally {
    await file.close();
  }
}

/** The key is with the row from here on: whoever takes the file alone has nothing. */
async function forgetKey(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(Buffer.alloc(WRAPPED_KEY_BYTES), 0, WRAPPED_KEY_BYTES, WRAPPED_KEY_AT);
    await file.sync();
  } finally {
    await file.close();
  }
}

function isGone(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function unlessGone(error: unknown): void {
  if (!isGone(error)) throw error;
}
