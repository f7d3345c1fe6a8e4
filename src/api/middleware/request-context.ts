import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

/** What the API reports of each request. */
export interface RequestReport {
  readonly requestId: string;
  readonly method: string;
  /** The route's pattern, so that ids do not multiply the series. */
  readonly endpoint: string;
  readonly status: number;
  /** Until the answer was sent; of a stream, until it began. */
  readonly seconds: number;
}

const streams = new WeakMap<Response, number>();

/** Says that a response is a stream from now on: how long it is watched is no latency. */
export function beginStream(response: Response): void {
  streams.set(response, performance.now());
}

const GIVEN_ID = /^[A-Za-z0-9_.-]{1,64}$/;

/** Names each request, echoes the name, and reports the request when it is over. */
export function requestContext(report: (done: RequestReport) => void): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Request-Id');
    const requestId = given !== undefined && GIVEN_ID.test(given) ? given : randomUUID();
    response.setHeader('X-Request-Id', requestId);
    const startedAt = performance.now();
    response.once('close', () => {
      const route = (request.route as { path?: string } | undefined)?.path ?? '(none)';
      report({
        requestId,
        method: request.method,
        endpoint: typeof route === 'string' ? route : '(none)',
        status: response.statusCode,
        seconds: ((streams.get(response) ?? performance.now()) - startedAt) / 1000,
      });
    });
    next();
  };
}

/** Headers that every answer carries; the documentation page loosens the policy for itself. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Cache-Control', 'no-store');
  next();
};
