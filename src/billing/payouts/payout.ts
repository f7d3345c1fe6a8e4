import type { Currency, Micros } from '../../domain';

export const PAYOUT_PERIODS = ['weekly', 'monthly', 'manual'] as const;
/** When what was earned is due: at the end of the week (Sunday) or month, or whenever somebody pays. */
export type PayoutPeriod = (typeof PAYOUT_PERIODS)[number];

/** What was agreed with a seller or carrier about being paid, in one currency. */
export interface PayoutTerms {
  readonly accountId: string;
  readonly currency: Currency;
  readonly period: PayoutPeriod;
  /** Micro-units; less than this waits. */
  readonly minimumAmount: Micros;
  /** Money earned within so many days before the end of the period is not paid yet. */
  readonly holdBackDays: number;
  /** Where to: a text that whoever sends the money knows it by. */
  readonly method: string;
  readonly updatedBy: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const BATCH_STATES = ['draft', 'approved', 'paid', 'canceled'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** Payouts that are prepared, approved and sent together. */
export interface PayoutBatch {
  readonly id: string;
  /** Numbers batches in the order in which they were prepared. */
  readonly seq: number;
  readonly currency: Currency;
  readonly upTo: Date;
  readonly state: BatchState;
  /** Of all items, and what came of them; micro-units. */
  readonly total: Micros;
  readonly paid: Micros;
  readonly items: number;
  readonly openItems: number;
  readonly preparedKey: string;
  readonly preparedBy: string;
  readonly preparedAt: Date;
  readonly approvedKey: string | null;
  readonly approvedBy: string | null;
  readonly approvedAt: Date | null;
  readonly closedBy: string | null;
  readonly closedAt: Date | null;
  readonly version: number;
}

export const ITEM_STATES = ['open', 'paid', 'failed', 'canceled'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** What one account is paid of a batch. */
export interface PayoutItem {
  readonly id: string;
  readonly seq: number;
  readonly batchId: string;
  readonly accountId: string;
  /** Of the account, for people. */
  readonly accountName: string;
  readonly currency: Currency;
  /** Micro-units, a whole number of the currency's smallest unit. */
  readonly amount: Micros;
  readonly method: string;
  readonly state: ItemState;
  /** The bank's name of the transfer. */
  readonly reference: string | null;
  readonly failure: string | null;
  readonly transactionId: number | null;
  readonly closedBy: string | null;
  readonly closedAt: Date | null;
}

/** Why an account is not in a batch. */
export const LEFT_OUT = ['nothing_due', 'below_minimum', 'account_suspended', 'batch_full'] as const;

export interface LeftOut {
  readonly accountId: string;
  readonly reason: (typeof LEFT_OUT)[number];
  /** What the exchange owes it, all in all; negative when it owes the exchange. */
  readonly owed: number;
  /** What of that is due, and not set aside for another batch. */
  readonly due: number;
}
