import type { CallOrigin, CompliancePolicy, Consent, ConsentScope, E164, Finding } from '../domain';
import { maskNumber } from '../domain';
import { bindingOf, bindingRow } from './data/rule-bindings';
import { dateOf, finding } from './findings';

/** Whom the call is for, and when and how it was made. */
export interface ConsentQuestion {
  readonly number: E164;
  readonly sellerId: string | undefined;
  readonly campaignId: string;
  readonly scope: ConsentScope;
  /** UTC epoch milliseconds at which the person was called. */
  readonly dialledAt: number;
  /** UTC epoch milliseconds: what was revoked or expired meanwhile stands no more. */
  readonly now: number;
}

export type ConsentAnswer =
  { readonly ok: true; readonly consent: Consent } | { readonly ok: false; readonly why: string };

const RULE = 'consent.prior';
const { citation: CITATION } = bindingRow(RULE);
/**
 * From then on a revocation of one kind of calls revokes all of one caller's (47 CFR 64.1200(a)(10);
 * until then waived by DA 26-12, 2026-01).
 */
export const REVOKE_ALL_FROM = Date.UTC(2027, 0, 31);

/** Why a consent does not cover a call, from the most to the least telling. */
const WHY = {
  revoked: 'was revoked',
  expired: 'has expired',
  later: 'was given after the call was made',
  scope: 'does not reach so far',
  other: 'is for another seller or campaign',
} as const;
type Why = keyof typeof WHY;
const WHYS = Object.keys(WHY) as readonly Why[];

/** True when calls of an origin need a consent: what the campaign says, or else those that solicit. */
export function needsConsent(policy: CompliancePolicy, origin: CallOrigin): boolean {
  return policy.consentFor ? policy.consentFor.includes(origin) : bindingOf(RULE, origin) === 'binds';
}

/** Looks for a consent that covers the call; of those that do not, the most telling is told. */
export function findConsent(consents: readonly Consent[], question: ConsentQuestion): ConsentAnswer {
  let nearest: Why | undefined;
  let which: Consent | undefined;
  for (const consent of consents) {
    const why = whyNot(consent, consents, question);
    if (why === undefined) return { ok: true, consent };
    if (nearest === undefined || WHYS.indexOf(why) < WHYS.indexOf(nearest)) {
      nearest = why;
      which = consent;
    }
  }
  if (nearest === undefined || !which)
    return { ok: false, why: `no consent of ${maskNumber(question.number)} is known` };
  return { ok: false, why: `the consent ${which.id} of ${dateOf(which.givenAt)} ${WHY[nearest]}` };
}

/** The finding on a call that needs a consent. */
export function consentFinding(answer: ConsentAnswer): Finding {
  if (!answer.ok) return finding(RULE, 'block', CITATION, answer.why);
  const { id, givenAt, certificate } = answer.consent;
  const proof = certificate ? `${certificate.issuer} certificate` : 'no certificate';
  return finding(RULE, 'pass', CITATION, `consent ${id} of ${dateOf(givenAt)}, ${proof}`);
}

function whyNot(
  consent: Consent,
  all: readonly Consent[],
  { number, sellerId, campaignId, scope, dialledAt, now }: ConsentQuestion,
): Why | undefined {
  if (
    consent.number !== number ||
    (consent.sellerId !== undefined && consent.sellerId !== sellerId) ||
    (consent.campaignId !== undefined && consent.campaignId !== campaignId)
  ) {
    return 'other';
  }
  if (!reaches(consent.scopes, scope)) return 'scope';
  if (consent.givenAt > dialledAt) return 'later';
  if (consent.revokedAt !== undefined && consent.revokedAt <= now) return 'revoked';
  if (consent.expiresAt !== undefined && consent.expiresAt <= now) return 'expired';
  return all.some((other) => revokesToo(other, consent, now)) ? 'revoked' : undefined;
}

/** Who allows a machine to call allows people to call; the other scopes stand for themselves. */
function reaches(scopes: readonly ConsentScope[], scope: ConsentScope): boolean {
  if (scopes.includes(scope)) return true;
  return scope === 'calls' && (scopes.includes('autodialed_calls') || scopes.includes('prerecorded_calls'));
}

/** Another consent to the same caller was revoked after this one was given, under the rule that one revokes all. */
function revokesToo(other: Consent, consent: Consent, now: number): boolean {
  const { revokedAt } = other;
  return (
    revokedAt !== undefined &&
    revokedAt >= REVOKE_ALL_FROM &&
    revokedAt <= now &&
    revokedAt >= consent.givenAt &&
    other.number === consent.number &&
    other.sellerId === consent.sellerId
  );
}
