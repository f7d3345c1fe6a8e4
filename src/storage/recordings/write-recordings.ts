import type { RecordingBasics, RecordingEnd, RecordingState } from '../../domain';
import type { Queryable } from '../database';
import { inTransaction } from '../in-transaction';

/** Where the audio of a recording lies, and what opens it. */
export interface KeptAudio {
  /** Of the key that wraps its data key. */
  readonly keyId: string;
  readonly sealedKey: Buffer;
  readonly object: string;
}

const BASICS = `id, call_id, kind, node_id, campaign_id, seller_id, buyer_id, buyer_account_id, target_id,
  started_at, keep_days, consent, encoding`;
const MAX_WHY = 200;

/** Writes down that a recording is made. Without effect for one that is known. */
export async function noteRecording(
  db: Queryable,
  basics: RecordingBasics,
  encoding: RecordingEnd['encoding'],
): Promise<void> {
  await db.query({
    name: 'recordings-note',
    text: `insert into recordings (${BASICS}) values (${places(13)}) on conflict (id) do nothing`,
    values: valuesOf(basics, encoding),
  });
}

/**
 * Writes down that a recording is over and kept, and tells of it. Doing it again changes nothing.
 * @returns what it is now: `erased` when that was asked for meanwhile, and its audio is to go
 */
export async function saveRecording(
  db: Queryable,
  basics: RecordingBasics,
  end: RecordingEnd,
  kept: KeptAudio,
): Promise<RecordingState> {
  return inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query({
      name: 'recordings-save',
      text: `insert into recordings (${BASICS}, state, duration_ms, paused_ms, lost_ms_caller, lost_ms_other, bytes,
          sha256, waveform, lost, key_id, sealed_key, store, object)
        values (${places(13)}, 'saved', ${places(10, 14)}, 'disk', $24)
        on conflict (id) do update set state = 'saved', duration_ms = excluded.duration_ms,
          paused_ms = excluded.paused_ms, lost_ms_caller = excluded.lost_ms_caller,
          lost_ms_other = excluded.lost_ms_other, bytes = excluded.bytes, sha256 = excluded.sha256,
          waveform = excluded.waveform, lost = excluded.lost, key_id = excluded.key_id,
          sealed_key = excluded.sealed_key, store = excluded.store, object = excluded.object,
          version = recordings.version + 1
        where recordings.state = 'recording'`,
      values: [
        ...valuesOf(basics, end.encoding),
        end.durationMs,
        end.pausedMs,
        ...end.lostMs,
        end.bytes,
        Buffer.from(end.sha256, 'hex'),
        JSON.stringify(end.waveform),
        end.lost?.slice(0, MAX_WHY) ?? null,
        kept.keyId,
        kept.sealedKey,
        kept.object,
      ],
    });
    if (rowCount) {
      await tell(tx, 'recording.saved', basics.id);
      if (basics.kind === 'voicemail') await tell(tx, 'voicemail.left', basics.id);
    }
    return stateOf(tx, basics.id);
  });
}

/** Writes down that nothing of a recording could be kept, and tells of it. */
export async function failRecording(
  db: Queryable,
  basics: RecordingBasics,
  encoding: RecordingEnd['encoding'],
  why: string,
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const { rowCount } = await tx.query({
      name: 'recordings-fail',
      text: `insert into recordings (${BASICS}, state, lost) values (${places(13)}, 'failed', $14)
        on conflict (id) do update set state = 'failed', lost = excluded.lost, version = recordings.version + 1
        where recordings.state = 'recording'`,
      values: [...valuesOf(basics, encoding), why.slice(0, MAX_WHY)],
    });
    if (rowCount) await tell(tx, 'recording.failed', basics.id);
  });
}

/**
 * Those whose node has not ended them in so long a time will never be ended.
 * @param before - UTC epoch milliseconds: they began before
 * @returns how many there were
 */
export async function failLostRecordings(tx: Queryable, before: number, limit: number): Promise<number> {
  const { rows } = await tx.query<{ id: string }>(
    `update recordings set state = 'failed', lost = 'the node that made it is gone', version = version + 1
     where id in (select id from recordings where state = 'recording' and started_at < $1 order by started_at limit $2
       for update skip locked)
     returning id`,
    [before, limit],
  );
  for (const { id } of rows) await tell(tx, 'recording.failed', id);
  return rows.length;
}

/** Buyers and sellers hear of what they may listen to. */
async function tell(
  tx: Queryable,
  type: 'recording.saved' | 'recording.failed' | 'voicemail.left',
  id: string,
): Promise<void> {
  await tx.query({
    name: 'recordings-tell',
    text: `insert into outbox (type, subject, payload)
      select $1::text, id, json_build_object('callId', call_id, 'kind', kind, 'campaignId', campaign_id,
        'sellerId', case when lets_listen(campaign_id, 'seller') then seller_id end, 'buyerId', buyer_id,
        'buyerAccountId', case when lets_listen(campaign_id, 'buyer') then buyer_account_id end,
        'durationMs', duration_ms, 'lost', lost)
      from recordings where id = $2
      on conflict (type, subject) do nothing`,
    values: [type, id],
  });
}

async function stateOf(tx: Queryable, id: string): Promise<RecordingState> {
  const { rows } = await tx.query<{ state: RecordingState }>('select state from recordings where id = $1', [
    id,
  ]);
  // A row that is gone was removed by hand.
  return rows[0]?.state ?? 'erased';
}

function valuesOf(basics: RecordingBasics, encoding: RecordingEnd['encoding']): unknown[] {
  const { id, callId, kind, nodeId, campaignId, sellerId, buyerId, buyerAccountId, targetId } = basics;
  return [
    ...[id, callId, kind, nodeId, campaignId, sellerId, buyerId, buyerAccountId, targetId],
    ...[basics.startedAt, basics.keepDays, JSON.stringify(basics.consent), encoding],
  ];
}

/** `$1, $2, …` */
function places(count: number, from = 1): string {
  return Array.from({ length: count }, (_none, index) => `$${from + index}`).join(', ');
}
