import { createAdapter } from '@socket.io/redis-streams-adapter';
import type { Redis } from 'ioredis';
import type { Server } from 'socket.io';

/** Messages between nodes that are kept: they are few. */
const MAX_MESSAGES = 1_000;
/** A look at a quiet stream waits so long. What is said between the first looks is not heard: they are to be few. */
const BLOCK_MS = 5_000;

type AdapterFactory = Parameters<Server['adapter']>[0];

/** What nodes tell each other of sockets, and how to stop. */
export interface NodeAdapter {
  readonly adapter: AdapterFactory;
  close(): void;
}

/**
 * The way in which socket.io reaches the sockets of other nodes: to let go whose session was revoked. Events do
 * not go this way: each node reads them of their own stream, where they have places to resume from.
 *
 * @param redis - one whose commands wait while Redis is away, for this alone: it is closed with the adapter
 */
export function nodeAdapter(redis: Redis): NodeAdapter {
  const connections: Redis[] = [redis];
  const duplicate = redis.duplicate.bind(redis);
  // The adapter opens connections of its own, and leaves them when Redis is away as it closes.
  redis.duplicate = (override) => {
    const connection = duplicate(override);
    connection.on('error', () => undefined);
    const subscribe = connection.subscribe.bind(connection) as (...channels: never[]) => Promise<unknown>;
    connection.subscribe = ((...channels: never[]) =>
      subscribe(...channels).catch(() => 0)) as typeof connection.subscribe;
    connections.push(connection);
    return connection;
  };
  const adapter = createAdapter(redis, {
    streamName: 'dce:realtime',
    channelPrefix: 'dce:realtime',
    maxLen: MAX_MESSAGES,
    blockTimeInMs: BLOCK_MS,
  }) as AdapterFactory;
  return {
    adapter,
    close: () => {
      for (const connection of connections) connection.disconnect();
    },
  };
}
