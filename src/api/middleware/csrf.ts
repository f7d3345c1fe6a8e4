import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { AppError } from '../../domain';
import type { AllowedOrigin } from './cors';
import { contextOf } from './request-context';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * For sessions that browsers keep in cookies, and send along whoever makes them ask: what changes something must
 * come from a page of ours or of an allowed origin, and show the token of the session, which only such a page
 * can read (OWASP, synchronizer token). Keys and tokens in headers need no such proof.
 *
 * @param tokenOf - the token of the session whose cookie proved who asks; undefined where no cookie did
 */
export function csrf(
  tokenOf: (request: Request) => string | undefined,
  allowed: AllowedOrigin,
): RequestHandler {
  return (request, _response, next) => {
    if (SAFE.has(request.method) || contextOf(request).place.area !== 'account') return next();
    const expected = tokenOf(request);
    if (expected === undefined) return next();
    if (isForeign(request, allowed)) {
      throw new AppError('forbidden', 'foreign_origin', 'pages of this origin may not ask for that');
    }
    const shown = request.get('X-CSRF-Token');
    if (shown === undefined || !isSame(shown, expected)) {
      throw new AppError('forbidden', 'csrf_token_wrong', 'send the token of the session in X-CSRF-Token');
    }
    next();
  };
}

/** By Origin, which browsers send with whatever is no GET (WHATWG Fetch §3.1), and Fetch Metadata. */
function isForeign(request: Request, allowed: AllowedOrigin): boolean {
  const origin = request.get('Origin');
  if (origin === undefined) return request.get('Sec-Fetch-Site') === 'cross-site';
  if (allowed(origin)) return false;
  return !URL.canParse(origin) || new URL(origin).host !== request.get('Host')?.toLowerCase();
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text, 'utf8').digest());
  return timingSafeEqual(a as Buffer, b as Buffer);
}
