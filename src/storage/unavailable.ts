import { types } from 'node:util';

/** Errors of the operating system on the way to PostgreSQL. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ENOENT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A) that pass by themselves: connection exceptions, rolled
 * back for rivalry, out of resources, locks, stopped by an operator or a time limit, system errors.
 */
const PASSING_CLASSES = new Set(['08', '40', '53', '55', '57', '58']);
/** A standby took the statement: a failover is under way. */
const READ_ONLY = '25006';

/** What the driver says without a code. */
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after)/;

/** Deadlock or serialization failure: rolled back for somebody else's sake, and the same works at once. */
export function isRivalry(error: unknown): boolean {
  const code = (error as { code?: unknown } | undefined)?.code;
  return code === '40P01' || code === '40001';
}

/** True for an error that says nothing about what was asked: the same may work in a while. */
export function isUnavailable(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  if (typeof code === 'string' && NETWORK.has(code)) return code !== 'ENOENT' || syscall === 'connect';
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
    return PASSING_CLASSES.has(code.slice(0, 2)) || code === READ_ONLY;
  }
  return DRIVER.test(error.message);
}
