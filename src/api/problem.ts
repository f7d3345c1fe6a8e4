import type { ErrorRequestHandler, Response } from 'express';
import { z } from 'zod';
import { AppError } from '../domain';

/** A problem as RFC 9457 has it. */
export const problemSchema = z.object({
  type: z.string().describe('URN of the kind of problem'),
  title: z.string(),
  status: z.number().int(),
  code: z.string().describe('Stable name for programs'),
  detail: z.string().optional(),
  requestId: z.string().optional(),
  errors: z
    .array(z.object({ pointer: z.string(), message: z.string() }))
    .optional()
    .describe('What is wrong with which field'),
});

type Problem = z.infer<typeof problemSchema>;

/** Writes a problem; nothing is written when an answer has begun. */
export function sendProblem(
  response: Response,
  status: number,
  code: string,
  title: string,
  more: Partial<Problem> = {},
): void {
  if (response.headersSent) {
    response.end();
    return;
  }
  const requestId = response.getHeader('X-Request-Id');
  const problem: Problem = {
    type: `urn:dce:problem:${code}`,
    title,
    status,
    code,
    ...more,
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
  response.status(status).type('application/problem+json').send(JSON.stringify(problem));
}

/** What a schema did not accept, with a JSON pointer to each place. */
export function validationProblem(error: z.ZodError, where: string): AppError {
  return new AppError('validation', 'invalid_request', `the ${where} is not acceptable`, {
    errors: error.issues.slice(0, 50).map((issue) => ({
      pointer: `/${issue.path.map((part) => String(part).replace(/~/g, '~0').replace(/\//g, '~1')).join('/')}`,
      message: issue.message,
    })),
  });
}

/** The last middleware: every failure becomes a problem. Bugs are told to `onBug` and say nothing to the caller. */
export function problemHandler(onBug: (error: unknown) => void): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    if (error instanceof AppError) {
      const { errors } = error.details as { errors?: Problem['errors'] };
      sendProblem(response, error.httpStatus, error.code, error.message, errors ? { errors } : {});
      return;
    }
    const { status, type } = error as { status?: unknown; type?: unknown };
    if (type === 'entity.too.large') sendProblem(response, 413, 'body_too_large', 'the body is too large');
    else if (typeof status === 'number' && status >= 400 && status < 500) {
      sendProblem(response, status, 'malformed_request', 'the request cannot be read');
    } else {
      onBug(error);
      sendProblem(response, 500, 'internal_error', 'something went wrong on our side');
    }
  };
}
