import type { Request, RequestHandler } from 'express';
import { sendProblem } from '../problem';
import { callerOf } from './authenticate';
import { WindowCounter } from './window-counter';

/**
 * So many requests a minute for each API key, with the headers that say how many are left.
 * @param nameOf - whose requests are counted together, where it is not an API key
 */
export function rateLimit(
  perMinute: number,
  now: () => number,
  nameOf: (request: Request) => string = (request) => callerOf(request).id,
): RequestHandler {
  const counter = new WindowCounter(now);
  return (request, response, next) => {
    const { count, resetSeconds } = counter.add(nameOf(request));
    response.setHeader('X-RateLimit-Limit', perMinute);
    response.setHeader('X-RateLimit-Remaining', Math.max(0, perMinute - count));
    response.setHeader('X-RateLimit-Reset', resetSeconds);
    if (count <= perMinute) {
      next();
      return;
    }
    response.setHeader('Retry-After', resetSeconds);
    sendProblem(response, 429, 'too_many_requests', `more than ${perMinute} requests in a minute`);
  };
}
