/** RFC 3261 §25.1 token characters, by code. */
export const TOKEN = new Uint8Array(256);
for (const char of "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.!%*_+`'~") {
  TOKEN[char.charCodeAt(0)] = 1;
}

/** True when `text[from, to)` is a non-empty token. */
export function isToken(text: string, from = 0, to = text.length): boolean {
  if (from >= to) return false;
  for (let i = from; i < to; i++) if (TOKEN[text.charCodeAt(i)] !== 1) return false;
  return true;
}

/** True for SP and HTAB, the white space that is left once folds are undone. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

/** Without the SP and HTAB around it; other control characters stay. */
export function trimBlanks(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** A non-negative decimal of at most `digits` digits, or -1. */
export function decimal(text: string, digits = 9): number {
  if (text.length === 0 || text.length > digits) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
