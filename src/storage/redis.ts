import { Redis } from 'ioredis';

/** Commands waiting while Redis is away fail after this many milliseconds rather than pile up. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 3_000;
const MAX_RETRY_MS = 2_000;

/**
 * A Redis client that fails fast: commands are not queued while Redis is away.
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
          maxRetriesPerRequest: 1,
          enableOfflineQueue: false,
          commandTimeout: COMMAND_TIMEOUT_MS,
          lazyConnect: false,
        }),
  });
  // Trouble shows in the commands; without a listener it would end the process.
  client.on('error', () => undefined);
  return client;
}
