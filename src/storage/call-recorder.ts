import type { AnsweredRecord, CallEndedRecord, DecidedRecord } from '../domain';
import type { Database, Queryable } from './database';
import type { Journal } from './journal';

export interface CallRecorderOptions {
  readonly nodeId: string;
  readonly bootId: string;
  /** Records that may wait in memory; beyond, they go to the journal. */
  readonly maxQueued: number;
  /** Told when PostgreSQL is away and records go to the journal, and when it is back. */
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Told of a record that cannot be stored: its JSON, to be kept for people. */
  readonly onRejected?: (json: string, error: Error) => void;
  /** Told when the first of some events were written: somebody may send them on. */
  readonly onOutbox?: () => void;
}

type Entry =
  | { readonly kind: 'decided'; readonly record: DecidedRecord }
  | { readonly kind: 'answered'; readonly record: AnsweredRecord }
  | { readonly kind: 'ended'; readonly record: CallEndedRecord };

const MAX_BATCH = 250;
const GATHER_MS = 5;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

const INSERT_DECIDED = {
  name: 'calls-decided',
  text: `with input as (
      select * from json_to_recordset($1::json) as r(
        id text, node_id text, boot_id text, sip_call_id text, state text, trunk_id text, caller text, dialled text,
        origin text, campaign_id text, received_at bigint, decision json, microseconds integer)),
    inserted as (
      insert into calls (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, campaign_id, received_at)
      select id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, campaign_id, received_at from input
      on conflict (id) do nothing)
    insert into call_decisions (call_id, decision, microseconds)
    select id, decision, microseconds from input on conflict (call_id) do nothing`,
};

const UPDATE_ANSWERED = {
  name: 'calls-answered',
  text: `update calls c set state = 'answered', answered_at = r.answered_at, buyer_id = r.buyer_id, target_id = r.target_id,
      sale = r.sale
    from json_to_recordset($1::json) as r(id text, answered_at bigint, buyer_id text, target_id text, sale jsonb)
    where c.id = r.id and c.ended_at is null`,
};

const UPDATE_ENDED = {
  name: 'calls-ended',
  text: `with input as (
      select * from json_to_recordset($1::json) as r(
        id text, state text, end_reason text, sip_status integer, detail text, buyer_id text, target_id text,
        first_ring_at bigint, answered_at bigint, ended_at bigint, connected_ms bigint, attempts jsonb, sale jsonb, media jsonb)),
    updated as (
      update calls c set state = i.state, end_reason = i.end_reason, sip_status = i.sip_status, detail = i.detail,
        buyer_id = i.buyer_id, target_id = i.target_id, first_ring_at = i.first_ring_at, answered_at = i.answered_at,
        ended_at = i.ended_at, connected_ms = i.connected_ms, attempts = i.attempts, sale = i.sale, media = i.media
      from input i where c.id = i.id and c.ended_at is null
      returning c.id, c.connected_ms, c.sale)
    insert into outbox (type, subject, payload)
    select 'call.ended', id, json_build_object('callId', id, 'connectedMs', connected_ms, 'sold', sale is not null) from updated
    on conflict (type, subject) do nothing`,
};

/**
 * Writes calls to PostgreSQL by group commit: whatever waits is written in one transaction, in
 * order, every statement safe to repeat. While PostgreSQL is away, records go to the journal and are
 * replayed first when it is back.
 */
export class PostgresCallRecorder {
  readonly #database: Database;
  readonly #journal: Journal;
  readonly #options: CallRecorderOptions;
  #queue: Entry[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #degraded: boolean;
  #closed = false;

  constructor(database: Database, journal: Journal, options: CallRecorderOptions) {
    this.#database = database;
    this.#journal = journal;
    this.#options = options;
    this.#degraded = !journal.empty;
    if (this.#degraded) this.#schedule(0);
  }

  /** Records that wait in memory. */
  get queued(): number {
    return this.#queue.length;
  }

  /** True while records go to the journal. */
  get degraded(): boolean {
    return this.#degraded;
  }

  decided(record: DecidedRecord): void {
    this.#enqueue({ kind: 'decided', record });
  }

  answered(record: AnsweredRecord): void {
    this.#enqueue({ kind: 'answered', record });
  }

  ended(record: CallEndedRecord): void {
    this.#enqueue({ kind: 'ended', record });
  }

  /** Notes how long the calls that are up have lasted, for whoever has to close them after a crash. */
  async checkpoint(calls: readonly { callId: string; connectedMs: number }[]): Promise<void> {
    if (calls.length === 0 || this.#degraded) return;
    await this.#database
      .query({
        name: 'calls-checkpoint',
        text: `update calls c set connected_ms = r.ms
          from unnest($1::text[], $2::bigint[]) as r(id, ms) where c.id = r.id and c.state = 'answered'`,
        values: [calls.map((call) => call.callId), calls.map((call) => call.connectedMs)],
      })
      .catch(() => undefined);
  }

  /** Resolves when nothing waits any more, in PostgreSQL or in the journal. */
  async drain(): Promise<void> {
    while (this.#queue.length > 0 || this.#writing) {
      if (this.#degraded) {
        this.#spool();
        return;
      }
      clearTimeout(this.#timer);
      this.#timer = undefined;
      await (this.#writing ?? this.#write());
    }
  }

  async close(): Promise<void> {
    await this.drain();
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#journal.close();
  }

  #enqueue(entry: Entry): void {
    this.#queue.push(entry);
    if (this.#degraded && this.#queue.length >= MAX_BATCH) this.#spool();
    else if (this.#queue.length > this.#options.maxQueued) this.#spool();
    if (!this.#writing) this.#schedule(GATHER_MS);
  }

  #schedule(ms: number): void {
    if (this.#closed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!this.#writing) void this.#write();
    }, ms);
  }

  async #write(): Promise<void> {
    this.#writing = this.#writeBatch();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
      if (this.#queue.length > 0 || !this.#journal.empty) this.#schedule(this.#degraded ? this.#retryMs : 0);
    }
  }

  async #writeBatch(): Promise<void> {
    let batch: Entry[] = [];
    try {
      await this.#replay();
      batch = this.#queue.splice(0, MAX_BATCH);
      if (batch.length > 0) await this.#storeAll(batch);
      this.#recovered();
      if (batch.some((entry) => entry.kind === 'ended')) this.#options.onOutbox?.();
    } catch (error) {
      this.#queue.unshift(...batch);
      this.#lost(error);
    }
  }

  /** What the journal holds is older than what waits in memory. */
  async #replay(): Promise<void> {
    if (this.#journal.empty) return;
    const entries = this.#journal.read().flatMap((line): Entry[] => {
      try {
        return [JSON.parse(line) as Entry];
      } catch {
        return [];
      }
    });
    for (let at = 0; at < entries.length; at += MAX_BATCH) {
      const part = entries.slice(at, at + MAX_BATCH);
      await this.#storeAll(part);
    }
    this.#journal.clear();
    this.#options.onOutbox?.();
  }

