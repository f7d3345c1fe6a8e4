import { Secret, TOTP } from 'otpauth';

/** RFC 6238 as authenticator apps have it. */
const SETTINGS = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const ISSUER = 'Dependable Call Exchange';
/** RFC 4226 §4, R6: 160 bits. */
const SECRET_BYTES = 20;
/** RFC 6238 §5.2: one step of drift, before and after. */
const WINDOW = 1;

/** A new secret, in base32. */
export function newTotpSecret(): string {
  return new Secret({ size: SECRET_BYTES }).base32;
}

/** What apps read from a QR code: an `otpauth://` URI. */
export function totpUri(secret: string, email: string): string {
  return new TOTP({ ...SETTINGS, issuer: ISSUER, label: email, secret }).toString();
}

/**
 * The step of time that a code is of; undefined for one that is wrong now.
 * @param at - UTC epoch milliseconds
 */
export function totpStep(secret: string, code: string, at: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = new TOTP({ ...SETTINGS, secret }).validate({ token: code, timestamp: at, window: WINDOW });
  return delta === null ? undefined : Math.floor(at / 1_000 / SETTINGS.period) + delta;
}
