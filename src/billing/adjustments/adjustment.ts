import type { Currency, Micros } from '../../domain';
import type { Actor } from '../actor';

/** What people move money for. */
export const ADJUSTMENT_KINDS = ['goodwill', 'clawback', 'correction', 'reversal'] as const;
export type AdjustmentKind = (typeof ADJUSTMENT_KINDS)[number];

/** Waits for a second person; its money has moved; the second person refused. */
export const ADJUSTMENT_STATES = ['prepared', 'posted', 'rejected'] as const;
export type AdjustmentState = (typeof ADJUSTMENT_STATES)[number];

/** Ledger accounts between which corrections move money. */
export const CORRECTED_PURPOSES = ['wallet', 'payable', 'adjustments', 'cash'] as const;
export type CorrectedPurpose = (typeof CORRECTED_PURPOSES)[number];

/** One end of a correction. */
export interface AdjustedAccount {
  readonly accountId: string;
  readonly purpose: CorrectedPurpose;
}

interface WishBasics {
  /** What whoever asks calls it: the same one is the same adjustment. */
  readonly reference: string;
  /** For people. */
  readonly reason: string;
  readonly by: Actor;
}

interface Amount {
  readonly currency: Currency;
  /** Micro-units, above 0. */
  readonly amount: Micros;
}

/** Money that is to be moved. */
export type NewAdjustment = WishBasics &
  (
    | (Amount & { readonly kind: 'goodwill' | 'clawback'; readonly accountId: string })
    | (Amount & {
        readonly kind: 'correction';
        readonly from: AdjustedAccount;
        readonly to: AdjustedAccount;
      })
    | { readonly kind: 'reversal'; readonly transactionId: number }
  );

export interface Adjustment {
  /** In the order of preparing. */
  readonly seq: number;
  readonly id: string;
  readonly kind: AdjustmentKind;
  readonly reference: string;
  /** The money goes from one to the other; null of a reversal. */
  readonly fromAccount: string | null;
  readonly fromPurpose: CorrectedPurpose | null;
  readonly toAccount: string | null;
  readonly toPurpose: CorrectedPurpose | null;
  /** Of a reversal: the ledger transaction that is taken back. */
  readonly reversesId: number | null;
  readonly currency: Currency;
  readonly amount: Micros;
  readonly reason: string;
  readonly state: AdjustmentState;
  readonly preparedBy: string;
  readonly preparedAt: Date;
  /** The second person, where there was one. */
  readonly resolvedBy: string | null;
  readonly resolvedAt: Date | null;
  readonly note: string | null;
  readonly transactionId: number | null;
}
