import { formatHost } from './message';
import type { Protocol } from './options';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'ports below 1024 need more rights',
  EAFNOSUPPORT: 'this machine does not speak that protocol',
  ENOTFOUND: 'that is no address',
};

/** A port that cannot be opened, in one line. */
export class ListenError extends Error {
  /** The operating system's: `EADDRINUSE` … */
  readonly code: string;

  constructor(what: 'control' | Protocol, address: string, port: number, cause: unknown) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    super(`cannot listen on ${what} ${formatHost(address)}:${port}: ${REASONS[code] ?? String(cause)}`, {
      cause,
    });
    this.name = 'ListenError';
    this.code = code;
  }
}
