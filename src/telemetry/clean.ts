/** Names of fields whose values are never written. */
const SECRET_NAME =
  /^(password|passwd|secret|token|api[-_]?key|x-api-key|authorization|proxy-authorization|cookie|set-cookie|private[-_]?key)$/i;
const HIDDEN = '[hidden]';
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 8_192;

/** A telephone number where it is plain that it is one: E.164, or the user of a SIP or tel URI. */
const NUMBER = /(\+|\b(?:sips?|tel):\+?)(\d{7,15})(?!\d)/gi;
/** The password in `scheme://user:password@host`. */
const URL_PASSWORD = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi;
/** Keys of the API, wherever they turn up. */
const API_KEY = /\bdce_[A-Za-z0-9_-]{16,}/g;

/** Text without telephone numbers (their first digits and last two stay), URL passwords and API keys. */
function cleanText(text: string): string {
  const cut = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  return cut
    .replace(URL_PASSWORD, `$1:${HIDDEN}@`)
    .replace(API_KEY, HIDDEN)
    .replace(NUMBER, (_all, before: string, digits: string) => before + maskDigits(digits));
}

/** The same for everything that a log line carries, bounded in depth and size. */
export function cleanValue(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return cleanError(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => cleanValue(item, depth + 1));
  return cleanFields(value as Record<string, unknown>, depth);
}

/** The fields of a log line. */
export function cleanFields(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const name of Object.keys(fields).slice(0, MAX_ITEMS)) {
    clean[name] = SECRET_NAME.test(name) ? HIDDEN : cleanValue(fields[name], depth + 1);
  }
  return clean;
}

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    message: cleanText(error.message),
    ...(error.stack === undefined ? {} : { stack: cleanText(error.stack) }),
    ...(code === undefined ? {} : { code }),
    ...(error.cause === undefined || depth >= MAX_DEPTH ? {} : { cause: cleanValue(error.cause, depth + 1) }),
  };
}

function maskDigits(digits: string): string {
  const shown = Math.min(4, digits.length - 3);
  return digits.slice(0, shown) + '*'.repeat(digits.length - shown - 2) + digits.slice(-2);
}
