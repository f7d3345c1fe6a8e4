import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express } from 'express';
import { connectionOwner } from './client-address';
import type { ConnectionRefusal, ConnectionRules } from './connection-guard';
import { guardConnections } from './connection-guard';
import type { TlsFiles } from './tls-files';
import { readTlsFiles, watchTlsFiles } from './tls-files';

/** Over TLS, and whom to tell of a new certificate that cannot be used. */
export interface ListenTls extends TlsFiles {
  readonly onError: (error: Error) => void;
}

/** What clients may hold of a server, and how long they may take their time. */
export interface ClientLimits extends ConnectionRules {
  /** Milliseconds for a handshake of TLS, and for the headers of a request. */
  readonly headersMs: number;
  /** Milliseconds for a request, its body included. */
  readonly requestMs: number;
}

export interface ListenOptions {
  readonly tls?: ListenTls | undefined;
  /** What is usual by default. */
  readonly limits?: Partial<ClientLimits>;
  /** Reverse proxies, which connect for many: addresses and CIDR blocks; none by default. */
  readonly trustedProxies?: readonly string[];
  /** Told of connections that were not taken, and of those that were ended because nobody reads; nobody by default. */
  readonly onRefused?: (why: ConnectionRefusal) => void;
  /** Told how many connections there are; nobody by default. */
  readonly onOpen?: (connections: number) => void;
}

const LIMITS: ClientLimits = {
  max: 20_000,
  maxPerAddress: 2_000,
  headersMs: 10_000,
  requestMs: 30_000,
  sendMs: 60_000,
};
/** What a client may say before it says what it wants, and how long it may stay without wanting anything. */
const FIXED = { keepAliveTimeout: 65_000, maxHeaderSize: 16_384 };
const MAX_HEADERS = 100;
const CHECK_EVERY_MS = 5_000;

/**
 * Serves an application, over TLS where its files are given: they are read again when they change.
 * @throws Error of the operating system when the port is taken, or of TLS files that cannot be used
 */
export async function listen(
  app: Express,
  host: string,
  port: number,
  { tls, limits, trustedProxies, onRefused, onOpen }: ListenOptions = {},
): Promise<Server> {
  const rules = { ...LIMITS, ...limits };
  const times = timesOf(rules);
  const server = tls
    ? createTlsServer(
        { ...FIXED, ...times, handshakeTimeout: rules.headersMs, ...(await readTlsFiles(tls)) },
        app,
      )
    : createServer({ ...FIXED, ...times }, app);
  server.maxHeadersCount = MAX_HEADERS;
  guardConnections(server, {
    ...rules,
    ownerOf: connectionOwner(trustedProxies),
    onRefused: (why) => onRefused?.(why),
    onOpen: (connections) => onOpen?.(connections),
  });
  if (tls && 'setSecureContext' in server) {
    const stop = watchTlsFiles(tls, (options) => server.setSecureContext(options), tls.onError);
    server.once('close', stop);
  }
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve(server);
    });
  });
}

/** Node.js looks now and then who is late, and headers are part of a request. */
function timesOf({ headersMs, requestMs }: ClientLimits): {
  headersTimeout: number;
  requestTimeout: number;
  connectionsCheckingInterval: number;
} {
  const headersTimeout = Math.min(headersMs, requestMs);
  const connectionsCheckingInterval = Math.min(CHECK_EVERY_MS, Math.ceil(headersTimeout / 2));
  return { headersTimeout, requestTimeout: requestMs, connectionsCheckingInterval };
}
