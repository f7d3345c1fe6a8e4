import type { Database, Queryable } from '../../storage';
import type { LedgerFinding } from './findings';
import { Findings } from './findings';
import { verifyBooks } from './verify-books';
import type { VerifiedChain } from './verify-chains';
import { readChains, verifyChain } from './verify-chains';

/** What a look through the books came to. */
export interface LedgerVerification {
  readonly ok: boolean;
  readonly chains: number;
  readonly blocks: number;
  /** Entries whose hashes were looked at. */
  readonly entries: number;
  readonly findings: readonly LedgerFinding[];
  /** There is more that is wrong. */
  readonly more: boolean;
}

export interface VerifyLedgerOptions {
  /** The books of one account: its chain and balances, and the transactions it has a part in. */
  readonly accountId?: string;
  /** Told of each chain that was looked at. */
  readonly onChain?: (chain: VerifiedChain) => void;
  /** Findings that are kept; 1,000 by default. */
  readonly maxFindings?: number;
}

const MAX_FINDINGS = 1_000;

/**
 * Goes through the books from the first entry, as of one instant, and tells everything that is wrong with
 * its place: chains hashed anew, entries in no block or in two, transactions that do not balance, balances
 * and periods that are not the sums of their entries. It takes its time, on a connection of its own, holds
 * some thousand transactions in memory, and stops nobody from posting.
 */
export async function verifyLedger(
  database: Database,
  { accountId, onChain, maxFindings = MAX_FINDINGS }: VerifyLedgerOptions = {},
): Promise<LedgerVerification> {
  const session = await database.session(0);
  try {
    await session.query('begin isolation level repeatable read read only');
    const findings = new Findings(maxFindings);
    const seen = { chains: 0, blocks: 0, entries: 0 };
    for await (const chain of readChains(session, accountId)) {
      const verified = await verifyChain(session, chain, findings);
      seen.chains++;
      seen.blocks += verified.blocks;
      seen.entries += verified.entries;
      onChain?.(verified);
    }
    await verifyBooks(session, findings, accountId);
    return { ok: findings.list.length === 0, ...seen, findings: findings.list, more: findings.more };
  } finally {
    session.release();
  }
}

/**
 * Hashes the newest blocks of one account anew: a look that is short, however long the chain.
 * @param blocks - 1,000 at most
 * @returns undefined when the account has no chain
 */
export async function verifyNewestBlocks(
  db: Queryable,
  accountId: string,
  blocks: number,
): Promise<
  (VerifiedChain & { readonly length: number; readonly findings: readonly LedgerFinding[] }) | undefined
> {
  for await (const chain of readChains(db, accountId)) {
    const findings = new Findings(MAX_FINDINGS);
    const verified = await verifyChain(db, chain, findings, Math.min(blocks, MAX_NEWEST));
    return { ...verified, length: chain.length, findings: findings.list };
  }
  return undefined;
}

const MAX_NEWEST = 1_000;
