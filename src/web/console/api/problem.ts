import { isRecord } from '../../shared/is-record';

/** What is wrong with one field. */
export interface FieldError {
  readonly in?: 'body' | 'query' | 'path';
  /** JSON pointer (RFC 6901). */
  readonly pointer: string;
  readonly message: string;
}

/** A request that did not get what it wanted (RFC 9457). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  /**
   * @param status - HTTP status; 0 when there was no answer
   * @param code - the problem's stable name
   * @param retryAfterMs - when it is worth asking again, where the answer says so
   */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly errors: readonly FieldError[] = [],
    readonly requestId?: string,
    readonly retryAfterMs?: number,
  ) {
    super(detail);
  }

  /** Somebody else changed what was to be changed (RFC 9110 §13.1.1). */
  get isConflict(): boolean {
    return this.status === 412;
  }
}

/** Reads the problem of an answer, whatever stands in it. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): ApiProblem {
  const problem = isRecord(body) ? body : {};
  const text = (field: string): string | undefined => {
    const value = problem[field];
    return typeof value === 'string' ? value : undefined;
  };
  const wait = Number(retryAfter ?? Number.NaN);
  const errors = Array.isArray(problem['errors']) ? problem['errors'].filter(isFieldError) : [];
  return new ApiProblem(
    status,
    text('code') ?? 'unknown',
    text('detail') ?? `The exchange answered ${status}`,
    errors,
    text('requestId'),
    Number.isFinite(wait) ? wait * 1000 : undefined,
  );
}

/** Anything that was thrown, as a problem that can be shown. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, 'page_error', error instanceof Error ? error.message : String(error));
}

function isFieldError(value: unknown): value is FieldError {
  return isRecord(value) && typeof value['pointer'] === 'string' && typeof value['message'] === 'string';
}
