import type { Attestation, CallAttempt, Verstat } from '../domain';
import type { IncomingInvite } from './sip/sip-stack';

/** What is known of the caller's right to its number. */
type Identity = Pick<CallAttempt, 'attestation' | 'verstat'>;

const UNVERIFIED: Identity = { attestation: undefined, verstat: 'none' };

/** What a verification service gives as `Reason: STIR;cause=…` (RFC 9410, RFC 8224 §6.2.2). */
const STIR_CAUSES: Readonly<Record<string, Verstat>> = {
  // The PASSporT's time is too old or too new.
  403: 'stale',
  // No Identity header where one was demanded.
  428: 'none',
  // The certificate cannot be fetched, or its authority is not one of ours; the signature does not hold.
  436: 'failed',
  437: 'failed',
  438: 'failed',
};

/**
 * The carrier's verdict on the caller's number, believed from carriers whose contract says so: verstat
 * of P-Asserted-Identity or From (3GPP TS 24.229 §7.2A.20), the level of P-Attestation-Indicator
 * (§7.2A.18) or of the verstat itself, and the cause of a failure.
 */
export function readIdentity(invite: IncomingInvite, trusted: boolean): Identity {
  if (!trusted) return UNVERIFIED;
  const said = /;verstat=([A-Za-z-]{1,64})/i
    .exec(`${invite.header('P-Asserted-Identity') ?? ''} ${invite.header('From') ?? ''}`)?.[1]
    ?.toLowerCase();
  const level =
    levelOf(invite.header('P-Attestation-Indicator')) ?? levelOf(/-([abc])$/.exec(said ?? '')?.[1]);
  if (said?.startsWith('tn-validation-passed')) return { attestation: level, verstat: 'passed' };
  if (said?.startsWith('tn-validation-failed')) return { attestation: level, verstat: failureOf(invite) };
  return { attestation: level, verstat: 'none' };
}

function failureOf(invite: IncomingInvite): Verstat {
  const cause = /(?:^|,)\s*STIR\s*;[^,]*?cause=(\d{3})/i.exec(invite.header('Reason') ?? '')?.[1];
  return (cause === undefined ? undefined : STIR_CAUSES[cause]) ?? 'failed';
}

function levelOf(text: string | undefined): Attestation | undefined {
  const level = text?.trim().toUpperCase();
  return level === 'A' || level === 'B' || level === 'C' ? level : undefined;
}
