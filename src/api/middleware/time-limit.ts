import type { RequestHandler, Response } from 'express';
import { problemOf, sendProblem } from '../problem';
import { whenOver } from './request-context';

/** Answers 503 when nothing has been answered after so many milliseconds. Streams have begun by then. */
export function timeLimit(milliseconds: number): RequestHandler {
  return (request, response, next) => {
    const timer = setTimeout(() => {
      if (response.headersSent) return;
      // What is left of a body that does not come is not waited for.
      if (!request.complete) response.setHeader('Connection', 'close');
      sendProblem(response, 503, 'timed_out', 'this took too long: try again');
    }, milliseconds);
    whenOver(request, () => clearTimeout(timer));
    next();
  };
}

/** Whether a request was answered for taking too long: what it asked for may be done yet. */
export function hasTimedOut(response: Response): boolean {
  return problemOf(response) === 'timed_out';
}
