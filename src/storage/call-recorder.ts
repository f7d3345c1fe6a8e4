import type {
  AnsweredRecord,
  AttendedRecord,
  CallEndedRecord,
  CheckpointedCall,
  DecidedRecord,
} from '../domain';
import { asError } from '../domain';
import type { Boot, CallEntry } from './call-entries';
import { storeEntries } from './call-entries';
import type { CallLog, LoggedLine } from './call-log';
import type { Database } from './database';
import type { Journal } from './journal';
import { isRivalry } from './unavailable';

export interface CallRecorderOptions extends Boot {
  /** Records that may wait in memory when neither the database nor the disk takes them. */
  readonly maxQueued: number;
  /** Milliseconds after which a write that does not come back is taken for lost, and the journal used. */
  readonly slowWriteMs?: number;
  /** UTC epoch milliseconds. */
  readonly now?: () => number;
  /** Where answers and ends lie until they are stored, so that a process that is killed loses none. */
  readonly log?: CallLog;
  /** Told when records go to the journal and why, and when they go to the database again. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Told when the log takes nothing, once until it does again. */
  readonly onLogFailed?: (error: Error) => void;
  /** Told how many decisions were dropped: their calls are billed, and can no longer be explained. */
  readonly onShed?: (decisions: number) => void;
  /** Told of a record that cannot be stored: its JSON, to be kept for people. */
  readonly onRejected?: (json: string, error: Error) => void;
  /** Told when events were written: somebody may send them on. */
  readonly onOutbox?: () => void;
}

const MAX_BATCH = 250;
/** Decisions that come within this time are written together. */
const GATHER_MS = 40;
/** The same for answers and ends, which a crash must not take along: as long as a few turns of a disk. */
const URGENT_GATHER_MS = 20;
/** The same for the journal, where every write costs the disk a turn. */
const SPOOL_GATHER_MS = 20;
const SLOW_WRITE_MS = 1_000;
const JOURNAL_RETRY_MS = 1_000;
const FIRST_PROBE_MS = 100;
const MAX_PROBE_MS = 5_000;
/** Checkpoints go to the journal no more often than this. */
const SPOOLED_CHECKPOINT_MS = 10_000;
const DRAIN_TRIES = 3;

/**
 * Writes calls to PostgreSQL by group commit: what came within some milliseconds is written together,
 * one statement for each kind, each of which is whole by itself and changes nothing when repeated. While
 * PostgreSQL is away or does not come back in time, records go to the journal, on disk within
 * milliseconds, and are replayed before anything else once it is back. A record may therefore be
 * written twice; the second time changes nothing.
 *
 * Answers and ends, which are money, are in the log from the moment they are recorded until they are in
 * the database or the journal: who is killed in between finds them there at the next start.
 */
export class PostgresCallRecorder {
  readonly #database: Database;
  readonly #journal: Journal;
  readonly #options: CallRecorderOptions;
  readonly #boot: Boot;
  readonly #now: () => number;
  readonly #log: CallLog | undefined;
  readonly #logged = new Map<CallEntry, LoggedLine>();
  #logFailed = false;
  #queue: CallEntry[] = [];
  /** The newest checkpoint; an older one that was not written is not missed. */
  #checkpoint: Extract<CallEntry, { kind: 'checkpoint' }> | undefined;
  #spooledCheckpointAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = 0;
  /** The write or spool under way; only one is. */
  #busy: Promise<void> | undefined;
  #inFlight = 0;
  #degraded = false;
  #journalFailed = false;
  #probeTimer: NodeJS.Timeout | undefined;
  #probing: Promise<void> | undefined;
  #probeMs = FIRST_PROBE_MS;
  #closed = false;

  constructor(database: Database, journal: Journal, options: CallRecorderOptions) {
    this.#database = database;
    this.#journal = journal;
    this.#options = options;
    this.#boot = { nodeId: options.nodeId, bootId: options.bootId };
    this.#now = options.now ?? Date.now;
    this.#log = options.log;
    if (!journal.empty) {
      // What an earlier run left is older than anything that comes now.
      this.#degraded = true;
      this.#probeTimer = setTimeout(() => void this.#probe(), 0);
    }
  }

