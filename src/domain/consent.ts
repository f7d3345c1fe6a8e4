import type { E164 } from './phone-number';

/** What a person allowed to be done, each by itself. */
export const CONSENT_SCOPES = [
  'calls',
  'autodialed_calls',
  'prerecorded_calls',
  'texts',
  'recording',
] as const;
export type ConsentScope = (typeof CONSENT_SCOPES)[number];

/** One act of consent, as the market knows it: what a decision needs and nothing that names the person. */
export interface Consent {
  readonly id: string;
  /** The person's number. */
  readonly number: E164;
  /** Whom it allows: a seller's account, or everybody when undefined. */
  readonly sellerId: string | undefined;
  readonly campaignId: string | undefined;
  readonly scopes: readonly ConsentScope[];
  /** UTC epoch milliseconds of the act. */
  readonly givenAt: number;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  /** Proof kept elsewhere. */
  readonly certificate:
    { readonly issuer: 'trustedform' | 'jornaya' | 'other'; readonly id: string } | undefined;
}
