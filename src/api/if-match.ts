import { AppError } from '../domain';

/** The versions that an If-Match header allows (RFC 9110 §13.1.1). */
export class IfMatch {
  readonly #tags: ReadonlySet<string>;

  constructor(tags: Iterable<string>) {
    this.#tags = new Set(tags);
  }

  /** @throws AppError `precondition_failed` when this version is none of them */
  check(version: number): void {
    if (this.#tags.has(etagOf(version))) return;
    throw new AppError(
      'precondition_failed',
      'changed_meanwhile',
      `it is ${etagOf(version)} now: If-Match names another version`,
    );
  }
}

export function etagOf(version: number): string {
  return `"${version}"`;
}

const TAG = /(?:W\/)?"[\x21\x23-\x7e]*"/;
const LIST = new RegExp(`^\\s*${TAG.source}(?:\\s*,\\s*${TAG.source})*\\s*$`);
const MAX_LENGTH = 1_000;

/**
 * Reads an If-Match header. A weak tag is well formed but never matches: the comparison is the strong one.
 * @returns undefined without a header and for `*`: then any version will do
 * @throws AppError `validation` when it is no list of entity tags
 */
export function readIfMatch(header: string | undefined): IfMatch | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  if (header.length > MAX_LENGTH || !LIST.test(header)) {
    throw new AppError('validation', 'invalid_if_match', 'If-Match is no list of entity tags');
  }
  return new IfMatch(header.match(new RegExp(TAG.source, 'g')) ?? []);
}
