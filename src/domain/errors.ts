/** The kinds of trouble an operation can report; each maps to one HTTP status (RFC 9457) and one SIP status. */
export const ERROR_KINDS = {
  validation: { http: 400, sip: 400 },
  unauthorized: { http: 401, sip: 401 },
  forbidden: { http: 403, sip: 403 },
  not_found: { http: 404, sip: 404 },
  conflict: { http: 409, sip: 491 },
  precondition_failed: { http: 412, sip: 412 },
  unprocessable: { http: 422, sip: 488 },
  rate_limited: { http: 429, sip: 503 },
  unavailable: { http: 503, sip: 503 },
  internal: { http: 500, sip: 500 },
  not_implemented: { http: 501, sip: 501 },
  /** Somebody who was asked did not answer in time. */
  timeout: { http: 504, sip: 504 },
} as const satisfies Record<string, { http: number; sip: number }>;

export type ErrorKind = keyof typeof ERROR_KINDS;

/** An error with a stable code that may be shown to the user who caused it. */
export class AppError extends Error {
  override readonly name = 'AppError';

  /**
   * @param kind - decides the HTTP and SIP status
   * @param code - stable, snake_case, for programs, e.g. `campaign_not_found`
   * @param message - one sentence for people; never holds secrets
   * @param details - field problems and the like, shown to the caller
   */
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }

  get httpStatus(): number {
    return ERROR_KINDS[this.kind].http;
  }

  get sipStatus(): number {
    return ERROR_KINDS[this.kind].sip;
  }
}

/**
 * What to throw where somebody named a thing that there is not.
 * @param what - in the singular, as people call it, e.g. `rate deck`: `rate_deck_not_found` is the code
 */
export function notFound(what: string, id: string | number): AppError {
  return new AppError('not_found', `${what.replaceAll(' ', '_')}_not_found`, `there is no ${what} ${id}`);
}

/** What was thrown, as an Error: JavaScript throws anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
