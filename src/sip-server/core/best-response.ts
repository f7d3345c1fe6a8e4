import type { SipResponse } from '../message';
import { headerValues } from '../message';

/** Within 4xx, those that tell the caller what to change come first (RFC 3261 §16.7 step 6). */
const TELLING = new Set([401, 407, 415, 420, 484]);
const CHALLENGES = ['www-authenticate', 'proxy-authenticate'];

/**
 * The one response to send upstream when every branch of a proxied request has failed (RFC 3261 §16.7
 * steps 6 and 7): any 6xx, else of the lowest class; challenges of all branches together; 503 becomes
 * 500, for it speaks of the branch and not of us.
 */
export function bestResponse(failures: readonly SipResponse[]): SipResponse | undefined {
  const [best] = [...failures].sort((a, b) => rank(a) - rank(b));
  if (!best) return undefined;
  if (best.status === 503) return { ...best, status: 500, reason: 'Server Internal Error' };
  if (best.status !== 401 && best.status !== 407) return best;
  const headers = best.headers.filter(({ key }) => !CHALLENGES.includes(key));
  for (const response of failures.filter(({ status }) => status === 401 || status === 407)) {
    for (const [key, name] of [
      ['www-authenticate', 'WWW-Authenticate'],
      ['proxy-authenticate', 'Proxy-Authenticate'],
    ] as const) {
      for (const value of headerValues(response, key)) headers.push({ name, key, value });
    }
  }
  return { ...best, headers };
}

/** Lower is better. */
function rank({ status }: SipResponse): number {
  if (status >= 600) return 0;
  const byClass = Math.floor(status / 100) * 10;
  if (status === 503) return byClass + 9;
  // A branch that said nothing knows less than one that spoke.
  if (status === 408) return byClass + 5;
  return TELLING.has(status) ? byClass : byClass + 1;
}
