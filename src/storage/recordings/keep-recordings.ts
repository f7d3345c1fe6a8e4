import { AppError } from '../../domain';
import type { Queryable } from '../database';
import type { SealedRow } from './read-recordings';

/** Takes the key: from here on nobody can hear it, wherever copies lie. The file goes by its node. */
const ERASED = `state = 'erased', sealed_key = null, key_id = null, waveform = null, sha256 = null,
  erased_at = floor(extract(epoch from now()) * 1000), version = version + 1`;
const MAX_REASON = 500;

/**
 * Erases a recording, also one that is being made: what comes of it is not kept.
 * @returns false where there is none that is not erased
 * @throws AppError `conflict` (`legal_hold`)
 */
export async function eraseRecording(db: Queryable, id: string, reason: string): Promise<boolean> {
  const { rows } = await db.query<{ held: boolean }>(
    'select legal_hold as held from recordings where id = $1 for update',
    [id],
  );
  if (rows[0]?.held) {
    throw new AppError('conflict', 'legal_hold', 'the recording is held for a claim: lift that first');
  }
  const { rowCount } = await db.query(
    `update recordings set ${ERASED}, erase_reason = $2 where id = $1 and state <> 'erased'`,
    [id, reason.slice(0, MAX_REASON)],
  );
  return (rowCount ?? 0) > 0;
}

/**
 * Erases those whose time is over.
 * @param now - UTC epoch milliseconds
 * @returns how many there were
 */
export async function eraseDueRecordings(tx: Queryable, now: number, limit: number): Promise<number> {
  const { rowCount } = await tx.query(
    `update recordings set ${ERASED}, erase_reason = 'their time is over'
     where id in (select id from recordings where state = 'saved' and not legal_hold and erase_after < $1
       order by erase_after limit $2 for update skip locked)`,
    [now, limit],
  );
  return rowCount ?? 0;
}

/**
 * Erases what was recorded of calls in which a name of a person stands as a party.
 * @param names - the number, and its keyed hash
 * @returns how many were erased, and how many are held for claims
 */
export async function eraseRecordingsOf(
  tx: Queryable,
  names: readonly string[],
): Promise<{ erased: number; held: number }> {
  const ofPerson = `call_id in (select id from calls where caller = any($1) or dialled = any($1))`;
  const { rowCount } = await tx.query(
    `update recordings set ${ERASED}, erase_reason = 'the person asked for it'
     where ${ofPerson} and state <> 'erased' and not legal_hold`,
    [names],
  );
  const { rows } = await tx.query<{ held: number }>(
    `select count(*)::integer as held from recordings where ${ofPerson} and legal_hold`,
    [names],
  );
  return { erased: rowCount ?? 0, held: rows[0]?.held ?? 0 };
}

/** Says that somebody needs a recording for a claim, or no more. @returns false where there is none to hold */
export async function holdRecording(db: Queryable, id: string, reason: string | undefined): Promise<boolean> {
  const { rowCount } = await db.query(
    `update recordings set legal_hold = $2, hold_reason = $3, version = version + 1
     where id = $1 and state <> 'erased'`,
    [id, reason !== undefined, reason?.slice(0, MAX_REASON) ?? null],
  );
  return (rowCount ?? 0) > 0;
}

/** Data keys that other keys wrap than the one in use: some of them, locked. */
export async function keysToRewrap(
  tx: Queryable,
  currentId: string,
  after: string | undefined,
  limit: number,
): Promise<Pick<SealedRow, 'id' | 'keyId' | 'sealedKey'>[]> {
  const { rows } = await tx.query<Pick<SealedRow, 'id' | 'keyId' | 'sealedKey'>>(
    `select id, key_id as "keyId", sealed_key as "sealedKey" from recordings
     where key_id is not null and key_id <> $1 and ($2::text is null or id > $2) order by id limit $3
     for update skip locked`,
    [currentId, after ?? null, limit],
  );
  return rows;
}

export async function putRewrapped(
  tx: Queryable,
  rows: readonly { readonly id: string; readonly keyId: string; readonly sealedKey: Buffer }[],
): Promise<void> {
  await tx.query(
    `update recordings r set key_id = n.key_id, sealed_key = n.sealed_key, version = r.version + 1
     from unnest($1::text[], $2::text[], $3::bytea[]) as n(id, key_id, sealed_key)
     where r.id = n.id and r.state = 'saved'`,
    [rows.map(({ id }) => id), rows.map(({ keyId }) => keyId), rows.map(({ sealedKey }) => sealedKey)],
  );
}

/** How many data keys each key wraps. */
export async function countByKey(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ keyId: string; count: number }>(
    `select key_id as "keyId", count(*)::integer as count from recordings where key_id is not null group by 1`,
  );
  return new Map(rows.map(({ keyId, count }) => [keyId, count]));
}

/** What lies in a store. */
export interface StoredObject {
  readonly id: string;
  readonly object: string;
  readonly store: 'disk' | 's3';
}

/**
 * Audio that was erased and lies there still: on the disk of this node, or where every node reaches it.
 * @param remote - whether this node reaches that
 */
export async function objectsToRemove(
  db: Queryable,
  nodeId: string,
  remote: boolean,
  limit: number,
): Promise<StoredObject[]> {
  const { rows } = await db.query<StoredObject>(
    `select id, object, store from recordings
     where state = 'erased' and object is not null and removed_at is null and ((store = 's3' and $2) or (store = 'disk' and node_id = $1))
     order by id limit $3`,
    [nodeId, remote, limit],
  );
  return rows;
}

export async function noteRemoved(db: Queryable, id: string): Promise<void> {
  await db.query(
    `update recordings set removed_at = floor(extract(epoch from now()) * 1000) where id = $1 and state = 'erased'`,
    [id],
  );
}

/** Audio that lies on the disk of this node, oldest first. @param after - id of the last one of before */
export async function objectsOnDisk(
  db: Queryable,
  nodeId: string,
  after: string | undefined,
  limit: number,
): Promise<StoredObject[]> {
  const { rows } = await db.query<StoredObject>(
    `select id, object, store from recordings
     where state = 'saved' and store = 'disk' and node_id = $1 and ($2::text is null or id > $2) order by id limit $3`,
    [nodeId, after ?? null, limit],
  );
  return rows;
}

/** It lies in the other store from here on. @returns false when it was erased meanwhile */
export async function noteMoved(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update recordings set store = 's3', version = version + 1 where id = $1 and state = 'saved'`,
    [id],
  );
  return (rowCount ?? 0) > 0;
}
