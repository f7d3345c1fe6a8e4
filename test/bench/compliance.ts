/**
 * How many calls a second compliance screens on one core, every finding made.
 */
import { resolveOrigin, screenCompliance } from '../../src/compliance';
import type { CallAttempt, CallOrigin, Campaign, ComplianceFacts, E164, Micros } from '../../src/domain';

const START = Date.UTC(2026, 10, 20, 17);
const HOUR_MS = 3_600_000;
const CALLS = 4_096;
/** Of a hundred calls: most are made by consumers, some are transfers of publishers who dialled. */
const MIXED_INBOUND = 95;
const NPAS =
  '201 205 206 212 213 216 256 303 305 312 404 407 412 469 512 559 602 615 617 702 713 775 816 850 915 919';

interface Screened {
  readonly attempt: CallAttempt;
  readonly facts: ComplianceFacts;
}

const campaign: Campaign = {
  id: 'campaign',
  name: 'Benchmark',
  status: 'active',
  currency: 'USD',
  auctionType: 'first_price',
  reservePrice: 0 as Micros,
  routing: 'auction',
  ringTimeoutMs: 20_000,
  maxAttempts: 5,
  maxDurationMs: HOUR_MS,
  payout: { kind: 'per_call', amount: 5_000_000 as Micros, afterMs: 30_000 },
  velocityPerHour: 0,
  ringback: 'local',
  duplicates: { windowMs: 0, after: 'connected', scope: 'buyer' },
  compliance: {},
  fraud: { flag: 0.3, challenge: 0.6, block: 0.8 },
  margin: {},
  qualityWeight: 0,
  rtb: { deadlineMs: 300, maxPings: 20 },
  stickyWindowMs: 0,
  skillTag: 'skills',
};

function callOf(n: number, origin: CallOrigin): Screened {
  const npas = NPAS.split(' ');
  const number = `+1${npas[n % npas.length]}${2_340_000 + ((n * 7_919) % 5_000_000)}` as E164;
  const inbound = origin === 'inbound_consumer';
  const facts: ComplianceFacts = {
    hits: [],
    lists: [{ list: 'national', version: '2026-11-15', asOf: START - 5 * 24 * HOUR_MS }],
    consents: inbound
      ? []
      : [
          {
            id: `consent-${n}`,
            number,
            sellerId: undefined,
            campaignId: undefined,
            scopes: ['calls', 'autodialed_calls'],
            givenAt: START - 24 * HOUR_MS,
            expiresAt: undefined,
            revokedAt: undefined,
            certificate: { issuer: 'trustedform', id: `certificate-${n}` },
          },
        ],
    contactsInLast24h: n % 2,
    lookups: [],
  };
  const attempt: CallAttempt = {
    callId: `call-${n}`,
    receivedAt: START,
    from: number,
    to: '+18005550199' as E164,
    trunkId: 'trunk',
    origin,
    claimedOrigin: undefined,
    attestation: 'A',
    verstat: 'passed',
    reservation: undefined,
    forwardedBy: [],
    tags: inbound
      ? { vertical: 'solar' }
      : { 'dialled-at': new Date(START - 60_000).toISOString(), 'dial-mode': 'manual' },
  };
  return { attempt, facts };
}

/** Calls a second of which `inbound` in a hundred were made by consumers themselves. */
export function measureComplianceOf(inbound: number): number {
  const calls = Array.from({ length: CALLS }, (_, n) =>
    callOf(n, (n * 37) % 100 < inbound ? 'inbound_consumer' : 'outbound_transfer'),
  );
  let findings = 0;
  const run = (checks: number, from: number): void => {
    for (let n = 0; n < checks; n++) {
      const { attempt, facts } = calls[n % CALLS] as Screened;
      const origin = resolveOrigin({
        trunkOrigin: attempt.origin,
        sellerOrigin: undefined,
        sellerClaims: [],
        claimed: attempt.claimedOrigin,
      });
      // A thousand calls a second: the minute turns, and what is kept for a minute is made again.
      const now = from + n;
      findings += screenCompliance({
        attempt,
        origin,
        sellerId: undefined,
        campaign,
        overrides: [],
        facts,
        now,
      }).findings.length;
    }
  };
  run(200_000, START);
  findings = 0;
  const checks = 1_000_000;
  const began = performance.now();
  run(checks, START);
  const seconds = (performance.now() - began) / 1_000;
  if (findings < checks * 5) throw new Error('findings are missing');
  return checks / seconds;
}

/** Checks a second on one core; 95 of 100 calls are made by consumers, the rest are transfers with consent. */
export function measureCompliance(): number {
  return measureComplianceOf(MIXED_INBOUND);
}
