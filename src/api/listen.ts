import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Express } from 'express';
import type { TlsFiles } from './tls-files';
import { readTlsFiles, watchTlsFiles } from './tls-files';

/** Over TLS, and whom to tell of a new certificate that cannot be used. */
export interface ListenTls extends TlsFiles {
  readonly onError: (error: Error) => void;
}

/** What a client may take its time for, and how much it may say before it says what it wants. */
const LIMITS = {
  requestTimeout: 30_000,
  headersTimeout: 10_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
};
const MAX_HEADERS = 100;

/**
 * Serves an application, over TLS where its files are given: they are read again when they change.
 * @throws Error of the operating system when the port is taken, or of TLS files that cannot be used
 */
export async function listen(app: Express, host: string, port: number, tls?: ListenTls): Promise<Server> {
  const server = tls
    ? createTlsServer({ ...LIMITS, ...(await readTlsFiles(tls)) }, app)
    : createServer(LIMITS, app);
  server.maxHeadersCount = MAX_HEADERS;
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
