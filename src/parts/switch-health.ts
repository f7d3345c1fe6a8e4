import type { Redis } from 'ioredis';
import type { HealthCheck } from '../api';
import type { Degradation } from '../domain';
import type { KnownMarket } from './known-market';
import type { MediaEngine, MediaServerFigures } from '../media';
import { mediaHealth } from './media-watch';
import type { DrachtioStack } from '../signaling';
import type { Database, PostgresCallRecorder, RedisCapReservations } from '../storage';

/** The parts of a switch whose health is asked about. */
export interface SwitchParts {
  readonly known: KnownMarket;
  readonly stack: DrachtioStack;
  readonly caps: RedisCapReservations;
  readonly recorder: PostgresCallRecorder;
  readonly media: MediaEngine;
  readonly mediaServers: readonly MediaServerFigures[];
  /** What decisions do without. */
  readonly without: readonly Degradation[];
}

/** How each part is; `degraded` while it works in its fallback. */
export async function checkHealth(
  database: Database,
  redis: Redis,
  parts: SwitchParts,
): Promise<Record<string, HealthCheck>> {
  const [databaseUp, redisUp] = await Promise.all([
    database.query('select 1').then(
      () => true,
      () => false,
    ),
    redis.ping().then(
      () => true,
      () => false,
    ),
  ]);
  return {
    sip: { status: parts.stack.connected ? 'ok' : 'down' },
    database: databaseUp ? { status: 'ok' } : { status: 'degraded', detail: 'records go to the journal' },
    redis: redisUp ? { status: 'ok' } : { status: 'degraded', detail: 'limits are kept by this node alone' },
    market: parts.known.fresh ? { status: 'ok' } : { status: 'degraded', detail: 'as last known' },
    decision:
      parts.without.length === 0
        ? { status: 'ok' }
        : { status: 'degraded', detail: `does without: ${parts.without.join(', ')}` },
    recorder: { status: parts.recorder.degraded ? 'degraded' : 'ok' },
    media: mediaHealth(parts.media, parts.mediaServers),
  };
}
