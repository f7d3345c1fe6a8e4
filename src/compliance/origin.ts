import type { CallOrigin, Finding } from '../domain';
import { CALL_ORIGINS } from '../domain';

/** What is said of who started a call. */
export interface OriginEvidence {
  /** The trunk's contract. `unknown` = it is silent. */
  readonly trunkOrigin: CallOrigin;
  /** The seller's contract; undefined or `unknown` = it is silent. */
  readonly sellerOrigin: CallOrigin | undefined;
  /** Origins that the seller may claim call by call. */
  readonly sellerClaims: readonly CallOrigin[];
  /** What is claimed of this call. */
  readonly claimed: CallOrigin | undefined;
}

export interface OriginVerdict {
  readonly origin: CallOrigin;
  readonly basis: 'trunk' | 'seller' | 'trunk_and_seller' | 'claim' | 'nothing';
  readonly findings: readonly Finding[];
}

/** From the origin that the fewest rules bind to the one that must be taken for the worst. */
const STRICTNESS: Readonly<Record<CallOrigin, number>> = {
  inbound_consumer: 0,
  callback: 1,
  agent_outbound: 2,
  outbound_transfer: 3,
  unknown: 4,
};
const CONTRACT = '47 CFR 64.1200(c)(1): who initiates; contracts of trunk and seller';

/** Verdicts made so far: as many as there are pairs of contracts, claims, and leave to claim. */
const verdicts = new Map<number, OriginVerdict>();
const SIDES = CALL_ORIGINS.length + 1;

/**
 * Who started a call, by contract and claim and never by the direction of its INVITE: a publisher's
 * dialler hands its calls over by an INVITE as well. Where the contracts of trunk and seller differ
 * the stricter holds. A claim may always make it stricter; laxer only when the seller's contract
 * lists that claim. Where nobody says anything it is `unknown`, which every rule binds.
 */
export function resolveOrigin({
  trunkOrigin,
  sellerOrigin,
  sellerClaims,
  claimed,
}: OriginEvidence): OriginVerdict {
  const mayClaim = claimed !== undefined && sellerClaims.includes(claimed);
  const key =
    ((numberOf(trunkOrigin) * SIDES + numberOf(sellerOrigin)) * SIDES + numberOf(claimed)) * 2 +
    (mayClaim ? 1 : 0);
  let verdict = verdicts.get(key);
  if (!verdict) {
    verdict = decide(trunkOrigin, sellerOrigin, claimed, mayClaim);
    verdicts.set(key, verdict);
  }
  return verdict;
}

function numberOf(origin: CallOrigin | undefined): number {
  return origin === undefined ? 0 : STRICTNESS[origin] + 1;
}

function decide(
  trunk: CallOrigin,
  seller: CallOrigin | undefined,
  claimed: CallOrigin | undefined,
  mayClaim: boolean,
): OriginVerdict {
  const { origin, basis, findings } = byContract(trunk, seller);
  if (claimed === undefined || claimed === origin) return { origin, basis, findings };
  const stricter = STRICTNESS[claimed] > STRICTNESS[origin];
  if (stricter || mayClaim) {
    const why = stricter ? 'a claim may make it stricter' : "the seller's contract allows the claim";
    const detail = `claimed to be ${claimed} where contracts say ${origin}: ${why}`;
    const claim: Finding = { rule: 'origin.claim', outcome: 'pass', citation: CONTRACT, detail };
    return { origin: claimed, basis: 'claim', findings: [...findings, claim] };
  }
  const ignored: Finding = {
    rule: 'origin.claim',
    outcome: 'flag',
    citation: CONTRACT,
    detail: `claimed to be ${claimed}, which no contract allows: it stays ${origin}`,
  };
  return { origin, basis, findings: [...findings, ignored] };
}

function byContract(trunk: CallOrigin, seller: CallOrigin | undefined): OriginVerdict {
  const bySeller = seller === undefined || seller === 'unknown' ? undefined : seller;
  const byTrunk = trunk === 'unknown' ? undefined : trunk;
  const found = (
    origin: CallOrigin,
    basis: OriginVerdict['basis'],
    outcome: Finding['outcome'],
    detail: string,
  ): OriginVerdict => ({
    origin,
    basis,
    findings: [{ rule: 'origin.contract', outcome, citation: CONTRACT, detail }],
  });
  if (byTrunk && bySeller && byTrunk !== bySeller) {
    const trunkIsStricter = STRICTNESS[byTrunk] > STRICTNESS[bySeller];
    const origin = trunkIsStricter ? byTrunk : bySeller;
    const detail = `the trunk's contract says ${byTrunk}, the seller's ${bySeller}: taken for ${origin}`;
    return found(origin, trunkIsStricter ? 'trunk' : 'seller', 'flag', detail);
  }
  if (byTrunk && bySeller) return found(byTrunk, 'trunk_and_seller', 'pass', `${byTrunk} by both contracts`);
  if (bySeller) return found(bySeller, 'seller', 'pass', `${bySeller} by the seller's contract`);
  if (byTrunk) return found(byTrunk, 'trunk', 'pass', `${byTrunk} by the trunk's contract`);
  return found('unknown', 'nothing', 'flag', 'no contract says who starts these calls: every rule binds');
}
