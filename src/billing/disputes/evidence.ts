import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import type { Dispute } from './dispute';
import { OPEN_STATES } from './dispute';

/** Entries that people may bring forward in one dispute. */
export const MAX_EVIDENCE = 100;

/** What somebody brings forward. Files stay where they are: their name and SHA-256 say which. */
export type NewEvidence =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'recording' | 'call'; readonly reference: string; readonly text?: string | undefined }
  | {
      readonly kind: 'file';
      readonly fileName: string;
      /** 64 hexadecimal digits. */
      readonly sha256: string;
      readonly text?: string | undefined;
    };

export interface Evidence {
  /** 0 is what the exchange knew when the dispute was opened. */
  readonly n: number;
  readonly kind: 'snapshot' | NewEvidence['kind'];
  readonly text: string | null;
  readonly reference: string | null;
  readonly fileName: string | null;
  readonly sha256: string | null;
  readonly content: unknown;
  readonly by: string | null;
  readonly at: Date;
}

const COLUMNS = `n, kind, text, reference, file_name as "fileName", encode(sha256, 'hex') as sha256, content,
  by_account as by, at`;

/** Everything that was brought forward, the first first. */
export async function listEvidence(db: Queryable, disputeId: string): Promise<Evidence[]> {
  const { rows } = await db.query<Evidence>({
    name: 'dispute-evidence-list',
    text: `select ${COLUMNS} from dispute_evidence where dispute_id = $1 order by n`,
    values: [disputeId],
  });
  return rows;
}

/**
 * Adds to what is brought forward, while the dispute is open.
 * @throws AppError `conflict` when it is over, `unprocessable` after 100 entries
 */
export function addEvidence(
  db: Queryable,
  dispute: Pick<Dispute, 'id'>,
  evidence: NewEvidence,
  by: Actor,
): Promise<Evidence> {
  return inTransaction(db, async (tx) => {
    const { rows: locked } = await tx.query<Pick<Dispute, 'state'>>(
      'select state from disputes where id = $1 for no key update',
      [dispute.id],
    );
    const state = locked[0]?.state;
    if (state === undefined) {
      throw notFound('dispute', dispute.id);
    }
    if (!OPEN_STATES.includes(state)) {
      throw new AppError('conflict', 'dispute_over', `dispute ${dispute.id} is ${state}: it takes no more`);
    }
    const { rows } = await tx.query<Evidence>({
      name: 'dispute-evidence-add',
      text: `insert into dispute_evidence (dispute_id, n, kind, text, reference, file_name, sha256, by_key, by_account)
        select $1, 1 + max(n), $2, $3, $4, $5, decode($6, 'hex'), $7, $8 from dispute_evidence where dispute_id = $1
        having max(n) < $9 returning ${COLUMNS}`,
      values: [
        dispute.id,
        evidence.kind,
        evidence.text ?? null,
        'reference' in evidence ? evidence.reference : null,
        'fileName' in evidence ? evidence.fileName : null,
        'sha256' in evidence ? evidence.sha256 : null,
        by.keyId,
        by.accountId,
        MAX_EVIDENCE,
      ],
    });
    const [added] = rows;
    if (added) return added;
    throw new AppError(
      'unprocessable',
      'too_much_evidence',
      `dispute ${dispute.id} has ${MAX_EVIDENCE} entries: say it in those`,
    );
  });
}
