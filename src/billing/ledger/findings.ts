import type { LedgerPurpose } from './chart';

/** What can be wrong with the books. */
export const LEDGER_PROBLEMS = {
  block_changed: 'the hash of the block is not what its entries say',
  block_unlinked: 'the block does not hold the hash of the one before it',
  block_missing: 'there is no such block in the chain',
  head_differs: 'the end of the chain is not its last block',
  chain_missing: 'there are blocks, or entries, and no chain',
  entry_in_no_block: 'entries of the transaction are in no block of the account',
  entry_in_two_blocks: 'the transaction is in several blocks of the account',
  entry_missing: 'a block names the transaction, and it has no entries of the account',
  entry_unplaced:
    'an entry is of no transaction, of no ledger account, or of another time than its transaction',
  transaction_unbalanced: 'the entries of the transaction do not balance',
  transaction_empty: 'the transaction has no entries',
  balance_differs: 'the kept balance is not the sum of the entries',
  period_gap: 'the opening balance is not the closing balance of the period before',
  period_differs: 'the period does not say what its entries say',
  period_unbalanced: 'debits and credits of the period differ',
} as const;
export type LedgerProblem = keyof typeof LEDGER_PROBLEMS;

/** One thing that is wrong, and where. */
export interface LedgerFinding {
  readonly problem: LedgerProblem;
  readonly accountId?: string;
  /** Number of the block in the chain of the account. */
  readonly block?: number;
  readonly transactionId?: number;
  readonly purpose?: LedgerPurpose;
  readonly currency?: string;
  /** `YYYY-MM` */
  readonly month?: string;
  /** What there is and what there should be, in micro-units. */
  readonly found?: bigint;
  readonly expected?: bigint;
}

/** Collects what is wrong, up to a limit. */
export class Findings {
  readonly list: LedgerFinding[] = [];
  readonly #most: number;
  #more = false;

  constructor(most: number) {
    this.#most = most;
  }

  /** There was more than was collected. */
  get more(): boolean {
    return this.#more;
  }

  /** How many more are wanted, and one to know that there are more. */
  get room(): number {
    return this.#most - this.list.length + 1;
  }

  add(finding: LedgerFinding): void {
    if (this.list.length < this.#most) this.list.push(finding);
    else this.#more = true;
  }
}

/** A finding in one line. */
export function describeFinding(finding: LedgerFinding): string {
  const { accountId, block, transactionId, purpose, currency, month, found, expected } = finding;
  const place = [
    accountId === undefined ? [] : [`account ${accountId}`],
    purpose === undefined ? [] : [purpose],
    currency === undefined ? [] : [currency],
    block === undefined ? [] : [`block ${block}`],
    transactionId === undefined ? [] : [`transaction ${transactionId}`],
    month === undefined ? [] : [month],
  ].flat();
  const figures = expected === undefined ? '' : ` (${found ?? 0n}, should be ${expected})`;
  return `${place.join(' ')}: ${LEDGER_PROBLEMS[finding.problem]}${figures}`;
}
