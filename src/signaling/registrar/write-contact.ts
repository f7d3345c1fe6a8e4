import type { Binding } from './bindings';

/**
 * One value of Contact in the answer to a REGISTER: the binding, and the seconds that are left of it
 * (RFC 3261 §10.3, RFC 5626 §6, RFC 5627 §5.2).
 * @param now - UTC epoch milliseconds
 */
export function writeContact(binding: Binding, now: number, publicGruu: string | undefined): string {
  const seconds = Math.max(0, Math.ceil((binding.expiresAt - now) / 1_000));
  const parts = [`<${binding.contact}>`];
  if (binding.instanceId !== undefined) parts.push(`+sip.instance="<${binding.instanceId}>"`);
  if (binding.regId !== undefined) parts.push(`reg-id=${binding.regId}`);
  if (publicGruu !== undefined) parts.push(`pub-gruu="${publicGruu}"`);
  parts.push(`expires=${seconds}`);
  return parts.join(';');
}
