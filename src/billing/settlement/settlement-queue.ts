import type { ConnectionOptions } from 'bullmq';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { SettlementJob } from './settlement-job';
import { SETTLEMENT_JOB_OPTIONS, SETTLEMENT_QUEUE } from './settlement-job';

export type SettlementQueue = Queue<SettlementJob>;

/**
 * The queue of settlements as Redis has it.
 * @param redis - one that waits for its server (`openRedis(url, true)`); it stays the caller's
 * @param onError - told of trouble on the way to Redis
 */
export function openSettlementQueue(redis: Redis, onError: (error: Error) => void): SettlementQueue {
  const queue = new Queue<SettlementJob>(SETTLEMENT_QUEUE, {
    connection: redis as unknown as ConnectionOptions,
    defaultJobOptions: SETTLEMENT_JOB_OPTIONS,
  });
  queue.on('error', onError);
  return queue;
}
