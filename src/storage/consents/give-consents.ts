import type { E164 } from '../../domain';
import type { Queryable } from '../database';
import type { Vault } from '../privacy/vault';
import type { NewRecord } from './append-records';
import { appendRecords, lockChains } from './append-records';
import type { ConsentAct } from './consent-act';
import { CLOCK_SKEW_MS } from './consent-act';
import { EVERYBODY, hashDisclosure } from './record-hash';
import { takeSubjects } from './subjects';

/** What became of one act. */
export type GivenConsent =
  | { readonly ok: true; readonly id: number; /** It was recorded before. */ readonly known: boolean }
  | {
      readonly ok: false;
      readonly reason:
        | 'in_the_future'
        | 'ends_before_it_begins'
        | 'no_such_seller'
        /** The person had everything erased after the act: what it allowed is over. */
        | 'erased_since'
        /** Of a line that tells both: it was revoked before it was given, or is yet to be. */
        | 'revocation_refused';
    };

/** Acts one call may record. */
const MAX_ACTS = 1_000;

/** What is sealed of a consent. */
export interface SealedConsent {
  /** Of the person: whoever exchanges persons beside the chain is found out. */
  readonly number: E164;
  readonly act: string;
  readonly pageUrl: string | undefined;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
  readonly session: string | undefined;
  readonly identity: ConsentAct['identity'];
  readonly signed: boolean;
  readonly certificate:
    { readonly claimedBy: string | undefined; readonly expiresAt: number | undefined } | undefined;
}

/**
 * Records acts of consent: each at the end of its seller's chain. The same act told again is the record
 * that there is. To be run in a transaction.
 * @param recordedAt - UTC epoch milliseconds
 * @returns what became of each, in the order given
 */
export async function giveConsents(
  tx: Queryable,
  vault: Vault,
  acts: readonly ConsentAct[],
  recordedAt: number,
): Promise<GivenConsent[]> {
  if (acts.length > MAX_ACTS) throw new RangeError(`at most ${MAX_ACTS} acts at once`);
  const hashes = acts.map((act) => vault.hashNumber(act.number).toString('hex'));
  const erasedAt = await erasures(tx, hashes);
  const sellers = await knownSellers(tx, acts);
  const outcomes = acts.map((act, index): GivenConsent | undefined => {
    if (act.givenAt > recordedAt + CLOCK_SKEW_MS) return { ok: false, reason: 'in_the_future' };
    if (act.expiresAt !== undefined && act.expiresAt <= act.givenAt) {
      return { ok: false, reason: 'ends_before_it_begins' };
    }
    if (act.sellerId !== undefined && !sellers.has(act.sellerId)) {
      return { ok: false, reason: 'no_such_seller' };
    }
    const erased = erasedAt.get(hashes[index] as string);
    return erased !== undefined && act.givenAt <= erased ? { ok: false, reason: 'erased_since' } : undefined;
  });
  const wanted = acts.flatMap((act, index) => (outcomes[index] ? [] : [{ act, index }]));
  if (wanted.length > 0) {
    const subjects = await takeSubjects(
      tx,
      vault,
      new Map(wanted.map(({ act, index }) => [hashes[index] as string, act.number])),
    );
    await keepDisclosures(
      tx,
      wanted.map(({ act }) => act.disclosure),
    );
    const ends = await lockChains(
      tx,
      wanted.map(({ act }) => chainOf(act)),
    );
    // Looked for behind the locks: whoever recorded the same before is done.
    const prints = wanted.map(({ act }) => fingerprintOf(vault, act));
    const known = await recorded(tx, prints);
    const first = new Map<string, number>();
    const records: NewRecord[] = [];
    wanted.forEach(({ act, index }, n) => {
      const print = prints[n] as Buffer;
      const key = print.toString('hex');
      if (known.has(key) || first.has(key)) return;
      first.set(key, records.length);
      const subjectId = subjects.get(hashes[index] as string) as number;
      records.push(newRecord(vault, act, subjectId, print, recordedAt));
    });
    const ids = await appendRecords(tx, ends, records);
    const told = new Set<string>();
    wanted.forEach(({ index }, n) => {
      const key = (prints[n] as Buffer).toString('hex');
      const id = known.get(key) ?? (ids[first.get(key) as number] as number);
      outcomes[index] = { ok: true, id, known: known.has(key) || told.has(key) };
      told.add(key);
    });
  }
  return outcomes as GivenConsent[];
}

function chainOf(act: ConsentAct): string {
  return act.sellerId ?? EVERYBODY;
}

