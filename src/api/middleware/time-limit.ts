import type { RequestHandler } from 'express';
import { sendProblem } from '../problem';

/** Answers 503 when nothing has been answered after so many milliseconds. Streams have begun by then. */
export function timeLimit(milliseconds: number): RequestHandler {
  return (_request, response, next) => {
    const timer = setTimeout(() => {
      if (!response.headersSent) sendProblem(response, 503, 'timed_out', 'this took too long: try again');
    }, milliseconds);
    response.once('close', () => clearTimeout(timer));
    next();
  };
}
