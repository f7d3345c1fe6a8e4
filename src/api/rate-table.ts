import type { RateLimit } from '../storage';
import type { Place } from './route-table';

/** Kinds of requests that are counted apart. */
export const RATE_CLASSES = [
  'default',
  'callsWrite',
  'callsRead',
  'bidsWrite',
  'analytics',
  'admin',
  'realtime',
  'phone',
  'unproven',
] as const;
export type RateClass = (typeof RATE_CLASSES)[number];
export type RateTable = Readonly<Record<RateClass, RateLimit>>;

const perMinute = (count: number, burst: number): RateLimit => ({ count, seconds: 60, burst });

/**
 * Connections to `/ws/v1` that one principal may open. A person keeps one for each page; a network that comes and
 * goes, a page that is read anew, and a node that is restarted each cost another, and those come together: for
 * that there is the burst.
 */
const REALTIME_RATE: RateLimit = { count: 10, seconds: 3_600, burst: 60 };

/**
 * What one caller may ask for of each kind. `unproven` is of an address, for requests that do not show yet who
 * they are of, or show it for the first time: it is what guessing comes up against.
 * @param requestsPerMinute - of whatever is of no other kind
 */
export function rateTable(
  requestsPerMinute: number,
  exceptions: Partial<Omit<RateTable, 'default'>> = {},
): RateTable {
  return {
    callsWrite: perMinute(100, 200),
    callsRead: perMinute(1_000, 2_000),
    bidsWrite: perMinute(1_000, 5_000),
    analytics: perMinute(60, 120),
    admin: perMinute(10, 20),
    realtime: REALTIME_RATE,
    phone: perMinute(600, 600),
    unproven: perMinute(1_200, 1_200),
    ...exceptions,
    default: perMinute(requestsPerMinute, requestsPerMinute),
  };
}

/** First words of paths of what changes who may do what, and how the exchange itself works. */
const OF_ADMINS = new Set(['users', 'keys', 'oauth-clients', 'audit', 'debug', 'system']);

/** Of which kind a request is. */
export function rateClassOf({ area, route }: Place, method: string): RateClass {
  if (area === 'phone') return 'phone';
  if (!route) return 'default';
  const [, word = ''] = route.path.split('/');
  const reads = method === 'GET' || method === 'HEAD';
  if (word === 'analytics') return 'analytics';
  // Texts are read and gone through here, by the node that takes calls.
  if (word === 'dialplans' && !reads) return 'analytics';
  if (reads) return word === 'calls' ? 'callsRead' : 'default';
  if (OF_ADMINS.has(word) || route.path.startsWith('/fraud/models')) return 'admin';
  // What is told of a call afterwards comes as fast as calls end.
  if (word === 'calls' || word === 'test-calls')
    return route.scope === 'calls:write' || route.scope === 'calls:monitor' ? 'callsWrite' : 'default';
  return word === 'bids' && method === 'POST' ? 'bidsWrite' : 'default';
}
