import type { SipRequest, Via } from '../message';
import { headerValue, tagOf } from '../message';

/** The magic cookie of RFC 3261 §8.1.1.7: such a branch is unique. */
const COOKIE = 'z9hG4bK';

/** RFC 3261 §17.1.3: what a response names its client transaction by. */
export function clientKey(branch: string, method: string): string {
  return `${branch}|${method}`;
}

/**
 * RFC 3261 §17.2.3: branch and sent-by; without the magic cookie, what RFC 2543 compared. The method
 * comes behind it, for an ACK and a CANCEL name the transaction of their INVITE by the same key.
 */
export function serverKey(request: SipRequest, via: Via): string {
  if (via.branch.startsWith(COOKIE) && via.branch.length > COOKIE.length) {
    return `${via.branch}|${via.host}:${via.port ?? 0}`;
  }
  const cseq = (headerValue(request, 'cseq') ?? '').split(/\s/, 1)[0] ?? '';
  return `2543|${request.uri}|${tagOf(headerValue(request, 'from') ?? '')}|${headerValue(request, 'call-id') ?? ''}|${cseq}|${via.host}:${via.port ?? 0}`;
}

/** RFC 3261 §8.2.2.2: a request that came by two ways is the same in these, in another transaction. */
export function mergeKey(request: SipRequest): string {
  return `${headerValue(request, 'call-id') ?? ''}|${tagOf(headerValue(request, 'from') ?? '')}|${headerValue(request, 'cseq') ?? ''}`;
}
