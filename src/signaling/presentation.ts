import type { CallAttempt, RingTarget } from '../domain';
import type { SaleDesk } from './ports';
import type { Presentation } from './ringing';

/** What whoever is rung sees of the caller: agents what their card shows; a target of its own the number. */
export function presentationTo(
  desk: Pick<SaleDesk, 'card'>,
  attempt: CallAttempt,
  target: RingTarget,
): Presentation {
  const headers = { 'X-DCE-Call-ID': attempt.callId };
  if (target.kind !== 'softphone') return { callingNumber: userOf(attempt.from), headers };
  const card = desk.card(attempt, target, false);
  return {
    callingNumber: userOf(card.number),
    headers: { ...headers, 'X-DCE-Card': Buffer.from(JSON.stringify(card)).toString('base64url') },
  };
}

/** A number as the user part of an address. */
function userOf(number: string | undefined): string {
  return number?.replace(/^\+/, '') ?? 'anonymous';
}
