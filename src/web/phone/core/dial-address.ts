/**
 * The address of a number that somebody typed, in the domain of the phone.
 * @returns undefined when it is no number: 3 to 15 digits, spaces, dots, dashes and brackets besides
 */
export function dialAddress(typed: string, domain: string): string | undefined {
  const bare = typed.trim().replace(/[\s().-]/g, '');
  return /^\+?\d{3,15}$/.test(bare) ? `sip:${bare}@${domain}` : undefined;
}

/** The domain of an address of record, `sip:USER@DOMAIN`; without a port or parameters. */
export function domainOf(uri: string): string {
  const [, domain] = /^sips?:[^@]*@(\[[^\]]+\]|[^:;?>]+)/.exec(uri) ?? [];
  return domain ?? 'dce.invalid';
}
