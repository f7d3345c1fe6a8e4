import type { ComplianceInput, ComplianceVerdict } from '../../../src/compliance';
import { resolveOrigin, screenCompliance } from '../../../src/compliance';
import type {
  CallAttempt,
  CallOrigin,
  ComplianceFacts,
  CompliancePolicy,
  Consent,
  Finding,
  HoursOverride,
  ListAge,
} from '../../../src/domain';
import { CALL_ORIGINS } from '../../../src/domain';
import { CALLER, attempt, campaign, seller } from '../market/fixtures';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Monday 2026-08-03 in New York. */
export const at = (hour: number, minute = 0): number => Date.UTC(2026, 7, 3, hour + 4, minute);
export const NOON = at(12);

export const SOLICITING: readonly CallOrigin[] = CALL_ORIGINS.filter(
  (origin) => origin !== 'inbound_consumer',
);

export const consent = (over: Partial<Consent> = {}): Consent => ({
  id: 'consent-1',
  number: CALLER,
  sellerId: undefined,
  campaignId: undefined,
  scopes: ['calls'],
  givenAt: NOON - 30 * DAY,
  expiresAt: undefined,
  revokedAt: undefined,
  certificate: { issuer: 'trustedform', id: 'certificate-1' },
  ...over,
});

export const list = (over: Partial<ListAge> = {}): ListAge => ({
  list: 'national',
  version: 'full',
  asOf: NOON - 5 * DAY,
  ...over,
});

/** Facts that let any call pass: a consent, and a national list of five days. */
export const facts = (over: Partial<ComplianceFacts> = {}): ComplianceFacts => ({
  hits: [],
  lists: [list()],
  consents: [consent()],
  contactsInLast24h: 0,
  lookups: [],
  ...over,
});

export interface Screening {
  readonly call?: Partial<CallAttempt>;
  readonly origin?: CallOrigin;
  readonly policy?: CompliancePolicy;
  readonly facts?: Partial<ComplianceFacts>;
  readonly overrides?: readonly HoursOverride[];
  readonly now?: number;
}

/** Screens a call that was dialled by a person; its consent is of whatever number it has. */
export function screen({
  call = {},
  origin = 'inbound_consumer',
  policy = {},
  facts: over = {},
  overrides = [],
  now = NOON,
}: Screening): ComplianceVerdict {
  const whole = attempt({
    origin,
    receivedAt: now,
    ...call,
    tags: { 'dial-mode': 'manual', ...call.tags },
  });
  const number = whole.from ?? CALLER;
  const input: ComplianceInput = {
    attempt: whole,
    origin: resolveOrigin({
      trunkOrigin: origin,
      sellerOrigin: undefined,
      sellerClaims: [],
      claimed: whole.claimedOrigin,
    }),
    sellerId: seller().id,
    campaign: campaign({ compliance: policy }),
    overrides,
    facts: facts({
      consents: [consent({ number })],
      lists: [list(), list({ list: 'reassigned' })],
      ...over,
    }),
    now,
  };
  return screenCompliance(input);
}

export const find = (verdict: ComplianceVerdict, rule: string): Finding | undefined =>
  verdict.findings.find((finding) => finding.rule === rule);