/** What a consent's part that names the person is sealed for. */
export function consentPlace(id: number): string {
  return `consent ${id}`;
}

function newRecord(
  vault: Vault,
  act: ConsentAct,
  subjectId: number,
  fingerprint: Buffer,
  recordedAt: number,
): NewRecord {
  const { certificate } = act;
  const sealed: SealedConsent = {
    number: act.number,
    act: act.act,
    pageUrl: act.pageUrl,
    ip: act.ip,
    userAgent: act.userAgent,
    session: act.session,
    identity: act.identity,
    signed: act.signed,
    certificate: certificate && { claimedBy: certificate.claimedBy, expiresAt: certificate.expiresAt },
  };
  return {
    chain: chainOf(act),
    kind: 'given',
    subjectId,
    revokes: null,
    sellerId: act.sellerId ?? null,
    campaignId: act.campaignId ?? null,
    scopes: act.scopes,
    actedAt: act.givenAt,
    recordedAt,
    expiresAt: act.expiresAt ?? null,
    honouredAt: null,
    method: null,
    covers: null,
    disclosure: hashDisclosure(act.disclosure.version, act.disclosure.text),
    fingerprint,
    details: (id) => ({
      certificateIssuer: certificate?.issuer ?? null,
      certificateId: certificate?.id ?? null,
      sealed: vault.seal(JSON.stringify(sealed), consentPlace(id)),
    }),
  };
}

/** By it the same act is known again, however it was written. */
function fingerprintOf(vault: Vault, act: ConsentAct): Buffer {
  const { disclosure, certificate, identity } = act;
  return vault.fingerprint(
    JSON.stringify([
      act.number,
      act.sellerId ?? null,
      act.campaignId ?? null,
      [...act.scopes].sort(),
      act.givenAt,
      act.expiresAt ?? null,
      [disclosure.version, disclosure.text],
      [act.act, act.pageUrl ?? null, act.ip ?? null, act.userAgent ?? null, act.session ?? null],
      [identity?.name ?? null, identity?.email ?? null, act.signed],
      certificate
        ? [certificate.issuer, certificate.id, certificate.claimedBy ?? null, certificate.expiresAt ?? null]
        : null,
    ]),
  );
}

async function recorded(tx: Queryable, prints: readonly Buffer[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ record_id: number; fingerprint: Buffer }>({
    name: 'consents-recorded',
    text: 'select record_id, fingerprint from consent_details where fingerprint = any($1)',
    values: [prints],
  });
  return new Map(rows.map(({ record_id, fingerprint }) => [fingerprint.toString('hex'), record_id]));
}

/** When persons had everything erased, by the hash of their number. */
async function erasures(tx: Queryable, hashes: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ number_hash: Buffer; at: number }>({
    name: 'consents-erasures',
    text: `select number_hash, ceil(extract(epoch from created_at) * 1000)::bigint as at
      from privacy_suppressions where number_hash = any($1)`,
    values: [hashes.map((hash) => Buffer.from(hash, 'hex'))],
  });
  return new Map(rows.map(({ number_hash, at }) => [number_hash.toString('hex'), at]));
}

async function knownSellers(tx: Queryable, acts: readonly ConsentAct[]): Promise<Set<string>> {
  const named = [...new Set(acts.flatMap(({ sellerId }) => (sellerId === undefined ? [] : [sellerId])))];
  if (named.length === 0) return new Set();
  const { rows } = await tx.query<{ id: string }>('select id from accounts where id = any($1)', [named]);
  return new Set(rows.map(({ id }) => id));
}

async function keepDisclosures(
  tx: Queryable,
  disclosures: readonly ConsentAct['disclosure'][],
): Promise<void> {
  const byDigest = new Map(
    disclosures.map((one) => [hashDisclosure(one.version, one.text).toString('hex'), one]),
  );
  const { rows } = await tx.query<{ digest: Buffer }>(
    'select digest from consent_disclosures where digest = any($1)',
    [[...byDigest.keys()].map((digest) => Buffer.from(digest, 'hex'))],
  );
  for (const { digest } of rows) byDigest.delete(digest.toString('hex'));
  const missing = [...byDigest].sort(([a], [b]) => (a < b ? -1 : 1));
  if (missing.length === 0) return;
  await tx.query(
    `insert into consent_disclosures (digest, version, words)
     select digest, version, words from unnest($1::bytea[], $2::text[], $3::text[]) as d(digest, version, words)
     on conflict do nothing`,
    [
      missing.map(([digest]) => Buffer.from(digest, 'hex')),
      missing.map(([, { version }]) => version),
      missing.map(([, { text }]) => text),
    ],
  );
}
