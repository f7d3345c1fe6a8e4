/**
 * Splits a header of addresses (Contact, Route, Record-Route …) at the commas that are neither
 * inside quotes nor inside angle brackets (RFC 3261 §7.3.1).
 */
export function splitAddresses(value: string): string[] {
  if (!value.includes(',')) return [value];
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let bracketed = false;
  for (let i = 0; i < value.length; i++) {
    const char = value[i];
    if (quoted) {
      if (char === '\\') i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '<') bracketed = true;
    else if (char === '>') bracketed = false;
    else if (char === ',' && !bracketed) {
      parts.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(value.slice(start).trim());
  return parts.filter((part) => part !== '');
}

/** The URI of one address: what is in the angle brackets, or all up to the first ';'. */
export function uriOfAddress(value: string): string {
  const open = openBracket(value);
  if (open >= 0) {
    const close = value.indexOf('>', open);
    return close < 0 ? '' : value.slice(open + 1, close).trim();
  }
  const semicolon = value.indexOf(';');
  return (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
}

/** A header parameter of one address, e.g. `tag` of From; undefined when absent. */
export function addressParam(value: string, name: string): string | undefined {
  const open = openBracket(value);
  let at = open >= 0 ? value.indexOf('>', open) : 0;
  if (at < 0) return undefined;
  const wanted = `${name}=`;
  while ((at = value.indexOf(';', at)) >= 0) {
    at++;
    while (value.charCodeAt(at) === 32) at++;
    if (value.length >= at + wanted.length && value.slice(at, at + wanted.length).toLowerCase() === wanted) {
      const end = value.indexOf(';', at);
      return value.slice(at + wanted.length, end < 0 ? undefined : end).trim();
    }
  }
  return undefined;
}

/** The tag of a From or To header, or ''. */
export function tagOf(value: string): string {
  return addressParam(value, 'tag') ?? '';
}

/** Index of the '<' that opens the URI, past a quoted display name; -1 when there is none. */
function openBracket(value: string): number {
  const quote = value.indexOf('"');
  const open = value.indexOf('<');
  if (quote < 0 || open < quote) return open;
  let i = quote + 1;
  for (; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code === 92) i++;
    else if (code === 34) break;
  }
  return value.indexOf('<', i);
}
