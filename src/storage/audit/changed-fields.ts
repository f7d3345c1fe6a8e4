import type { AuditChanges } from './audit-entry';

type Fields = Readonly<Record<string, unknown>>;

const SECRET =
  /pass(word|wd|phrase)?|secret|token|api_?key|private|credential|authorization|cookie|hash|totp|code$|pin$/i;
const HIDDEN = '[hidden]';
const MAX_FIELDS = 60;
const MAX_TEXT = 300;
const MAX_ITEMS = 20;
const MAX_DEPTH = 4;
/** Longer ones are told by the names of their fields. */
const MAX_JSON = 16_384;

/**
 * What a deed changed: fields that differ, with what they were and are. Secrets are hidden, long texts and lists
 * cut.
 * @param before - undefined where it was not there, or is not known
 * @param after - fields that were written; what they do not name did not change
 */
export function changedFields(before: Fields | undefined, after: Fields): AuditChanges {
  const names = Object.keys(after)
    .filter((name) => !isSame(before?.[name], after[name]))
    .slice(0, MAX_FIELDS);
  const changes = Object.fromEntries(
    names.map((name) => [
      name,
      {
        ...(before?.[name] === undefined ? {} : { before: shown(name, before[name]) }),
        ...(after[name] === undefined ? {} : { after: shown(name, after[name]) }),
      },
    ]),
  );
  return JSON.stringify(changes).length <= MAX_JSON ? changes : namesOf(names);
}

/** Names alone: of what is about persons, and of what is too long. */
export function namesOf(names: readonly string[]): AuditChanges {
  return Object.fromEntries(names.slice(0, MAX_FIELDS).map((name) => [name, {}]));
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
}

function shown(name: string, value: unknown, depth = 0): unknown {
  if (value === undefined || value === null || typeof value === 'boolean' || typeof value === 'number') {
    return value;
  }
  if (SECRET.test(name)) return HIDDEN;
  if (typeof value === 'string') return cut(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return typeof value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => shown(name, item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_FIELDS)
      .map(([key, item]) => [cut(key), shown(key, item, depth + 1)]),
  );
}

/** PostgreSQL takes neither U+0000 nor halves of surrogate pairs. */
function cut(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[\0\p{Surrogate}]/gu, '\ufffd');
}
