import type { Attestation, CallAttempt, CompliancePolicy, Finding, Verstat } from '../domain';
import { finding } from './findings';

const RULE = 'identity.attestation';
const CITATION = 'RFC 8224 §6.2, RFC 8588 §4';
const POLICY = 'policy of the campaign; RFC 8588 §4';

const PASSED = finding(RULE, 'pass', CITATION, "the caller's number is signed for and verified");
const UNSIGNED = finding(RULE, 'not_applicable', CITATION, 'nobody signed for the number of the caller');
const NOT_VERIFIED: Readonly<Record<Exclude<Verstat, 'passed' | 'none'>, Finding>> = {
  failed: finding(RULE, 'flag', CITATION, 'the signature for the number of the caller is not good'),
  stale: finding(RULE, 'flag', CITATION, 'the signature for the number of the caller is too old'),
  replayed: finding(RULE, 'flag', CITATION, 'the signature for the number of the caller was seen before'),
  wrong_number: finding(RULE, 'flag', CITATION, 'the signature is for other numbers than this call has'),
};
const LEVELS: readonly (Attestation | undefined)[] = [undefined, 'C', 'B', 'A'];
const TOO_WEAK = tooWeak();

/**
 * What is known of who vouches for the caller's number. The verdict of verification is told; it
 * refuses a call only where the campaign asks for a level, and then counts for none where it failed.
 */
export function identityFinding(
  { attestation, verstat }: Pick<CallAttempt, 'attestation' | 'verstat'>,
  { minAttestation }: CompliancePolicy,
): Finding {
  const verified = verstat === 'passed' || verstat === 'none';
  if (minAttestation !== undefined) {
    const level = verified ? LEVELS.indexOf(attestation) : 0;
    if (level < LEVELS.indexOf(minAttestation)) return TOO_WEAK[minAttestation][level] as Finding;
  }
  if (!verified) return NOT_VERIFIED[verstat];
  return verstat === 'passed' ? PASSED : UNSIGNED;
}

function tooWeak(): Readonly<Record<Attestation, readonly Finding[]>> {
  const of = (wanted: Attestation): readonly Finding[] =>
    LEVELS.map((level) =>
      finding(
        RULE,
        'block',
        POLICY,
        `attestation ${level ?? 'none that counts'}, and the campaign takes ${wanted} or better`,
      ),
    );
  return { A: of('A'), B: of('B'), C: of('C') };
}
