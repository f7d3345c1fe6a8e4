import type { Config } from './config';
import type { Database } from './storage';
import type { Logger } from './telemetry';

/** Work that is done from time to time, by whichever worker comes to it. */
export interface BackgroundJob {
  start(): void;
  close(): Promise<void>;
}

/** What is done about money besides settling calls. */
export function moneyJobs(_config: Config, _database: Database, _log: Logger): BackgroundJob[] {
  return [];
}
