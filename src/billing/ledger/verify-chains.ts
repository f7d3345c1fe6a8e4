import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { groupBy } from '../../domain';
import type { Queryable } from '../../storage';
import type { HashedEntry } from './canonical';
import { canonicalLine, canonicalPlace, FIRST_HASH } from './canonical';
import type { Findings } from './findings';

/** What was looked at of one chain. */
export interface VerifiedChain {
  readonly accountId: string;
  readonly blocks: number;
  readonly entries: number;
  /** Hash of the last block, in hexadecimal: whoever keeps it elsewhere can tell a chain that was made anew. */
  readonly head: string;
}

interface Chain {
  readonly accountId: string;
  readonly length: number;
  readonly head: Buffer;
}

interface Block {
  readonly seq: number;
  readonly transactionIds: readonly string[];
  readonly prevHash: Buffer;
  readonly hash: Buffer;
}

type Row = HashedEntry & { readonly accountId: string };

const CHAINS_AT_ONCE = 500;
const BLOCKS_AT_ONCE = 500;
/** Transactions whose entries are in memory at once, and hashed without a pause: the process has other work. */
const TRANSACTIONS_AT_ONCE = 500;

const READ_CHAINS = {
  name: 'ledger-verify-chains',
  text: `select account_id as "accountId", length, head from ledger_chains
    where account_id > $1 and ($2::text is null or account_id = $2) order by account_id limit ${CHAINS_AT_ONCE}`,
};
const READ_BLOCKS = {
  name: 'ledger-verify-blocks',
  text: `select seq, transaction_ids::text[] as "transactionIds", prev_hash as "prevHash", hash from ledger_blocks
    where account_id = $1 and seq > $2 order by seq limit ${BLOCKS_AT_ONCE}`,
};
const READ_ENTRIES = {
  name: 'ledger-verify-entries',
  text: `select t.id::text as "transactionId", t.idempotency_key as "idempotencyKey", t.kind, t.call_id as "callId",
      t.reason, t.reverses_id::text as "reversesId",
      (extract(epoch from t.posted_at) * 1000000)::bigint::text as "postedAt", t.effective_on::text as "effectiveOn",
      e.id::text as "entryId", a.account_id as "accountId", a.purpose, a.currency, e.amount::text as amount
    from ledger_entries e
    join ledger_transactions t on t.id = e.transaction_id
    join ledger_accounts a on a.id = e.ledger_account_id
    where e.transaction_id = any($1::bigint[]) and a.account_id = $2
    order by t.id, e.id`,
};

/** The chains there are, as they were when each page of them was read. */
export async function* readChains(db: Queryable, accountId?: string): AsyncGenerator<Chain> {
  let after = '';
  for (;;) {
    const { rows } = await db.query<Chain>({ ...READ_CHAINS, values: [after, accountId ?? null] });
    for (const chain of rows) {
      after = chain.accountId;
      yield chain;
    }
    if (rows.length < CHAINS_AT_ONCE) return;
  }
}

/**
 * Hashes the blocks of a chain anew from what its entries say, some thousand transactions at a time.
 * @param last - how many blocks to look at, the newest; all by default
 */
export async function verifyChain(
  db: Queryable,
  chain: Chain,
  findings: Findings,
  last = chain.length,
): Promise<VerifiedChain> {
  const { accountId, length } = chain;
  const check = new ChainCheck(db, accountId, findings);
  const first = Math.max(length - last, 0);
  check.seq = first;
  if (first === 0) check.hash = FIRST_HASH;
  for (let after = first; after < length;) {
    const { rows } = await db.query<Block>({ ...READ_BLOCKS, values: [accountId, after] });
    const known = rows.filter((block) => block.seq <= length);
    await check.blocks(known);
    if (known.length < BLOCKS_AT_ONCE) break;
    after = (known.at(-1) as Block).seq;
  }
  if (check.seq !== length) {
    findings.add({ problem: 'block_missing', accountId, block: check.seq + 1 });
  } else if (check.hash !== undefined && !check.hash.equals(chain.head)) {
    findings.add({ problem: 'head_differs', accountId, block: length });
  }
  return { accountId, blocks: check.count, entries: check.entries, head: chain.head.toString('hex') };
}

/** A part of a block: of large ones the entries are read in several. */
interface Part {
  readonly block: Block;
  readonly transactionIds: readonly string[];
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

class ChainCheck {
  /** Of the last block seen. */
  seq = 0;
  /** As that block says; undefined before the first. */
  hash: Buffer | undefined;
  count = 0;
  entries = 0;
  readonly #db: Queryable;
  readonly #accountId: string;
  readonly #findings: Findings;
  #running: Hash | undefined;

  constructor(db: Queryable, accountId: string, findings: Findings) {
    this.#db = db;
    this.#accountId = accountId;
    this.#findings = findings;
  }

  async blocks(blocks: readonly Block[]): Promise<void> {
    let parts: Part[] = [];
    let waiting = 0;
    for (const part of blocks.flatMap(partsOf)) {
      parts.push(part);
      waiting += part.transactionIds.length;
      if (waiting < TRANSACTIONS_AT_ONCE) continue;
      await this.#parts(parts);
      [parts, waiting] = [[], 0];
    }
    await this.#parts(parts);
  }

  async #parts(parts: readonly Part[]): Promise<void> {
    if (parts.length === 0) return;
    const { rows } = await this.#db.query<Row>({
      ...READ_ENTRIES,
      values: [parts.flatMap((part) => part.transactionIds), this.#accountId],
    });
    const byTransaction = groupBy(rows, (row) => row.transactionId);
    for (const part of parts) this.#part(part, byTransaction);
  }

  #part(
    { block, transactionIds, isFirst, isLast }: Part,
    entries: ReadonlyMap<string, readonly Row[]>,
  ): void {
    if (isFirst) this.#begin(block);
    for (const id of transactionIds) {
      for (const entry of entries.get(id) ?? []) {
        this.#running?.update(`\n${canonicalLine(entry)}`);
        this.entries++;
      }
    }
    if (isLast) this.#end(block);
  }

  #begin(block: Block): void {
    const [accountId, { seq }] = [this.#accountId, block];
    if (seq !== this.seq + 1)
      this.#findings.add({ problem: 'block_missing', accountId, block: this.seq + 1 });
    else if (this.hash && !block.prevHash.equals(this.hash)) {
      this.#findings.add({ problem: 'block_unlinked', accountId, block: seq });
    }
    this.#running = createHash('sha256').update(block.prevHash).update(canonicalPlace(accountId, seq));
  }

  #end({ seq, hash }: Block): void {
    if (this.#running?.digest().equals(hash) !== true) {
      this.#findings.add({ problem: 'block_changed', accountId: this.#accountId, block: seq });
    }
    this.#running = undefined;
    this.seq = seq;
    this.hash = hash;
    this.count++;
  }
}

function partsOf(block: Block): Part[] {
  const { transactionIds } = block;
  const parts: Part[] = [];
  for (let from = 0; from === 0 || from < transactionIds.length; from += TRANSACTIONS_AT_ONCE) {
    const to = from + TRANSACTIONS_AT_ONCE;
    parts.push({
      block,
      transactionIds: transactionIds.slice(from, to),
      isFirst: from === 0,
      isLast: to >= transactionIds.length,
    });
  }
  return parts;
}
