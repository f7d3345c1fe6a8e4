import { createHmac } from 'node:crypto';

/** What a phone page signs in to SIP with, for a while. */
export interface PhoneCredentials {
  readonly username: string;
  readonly password: string;
}

const USERNAME = /^([A-Za-z0-9_.~-]{1,64})\.(\d{10,11})\.(\d{10,11})$/;

/**
 * Short-lived SIP credentials of an agent, which nobody stores: the digest username is
 * `AGENTID.ISSUED.EXPIRY`, the password a MAC over it, as TURN servers know them.
 * @param secret - of the exchange, the same on every node
 * @param issuedAtSeconds - UTC epoch seconds; an agent who is signed out later is refused
 * @param expiresAtSeconds - UTC epoch seconds
 */
export function mintCredentials(
  secret: Buffer,
  agentId: string,
  issuedAtSeconds: number,
  expiresAtSeconds: number,
): PhoneCredentials {
  const username = `${agentId}.${Math.floor(issuedAtSeconds)}.${Math.floor(expiresAtSeconds)}`;
  return { username, password: passwordOf(secret, username) };
}

/** The password that belongs to a username of short-lived credentials: its HMAC-SHA-256 in base64url (RFC 4648 §5). */
export function passwordOf(secret: Buffer, username: string): string {
  return createHmac('sha256', secret).update(username).digest('base64url');
}

/** Whose short-lived credentials a digest username names. Instants are UTC epoch milliseconds. */
export interface ShortLived {
  readonly agentId: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** Undefined when it has not the shape of short-lived credentials. */
export function readShortLived(username: string): ShortLived | undefined {
  const [, agentId, issued, expiry] = USERNAME.exec(username) ?? [];
  if (agentId === undefined) return undefined;
  return { agentId, issuedAt: Number(issued) * 1_000, expiresAt: Number(expiry) * 1_000 };
}
