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

/**
 * A header parameter of one address, e.g. `tag` of From; undefined when absent. White space around
 * ';' and '=' and quoted values are as RFC 3261 §25.1 allows them.
 */
export function addressParam(value: string, name: string): string | undefined {
  const open = openBracket(value);
  let at = value.indexOf(';', open >= 0 ? value.indexOf('>', open) : 0);
  if (open >= 0 && value.indexOf('>', open) < 0) return undefined;
  while (at >= 0) {
    const end = endOfParam(value, at + 1);
    const equals = value.indexOf('=', at);
    if (
      equals > 0 &&
      equals < end &&
      value
        .slice(at + 1, equals)
        .trim()
        .toLowerCase() === name
    ) {
      return value.slice(equals + 1, end).trim();
    }
    at = end < value.length ? end : -1;
  }
  return undefined;
}

/** Index of the ';' that ends a parameter, past a quoted value; the length when it is the last. */
function endOfParam(value: string, from: number): number {
  const semicolon = value.indexOf(';', from);
  const quote = value.indexOf('"', from);
  if (semicolon < 0) return value.length;
  if (quote < 0 || quote > semicolon) return semicolon;
  let i = quote + 1;
  for (; i < value.length && value[i] !== '"'; i++) if (value[i] === '\\') i++;
  const end = value.indexOf(';', i);
  return end < 0 ? value.length : end;
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