  /** Records that wait in memory. */
  get queued(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** True while records go to the journal. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /**
   * Replays what an earlier run left in the log and the journal. To be awaited before orphaned calls are
   * closed: their true end may lie there.
   *
   * @returns false when it could not be replayed now; that is tried again later
   * @throws the file system's own error when the log cannot be moved to the journal
   */
  async start(): Promise<boolean> {
    const left = this.#log?.leftovers() ?? [];
    if (left.length > 0) {
      await this.#journal.append(left);
      this.#degraded = true;
    }
    this.#log?.forgetLeftovers();
    if (this.#degraded) await this.#probe();
    return !this.#degraded;
  }

  decided(record: DecidedRecord): void {
    this.#enqueue({ kind: 'decided', boot: this.#boot, record }, GATHER_MS);
  }

  attended(record: AttendedRecord): void {
    this.#enqueue({ kind: 'attended', boot: this.#boot, record }, URGENT_GATHER_MS);
  }

  answered(record: AnsweredRecord): void {
    this.#enqueue({ kind: 'answered', boot: this.#boot, record }, URGENT_GATHER_MS);
  }

  ended(record: CallEndedRecord): void {
    this.#enqueue({ kind: 'ended', boot: this.#boot, record }, URGENT_GATHER_MS);
  }

  /** Notes how long the calls that are up have lasted, for whoever has to close them after a crash. */
  checkpoint(calls: readonly CheckpointedCall[]): void {
    if (calls.length === 0 || this.#closed) return;
    const at = this.#now();
    if (this.#degraded && at - this.#spooledCheckpointAt < SPOOLED_CHECKPOINT_MS) return;
    this.#checkpoint = { kind: 'checkpoint', record: { at, calls: [...calls] } };
    this.#schedule(GATHER_MS);
  }

  /** Resolves when nothing waits in memory any more: it is in the database, or in the journal. */
  async drain(): Promise<void> {
    for (let failures = 0; this.queued > 0 && failures < DRAIN_TRIES;) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      await (this.#busy ?? this.#turn());
      failures = this.#journalFailed ? failures + 1 : 0;
    }
  }

  /** Writes what waits, if it can be written; what cannot is in the log for the next start, or for people. */
  async close(): Promise<void> {
    await this.drain();
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const entry of this.#queue) if (!this.#logged.has(entry)) this.#reject(entry);
    this.#queue = [];
    clearTimeout(this.#probeTimer);
    await this.#probing;
    await this.#journal.close();
    this.#log?.close();
  }

  #enqueue(entry: CallEntry, gatherMs: number): void {
    if (entry.kind !== 'decided') this.#keep(entry);
    this.#queue.push(entry);
    if (this.#queue.length > this.#options.maxQueued) this.#shed();
    this.#schedule(this.#degraded ? SPOOL_GATHER_MS : gatherMs);
  }

  /** A log that takes nothing more delays nobody: what it is for is told. */
  #keep(entry: CallEntry): void {
    if (!this.#log) return;
    try {
      const line = this.#log.append(JSON.stringify(entry));
      if (line) this.#logged.set(entry, line);
      this.#logFailed = false;
    } catch (error) {
      if (!this.#logFailed) this.#options.onLogFailed?.(asError(error));
      this.#logFailed = true;
    }
  }

  /** They are in the database or the journal, or nowhere will they ever be. */
  #kept(entries: readonly CallEntry[]): void {
    for (const entry of entries) {
      const line = this.#logged.get(entry);
      if (!line) continue;
      this.#logged.delete(entry);
      this.#log?.done(line);
    }
  }

  /** Decisions go along with an answer or an end that leaves earlier. */
  #schedule(ms: number): void {
    if (this.#closed || this.#busy) return;
    const dueAt = performance.now() + ms;
    if (this.#timer !== undefined) {
      if (dueAt >= this.#dueAt) return;
      clearTimeout(this.#timer);
    }
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => void this.#turn(), ms);
  }

  async #turn(): Promise<void> {
    this.#timer = undefined;
    if (this.#busy) return;
    this.#busy = this.#degraded ? this.#spool() : this.#write();
    try {
      await this.#busy;
    } finally {
      this.#busy = undefined;
      if (this.#queue.length > 0 || this.#checkpoint) {
        this.#schedule(
          this.#journalFailed ? JOURNAL_RETRY_MS : this.#degraded ? SPOOL_GATHER_MS : URGENT_GATHER_MS,
        );
      }
    }
  }

  #take(most: number): CallEntry[] {
    const batch = this.#queue.splice(0, most);
    if (this.#checkpoint) batch.push(this.#checkpoint);
    this.#checkpoint = undefined;
    return batch;
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    const batch = this.#take(MAX_BATCH);
    if (batch.length === 0) return;
    this.#inFlight = batch.length;
    const stored = this.#store(batch).then(
      () => undefined,
      (error: unknown) => asError(error),
    );
    let slow: NodeJS.Timeout | undefined;
    const slowMs = this.#options.slowWriteMs ?? SLOW_WRITE_MS;
    const tooSlow = new Promise<Error>((resolve) => {
      slow = setTimeout(() => resolve(new Error(`a write took longer than ${slowMs} ms`)), slowMs);
    });
    const failure = await Promise.race([stored, tooSlow]);
    clearTimeout(slow);
    this.#inFlight = 0;
    if (failure === undefined) {
      this.#kept(batch);
      if (batch.some((entry) => entry.kind === 'ended')) this.#options.onOutbox?.();
      return;
    }
    // If the write succeeds after all, its records are written twice, which changes nothing.
    this.#queue.unshift(...batch);
    this.#degrade(failure);
    await this.#spool();
  }

  /** Moves what waits to disk, in order. Never rejects. */
  async #spool(): Promise<void> {
    const batch = this.#take(Infinity);
    if (batch.length === 0) return;
    this.#inFlight = batch.length;
    try {
      await this.#journal.append(batch.map((entry) => JSON.stringify(entry)));
      this.#journalFailed = false;
      this.#kept(batch);
      if (batch.some((entry) => entry.kind === 'checkpoint')) this.#spooledCheckpointAt = this.#now();
    } catch (error) {
      this.#queue.unshift(...batch.filter((entry) => entry.kind !== 'checkpoint'));
      if (!this.#journalFailed) this.#options.onDegraded?.(true, asError(error));
      this.#journalFailed = true;
    } finally {
      this.#inFlight = 0;
    }
  }

  #degrade(error: Error): void {
    this.#probeMs = FIRST_PROBE_MS;
    this.#degraded = true;
    this.#options.onDegraded?.(true, error);
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#closed) return;
    clearTimeout(this.#probeTimer);
    this.#probeTimer = setTimeout(() => void this.#probe(), this.#probeMs);
    this.#probeMs = Math.min(this.#probeMs * 2, MAX_PROBE_MS);
  }

  /** Replays the journal; when nothing is left in it, records go to the database again. */
  #probe(): Promise<void> {
    clearTimeout(this.#probeTimer);
    this.#probing ??= this.#replay()
      .catch(() => this.#probeLater())
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }

  async #replay(): Promise<void> {
    let replayed = 0;
    do {
      // What is just being spooled is still to be replayed.
      await this.#busy;
      await this.#journal.replay(MAX_BATCH, async (lines) => {
        if (this.#closed) throw new Error('the recorder is closed');
        await this.#store(lines.flatMap((line) => this.#readLine(line)));
        replayed += lines.length;
      });
      if (replayed === 0) await this.#database.query('select 1');
    } while (!this.#journal.empty || this.#busy);
    this.#degraded = false;
    this.#options.onDegraded?.(false);
    if (replayed > 0) this.#options.onOutbox?.();
    if (this.#queue.length > 0) this.#schedule(0);
  }

  #readLine(line: string): CallEntry[] {
    try {
      return [JSON.parse(line) as CallEntry];
    } catch (error) {
      this.#options.onRejected?.(line, asError(error));
      return [];
    }
  }

  /** A record that PostgreSQL refuses for what it holds must not keep the others out. */
  async #store(batch: readonly CallEntry[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      await storeEntries(this.#database, batch);
    } catch (error) {
      if (isRivalry(error)) await storeEntries(this.#database, batch);
      else if (!isDataError(error)) throw error;
      else if (batch.length === 1) this.#options.onRejected?.(JSON.stringify(batch[0]), asError(error));
      else for (const entry of batch) await this.#store([entry]);
    }
  }

  /** Neither the database nor the disk takes records: what explains calls goes first, what bills them last. */
  #shed(): void {
    const kept = this.#queue.filter((entry) => entry.kind !== 'decided');
    const shed = this.#queue.length - kept.length;
    if (shed > 0) this.#options.onShed?.(shed);
    else {
      const oldest = kept.shift();
      if (oldest) this.#reject(oldest);
    }
    this.#queue = kept;
  }

  #reject(entry: CallEntry): void {
    this.#kept([entry]);
    this.#options.onRejected?.(JSON.stringify(entry), new Error('neither database nor disk takes records'));
  }
}

function sqlState(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** SQLSTATE classes 21, 22 and 23 (cardinality, data, constraints): the record is at fault, not the connection. */
function isDataError(error: unknown): boolean {
  return /^2[123]...$/.test(sqlState(error));
}
