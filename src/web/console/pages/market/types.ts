import type { Stored } from '../../api/types';

/** What of the market's entities the console reads. */

export interface Caps {
  readonly concurrent?: number;
  readonly connections?: { readonly hour?: number; readonly day?: number; readonly month?: number };
}

export interface Buyer extends Stored {
  readonly accountId: string;
  readonly name: string;
  readonly status: string;
  readonly caps: Caps;
}

export interface Target extends Stored {
  readonly buyerId: string;
  readonly name: string;
  readonly status: string;
  readonly kind: string;
  readonly uri: string;
  readonly caps: Caps;
  readonly pausedUntil?: number;
}

export interface Bid extends Stored {
  readonly campaignId: string;
  readonly buyerId: string;
  readonly targetId: string;
  readonly status: string;
  readonly price: number;
  readonly priority: number;
  readonly weight: number;
  readonly fallback: boolean;
  readonly plan: { readonly kind: string; readonly afterMs: number };
  readonly ping?: { readonly url: string };
}