  /** A record that PostgreSQL refuses for what it holds must not keep the others out. */
  async #storeAll(batch: readonly Entry[]): Promise<void> {
    try {
      await this.#database.transaction((tx) => this.#store(tx, batch));
    } catch (error) {
      if (!isDataError(error)) throw error;
      if (batch.length === 1) {
        this.#options.onRejected?.(JSON.stringify(batch[0]), error as Error);
        return;
      }
      for (const entry of batch) await this.#storeAll([entry]);
    }
  }

  async #store(tx: Queryable, batch: readonly Entry[]): Promise<void> {
    const { nodeId, bootId } = this.#options;
    const decided: unknown[] = [];
    const answered: unknown[] = [];
    const ended: unknown[] = [];
    for (const entry of batch) {
      if (entry.kind === 'decided') decided.push(decidedRow(entry.record, nodeId, bootId));
      else if (entry.kind === 'answered') answered.push(answeredRow(entry.record));
      else ended.push(endedRow(entry.record));
    }
    // Within a call the three come in this order, so writing kind by kind keeps it.
    if (decided.length > 0) await tx.query({ ...INSERT_DECIDED, values: [JSON.stringify(decided)] });
    if (answered.length > 0) await tx.query({ ...UPDATE_ANSWERED, values: [JSON.stringify(answered)] });
    if (ended.length > 0) await tx.query({ ...UPDATE_ENDED, values: [JSON.stringify(ended)] });
  }

  /** Memory is bounded and not durable: what waits goes to disk. */
  #spool(): void {
    if (this.#queue.length === 0) return;
    this.#journal.append(this.#queue.map((entry) => JSON.stringify(entry)));
    this.#queue = [];
  }

  #lost(error: unknown): void {
    this.#spool();
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    if (this.#degraded) return;
    this.#degraded = true;
    this.#options.onDegraded?.(true, error instanceof Error ? error : new Error(String(error)));
  }

  #recovered(): void {
    this.#retryMs = FIRST_RETRY_MS;
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#options.onDegraded?.(false);
  }
}

function decidedRow(
  { attempt, sipCallId, decision, decisionMicroseconds }: DecidedRecord,
  nodeId: string,
  bootId: string,
): unknown {
  return {
    id: attempt.callId,
    node_id: nodeId,
    boot_id: bootId,
    sip_call_id: sipCallId,
    state: decision.ok ? 'ringing' : 'deciding',
    trunk_id: attempt.trunkId,
    caller: attempt.from,
    dialled: attempt.to,
    origin: attempt.origin,
    campaign_id: decision.trace.campaignId,
    received_at: attempt.receivedAt,
    decision,
    microseconds: decisionMicroseconds,
  };
}

function answeredRow({ callId, target, terms, answeredAt }: AnsweredRecord): unknown {
  return {
    id: callId,
    answered_at: Math.round(answeredAt),
    buyer_id: target.buyerId,
    target_id: target.targetId,
    sale: { target, terms },
  };
}

function endedRow(record: CallEndedRecord): unknown {
  return {
    id: record.callId,
    state: record.state,
    end_reason: record.reason,
    sip_status: record.sipStatus,
    detail: record.detail,
    buyer_id: record.sale?.target.buyerId,
    target_id: record.sale?.target.targetId,
    first_ring_at: record.firstRingAt,
    answered_at: record.answeredAt,
    ended_at: record.endedAt,
    connected_ms: record.connectedMs,
    attempts: record.attempts,
    sale: record.sale,
    media: record.media,
  };
}

/** SQLSTATE classes 22 (data) and 23 (constraints): the record is at fault, not the connection. */
function isDataError(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^2[23]/.test(code);
}
