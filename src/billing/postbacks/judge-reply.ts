import type { Verdict } from './delivery-queue';
import type { PostbackReply } from './http-sender';
import { retryAfter, retryDelay } from './retry';

/** What a reply means for a delivery. */
export interface Judgement extends Verdict {
  /** Whether its receiver works, as a circuit breaker sees it; undefined when that was not found out. */
  readonly works: boolean | undefined;
}

const MAX_ERROR = 500;
const GONE = 410;
/** They may say when to come again (RFC 6585 §4, RFC 9110 §15.6.4). */
const BUSY: ReadonlySet<number> = new Set([429, 503]);

/**
 * What is to be done after an attempt. Only 2xx is success; a receiver that says it is gone is not asked
 * again; anything else is tried again later, for a receiver that refuses may be mended.
 * @param attempts - this one included
 * @param now - UTC epoch milliseconds
 * @param random - 0 … 1
 */
export function judgeReply(reply: PostbackReply, attempts: number, now: number, random: number): Judgement {
  const retryMs = retryDelay(attempts, random);
  if (!reply.ok) {
    return {
      outcome: 'failed',
      works: reply.why === 'aborted' ? undefined : false,
      retryMs,
      restMs: 0,
      status: null,
      error: `${reply.why}: ${reply.detail}`.slice(0, MAX_ERROR),
      response: null,
    };
  }
  const { status, excerpt: response } = reply;
  const said = { status, response, restMs: 0, retryMs };
  if (status >= 200 && status < 300) {
    return { ...said, outcome: 'delivered', works: true, retryMs: 0, error: null };
  }
  if (status === GONE)
    return { ...said, outcome: 'gone', works: true, error: 'its receiver says it is gone' };
  const restMs = BUSY.has(status) ? (retryAfter(reply.retryAfter, now) ?? 0) : 0;
  const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return {
    ...said,
    outcome: 'failed',
    // Who answers that a request is not to its liking is there.
    works: status < 500 && status !== 429,
    restMs,
    retryMs: Math.max(retryMs, restMs),
    error: `answered ${status}${redirect}`,
  };
}
