import { createHash } from 'node:crypto';
import type { Queryable } from '../database';

/** What is wrong with the chain. */
export interface AuditFinding {
  /**
   * `block_missing`, `block_unlinked`: a block is not there, or does not follow on the one before it.
   * `block_changed`: its entries are not what was sealed. `entry_missing`: fewer than were sealed.
   * `entry_unsealed`: entries in no block, long after they were written. `entry_loose`: entries in no block that
   * nobody waits for. `anchor_differs`: a block that was noted elsewhere is not there, or is another one.
   */
  readonly problem:
    | 'block_missing'
    | 'block_unlinked'
    | 'block_changed'
    | 'entry_missing'
    | 'entry_unsealed'
    | 'entry_loose'
    | 'anchor_differs';
  readonly block?: number;
  readonly entries?: number;
}

/** A block, as somebody noted it where nobody who can change the log can change it. */
export interface AuditAnchor {
  readonly block: number;
  /** In hexadecimal. */
  readonly hash: string;
}

/** What a verification came to. */
export interface AuditVerification {
  readonly ok: boolean;
  readonly blocks: number;
  readonly entries: number;
  /** Entries that wait to be sealed. */
  readonly unsealed: number;
  /** The last block; 0 of a log without any. Whoever keeps it elsewhere can tell a chain that was cut or made anew. */
  readonly headBlock: number;
  /** Its hash, in hexadecimal. */
  readonly head: string;
  readonly findings: readonly AuditFinding[];
}

interface Block {
  readonly seq: number;
  readonly entryIds: readonly string[];
  readonly prevHash: Buffer;
  readonly hash: Buffer;
}

/** An entry as it is hashed; numbers of the database as their digits. */
interface Line {
  readonly id: string;
  readonly at: string;
  readonly status: string;
  readonly texts: readonly (string | null)[];
}

const FIRST_HASH = Buffer.alloc(32);
const BLOCKS_AT_ONCE = 50;
const MAX_FINDINGS = 100;
/** An entry is in a block within seconds; after these milliseconds something is wrong with who makes them. */
const LATE_MS = 3_600_000;

const READ_BLOCKS = {
  name: 'audit-verify-blocks',
  text: `select seq, entry_ids::text[] as "entryIds", prev_hash as "prevHash", hash from audit_blocks
    where seq > $1 order by seq limit ${BLOCKS_AT_ONCE}`,
};
const READ_ENTRIES = {
  name: 'audit-verify-entries',
  text: `select id::text, (extract(epoch from at) * 1000000)::bigint::text as at, status::text,
      array[actor_kind, actor_id, account_id, role, session_id, action, subject_kind, subject_id, request_id,
        address, changes::text, reason] as texts
    from audit_entries e where id = any($1::bigint[]) order by e.id`,
};

/**
 * Hashes the blocks of the audit log anew from what its entries say: without taking the database's word for any
 * hash.
 * @param last - how many blocks to look at, the newest; all by default
 * @param anchors - what is known of blocks from elsewhere
 */
