import { Redis } from 'ioredis';

/** A call waits for its limits: a Redis that hangs is not waited for longer than these milliseconds. */
const COMMAND_TIMEOUT_MS = 1_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_RETRY_MS = 2_000;

/**
 * A Redis client that fails fast: commands are not queued while Redis is away, and those under way when
 * the connection breaks fail at once rather than wait for the next one.
 * @param forQueues - BullMQ's connections wait for ever by design
 */
export function openRedis(url: string, forQueues = false): Redis {
  const client = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableAutoPipelining: !forQueues,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), MAX_RETRY_MS),
    ...(forQueues
      ? { maxRetriesPerRequest: null }
      : {
          maxRetriesPerRequest: 0,
          enableOfflineQueue: false,
          commandTimeout: COMMAND_TIMEOUT_MS,
          lazyConnect: false,
        }),
  });
  // Trouble shows in the commands; without a listener it would end the process.
  client.on('error', () => undefined);
  return client;
}
