import type { Stored } from '../../api/types';

/** A dialled number (DID). */
export interface DidNumber extends Stored {
  readonly number: string;
  readonly campaignId: string;
  readonly sellerId: string;
  readonly status: 'active' | 'disabled';
  readonly dialplan?: string;
}

export const NUMBER_STATUSES = [
  ['active', 'Active'],
  ['disabled', 'Disabled'],
] as const;
