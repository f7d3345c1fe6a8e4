/** The URIs of a header of name-addrs or addr-specs, e.g. `"A" <sip:1@h>, <tel:+1>`. */
export function addressUris(value: string): string[] {
  const bracketed = [...value.matchAll(/<([^>]{1,512})>/g)].map((match) => match[1] ?? '');
  return bracketed.length > 0 ? bracketed : [value.split(';')[0]?.trim() ?? ''];
}

/** User part and parameters of a sip:, sips: or tel: URI. */
export function userPart(uri: string): { user: string; parameters: string } | undefined {
  const scheme = /^(sips?|tel):/i.exec(uri);
  if (!scheme) return undefined;
  const rest = uri.slice(scheme[0].length).split('?', 1)[0] ?? '';
  if (scheme[1]?.toLowerCase() === 'tel') {
    const [user = '', ...parameters] = rest.split(';');
    return { user, parameters: parameters.join(';') };
  }
  const at = rest.lastIndexOf('@');
  if (at <= 0) return undefined;
  // The user part may carry parameters of its own (`+1212…;npdi@host`) and a password.
  const user = decodeEscapes((rest.slice(0, at).split(';', 1)[0] ?? '').split(':', 1)[0] ?? '');
  const semicolon = rest.indexOf(';', at);
  return { user, parameters: semicolon < 0 ? '' : rest.slice(semicolon + 1) };
}

/** `%41` → `A`; text whose escapes are broken stays as it is. */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
