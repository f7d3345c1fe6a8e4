import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../domain';
import { isUnavailable } from '../storage';

/** A problem as RFC 9457 has it. */
export const problemSchema = z.object({
  type: z.string().describe('URN of the kind of problem'),
  title: z.string().describe('The same for every problem of a status'),
  status: z.number().int(),
  code: z.string().describe('Stable name for programs'),
  detail: z.string().describe('One sentence for people'),
  requestId: z.string().optional(),
  errors: z
    .array(
      z.object({
        in: z.enum(['body', 'query', 'path']).optional(),
        pointer: z.string().describe('JSON pointer (RFC 6901) of the field'),
        message: z.string(),
      }),
    )
    .optional()
    .describe('What is wrong with which field'),
});

type Problem = z.infer<typeof problemSchema>;
type FieldError = NonNullable<Problem['errors']>[number];

/** Seconds after which it is worth asking again. */
const RETRY_AFTER_SECONDS = 5;
const MAX_ERRORS = 50;
const MAX_POINTER = 200;
const MAX_MESSAGE = 300;

const codes = new WeakMap<Response, string>();

/** The code of the problem that was answered; undefined where there was none. */
export function problemOf(response: Response): string | undefined {
  return codes.get(response);
}

/** Writes a problem. An answer that has begun is broken off: half of it must not look whole. */
export function sendProblem(
  response: Response,
  status: number,
  code: string,
  detail: string,
  errors?: readonly FieldError[],
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const requestId = response.getHeader('X-Request-Id');
  const problem: Problem = {
    type: `urn:dce:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Unknown',
    status,
    code,
    detail,
    ...(typeof requestId === 'string' ? { requestId } : {}),
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
  codes.set(response, code);
  response.removeHeader('ETag');
  if (status === 401 && !response.hasHeader('WWW-Authenticate')) {
    response.setHeader('WWW-Authenticate', 'Bearer realm="dce"');
  }
  if (status === 503) response.setHeader('Retry-After', RETRY_AFTER_SECONDS);
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What a schema did not accept, with a JSON pointer to each place. */
export function validationProblem(error: z.ZodError, where: 'body' | 'query' | 'path'): AppError {
  const errors = error.issues.flatMap((issue): FieldError[] => {
    if (issue.code !== 'unrecognized_keys') {
      return [{ in: where, pointer: pointerTo(issue.path), message: issue.message.slice(0, MAX_MESSAGE) }];
    }
    return issue.keys
      .slice(0, MAX_ERRORS)
      .map((key) => ({ in: where, pointer: pointerTo([...issue.path, key]), message: 'is not known' }));
  });
  return new AppError('validation', 'invalid_request', `the ${where} is not acceptable`, {
    errors: errors.slice(0, MAX_ERRORS),
  });
}

/**
 * For what a body names: where the work does not find it, that is a mistake in the body.
 * @param code - of what is not found, e.g. `trunk_not_found`
 */
export function mistakeInBody(code: string, pointer: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AppError) || error.code !== code) throw error;
    throw new AppError('unprocessable', error.code, error.message, {
      errors: [{ in: 'body', pointer, message: 'names nothing that there is' }],
    });
  };
}

function pointerTo(path: readonly PropertyKey[]): string {
  const parts = path.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`);
  return parts.join('').slice(0, MAX_POINTER);
}

/** What the body parser says, by the `type` of its errors, in our words. */
const BODY_PROBLEMS: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  'entity.too.large': ['body_too_large', 'the body is too large'],
  'entity.parse.failed': ['malformed_json', 'the body is not JSON'],
  'charset.unsupported': ['unsupported_charset', 'the body must be UTF-8'],
  'encoding.unsupported': ['unsupported_encoding', 'the encoding of the body is not known'],
};

/** What an operation that threw this is answered with. */
export function failureOf(error: unknown): readonly [status: number, code: string] {
  if (error instanceof AppError) return [error.httpStatus, error.code];
  return isUnavailable(error) ? [503, 'storage_unavailable'] : [500, 'internal_error'];
}

/**
 * The last middleware: every failure becomes a problem. What the database cannot do just now is 503;
 * bugs are told to `onBug` and say nothing to the caller.
 */
export function problemHandler(onBug: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    if (error instanceof AppError) {
      const { errors } = error.details as { errors?: readonly FieldError[] };
      sendProblem(response, error.httpStatus, error.code, error.message, errors);
      return;
    }
    const { status, type } = error as { status?: unknown; type?: unknown };
    if (typeof status === 'number' && status >= 400 && status < 500) {
      const known = BODY_PROBLEMS[String(type)];
      // What is left of a body that nobody reads must not be taken for the next request.
      if (known) response.setHeader('Connection', 'close');
      const [code, detail] = known ?? ['malformed_request', 'the request cannot be read'];
      sendProblem(response, status, code, detail);
    } else if (isUnavailable(error)) {
      sendProblem(response, 503, 'storage_unavailable', 'the database is away: try again');
    } else {
      onBug(error);
      sendProblem(response, 500, 'internal_error', 'something went wrong on our side');
    }
  };
}
