import type { Consent } from '../domain';

type Certificate = NonNullable<Consent['certificate']>;

/** Bytes a packed id takes. */
export const CERTIFICATE_BYTES = 20;
/** Form of an id that is no packed one: its text is kept aside. */
export const PLAIN_TEXT = 4;

const ISSUERS = ['trustedform', 'jornaya', 'other'] as const satisfies readonly Certificate['issuer'][];
/** TrustedForm writes 40 lower-case digits, Jornaya a UUID in capitals. */
const FORMS: readonly (readonly [form: number, shape: RegExp])[] = [
  [1, /^[0-9a-f]{40}$/],
  [2, /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/],
  [3, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/],
];

/**
 * Writes the id of a certificate as bytes where its form allows to.
 * @returns one byte for issuer and form; 0 for no certificate
 */
export function packCertificate(certificate: Consent['certificate'], into: Uint8Array, at: number): number {
  if (!certificate) return 0;
  const issuer = 1 + ISSUERS.indexOf(certificate.issuer);
  const form = FORMS.find(([, shape]) => shape.test(certificate.id))?.[0] ?? PLAIN_TEXT;
  if (form !== PLAIN_TEXT) {
    const digits = form === 1 ? certificate.id : certificate.id.replace(/-/g, '');
    Buffer.from(into.buffer, into.byteOffset, into.byteLength).write(digits, at, 'hex');
  }
  return issuer * 8 + form;
}

/** Form of what {@link packCertificate} told. */
export function certificateForm(kind: number): number {
  return kind & 7;
}

/** @param text - of an id that is kept as it is */
export function unpackCertificate(
  kind: number,
  from: Uint8Array,
  at: number,
  text: string | undefined,
): Consent['certificate'] {
  if (kind === 0) return undefined;
  const issuer = ISSUERS[(kind >> 3) - 1] ?? 'other';
  const form = certificateForm(kind);
  if (form === PLAIN_TEXT) return { issuer, id: text ?? '' };
  let digits = '';
  const length = form === 1 ? 20 : 16;
  for (let i = at; i < at + length; i++) digits += (from[i] as number).toString(16).padStart(2, '0');
  if (form === 1) return { issuer, id: digits };
  const uuid = digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { issuer, id: form === 2 ? uuid.toUpperCase() : uuid };
}
