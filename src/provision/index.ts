export { cacheFolder, findMediasoupWorker } from './mediasoup-worker';
export { freePort } from './free-port';
export { startPrivatePostgres } from './private-postgres';
export type { PrivatePostgresOptions } from './private-postgres';
export type { PrivateService } from './private-service';
export { startPrivateRedis } from './private-redis';
export type { PrivateRedisOptions } from './private-redis';