export async function verifyAudit(
  db: Queryable,
  last?: number,
  anchors: readonly AuditAnchor[] = [],
): Promise<AuditVerification> {
  const length = await lengthOf(db);
  const findings: AuditFinding[] = [];
  const find = (finding: AuditFinding): void => {
    if (findings.length < MAX_FINDINGS) findings.push(finding);
  };
  const first = last === undefined ? 0 : Math.max(length - last, 0);
  let hash: Buffer | undefined = first === 0 ? FIRST_HASH : undefined;
  let seq = first;
  let entries = 0;
  for (;;) {
    const { rows } = await db.query<Block>({ ...READ_BLOCKS, values: [seq] });
    const lines = await linesOf(db, rows);
    for (const block of rows) {
      if (block.seq !== seq + 1) find({ problem: 'block_missing', block: seq + 1 });
      else if (hash && !block.prevHash.equals(hash)) find({ problem: 'block_unlinked', block: block.seq });
      const own = block.entryIds.flatMap((id) => lines.get(id) ?? []);
      const missing = block.entryIds.length - own.length;
      if (missing > 0) find({ problem: 'entry_missing', block: block.seq, entries: missing });
      else if (!hashOf(block, own).equals(block.hash)) find({ problem: 'block_changed', block: block.seq });
      entries += own.length;
      ({ seq, hash } = block);
    }
    if (rows.length < BLOCKS_AT_ONCE) break;
  }
  for (const block of await differing(db, anchors)) find({ problem: 'anchor_differs', block });
  const { unsealed, late, loose } = await countUnsealed(db, first === 0);
  if (late > 0) find({ problem: 'entry_unsealed', entries: late });
  if (loose > 0) find({ problem: 'entry_loose', entries: loose });
  const head = (hash ?? FIRST_HASH).toString('hex');
  return {
    ok: findings.length === 0,
    blocks: seq - first,
    entries,
    unsealed,
    headBlock: seq,
    head,
    findings,
  };
}

/** The newest block; undefined while there is none. */
export async function headOfAudit(db: Queryable): Promise<AuditAnchor | undefined> {
  const { rows } = await db.query<AuditAnchor>(
    `select seq as block, encode(hash, 'hex') as hash from audit_blocks order by seq desc limit 1`,
  );
  return rows[0];
}

async function differing(db: Queryable, anchors: readonly AuditAnchor[]): Promise<number[]> {
  if (anchors.length === 0) return [];
  const { rows } = await db.query<AuditAnchor>(
    `select seq as block, encode(hash, 'hex') as hash from audit_blocks where seq = any($1::bigint[])`,
    [anchors.map(({ block }) => block)],
  );
  const hashes = new Map(rows.map(({ block, hash }) => [block, hash]));
  return anchors
    .filter(({ block, hash }) => hashes.get(block) !== hash.toLowerCase())
    .map(({ block }) => block);
}

async function lengthOf(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ length: number }>(
    'select coalesce(max(seq), 0) as length from audit_blocks',
  );
  return rows[0]?.length ?? 0;
}

async function linesOf(db: Queryable, blocks: readonly Block[]): Promise<Map<string, Line>> {
  if (blocks.length === 0) return new Map();
  const ids = blocks.flatMap((block) => block.entryIds);
  const { rows } = await db.query<Line>({ ...READ_ENTRIES, values: [ids] });
  return new Map(rows.map((line) => [line.id, line]));
}

/** As the function `seal_audit` of the database does it: JSON arrays of PostgreSQL, one a line. */
function hashOf({ seq, prevHash }: Block, lines: readonly Line[]): Buffer {
  const hash = createHash('sha256').update(prevHash).update(`[${seq}]`);
  for (const { id, at, status, texts } of lines) {
    const [kind, actor, account, role, session, action, subjectKind, subject, ...rest] = texts.map((text) =>
      JSON.stringify(text),
    );
    const items = [
      id,
      at,
      kind,
      actor,
      account,
      role,
      session,
      action,
      subjectKind,
      subject,
      status,
      ...rest,
    ];
    hash.update(`\n[${items.join(', ')}]`);
  }
  return hash.digest();
}

/** @param all - whether to look for entries that are in no block and do not wait for one: it reads the whole log */
async function countUnsealed(
  db: Queryable,
  all: boolean,
): Promise<{ unsealed: number; late: number; loose: number }> {
  const loose = `(select count(*) from audit_entries)
    - (select count(*) from audit_unsealed) - (select coalesce(sum(cardinality(entry_ids)), 0) from audit_blocks)`;
  const { rows } = await db.query<{ unsealed: number; late: number; loose: number }>(
    `select count(*) as unsealed,
       count(*) filter (where e.at < now() - interval '${LATE_MS} milliseconds') as late,
       ${all ? loose : '0::bigint'} as loose
     from audit_unsealed u left join audit_entries e using (id)`,
  );
  return rows[0] ?? { unsealed: 0, late: 0, loose: 0 };
}
