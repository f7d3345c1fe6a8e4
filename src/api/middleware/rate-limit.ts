import type { RequestHandler } from 'express';
import { sendProblem } from '../problem';
import { callerOf } from './authenticate';

const WINDOW_MS = 60_000;
const MAX_KEYS = 10_000;

/** So many requests a minute for each API key, with the headers that say how many are left. */
export function rateLimit(perMinute: number, now: () => number): RequestHandler {
  const windows = new Map<string, { startedAt: number; count: number }>();
  return (request, response, next) => {
    const { keyId } = callerOf(request);
    const at = now();
    let window = windows.get(keyId);
    if (!window || at - window.startedAt >= WINDOW_MS) {
      if (windows.size >= MAX_KEYS) windows.clear();
      window = { startedAt: at, count: 0 };
      windows.set(keyId, window);
    }
    window.count++;
    const resetSeconds = Math.ceil((window.startedAt + WINDOW_MS - at) / 1000);
    response.setHeader('X-RateLimit-Limit', perMinute);
    response.setHeader('X-RateLimit-Remaining', Math.max(0, perMinute - window.count));
    response.setHeader('X-RateLimit-Reset', resetSeconds);
    if (window.count <= perMinute) {
      next();
      return;
    }
    response.setHeader('Retry-After', resetSeconds);
    sendProblem(response, 429, 'too_many_requests', `more than ${perMinute} requests in a minute`);
  };
}
