import { isRivalry as isRolledBack, isUnavailable } from '../../storage';

const UNIQUE_VIOLATION = '23505';
const LOCK_NOT_AVAILABLE = '55P03';
const QUERY_CANCELED = '57014';
/** What the driver says when the server does not answer in time. */
const NO_ANSWER = 'Query read timeout';

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}

/** Rolled back for somebody else's sake, or somebody was quicker: the same works at once. */
export function isRivalry(error: unknown): boolean {
  return isRolledBack(error) || codeOf(error) === UNIQUE_VIOLATION;
}

/** It took too long, be it for a lock: the database may well be there. */
export function isTooSlow(error: unknown): boolean {
  const code = codeOf(error);
  if (code === LOCK_NOT_AVAILABLE || code === QUERY_CANCELED) return true;
  return error instanceof Error && error.message === NO_ANSWER;
}

/** The database is away, or has no room: nobody can do anything about any call. */
export function isAway(error: unknown): boolean {
  return isUnavailable(error) && !isTooSlow(error) && !isRivalry(error);
}
