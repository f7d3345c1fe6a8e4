import { HoldSweeper, InvoiceJob, LateEnds, ReconciliationJob, ReratingJob, WalletWatch } from '../billing';
import type { Config } from '../config';
import { paymentJobs, topUps } from './payment-parts';
import { postbackDispatcher } from './postback-parts';
import type { Database, Vault } from '../storage';
import type { Logger } from '../telemetry';

/** Work that is done from time to time, by whichever worker comes to it. */
export interface BackgroundJob {
  start(): void;
  close(): Promise<void>;
}

/** What is done about money besides settling calls. */
export function moneyJobs(config: Config, database: Database, vault: Vault, log: Logger): BackgroundJob[] {
  return [
    new HoldSweeper(database, {
      nodeDeadAfterMs: config.billing.nodeDeadAfterMs,
      onReleased: ({ length }) =>
        log.info({ holds: length }, 'held money of calls that are over was given back'),
      onError: (error) =>
        log.warn({ error: error.message }, 'held money of calls that are over stays for now'),
    }),
    new WalletWatch(database, {
      onTopUpDue: topUps(config, database),
      onError: (error) => log.warn({ error: error.message }, 'wallets are not looked after for now'),
    }),
    new InvoiceJob(database, {
      now: () => Date.now(),
      onIssued: (invoice) => log.info({ ...invoice }, 'an invoice was issued'),
      onError: (error) => log.error({ error: error.message }, 'an invoice was not issued'),
    }),
    new ReconciliationJob(database, {
      now: () => Date.now(),
      onDone: (run) =>
        run.differences === 0
          ? log.info({ ...run }, 'the books were reconciled: everything fits')
          : log.error({ ...run }, 'the books were reconciled, and differ'),
      onError: (error) => log.warn({ error: error.message }, 'the books were not reconciled'),
    }),
    new LateEnds(database, {
      onDifference: (callId) =>
        log.warn({ callId }, 'a call ended otherwise than it was settled: see its difference'),
      onError: (error) => log.warn({ error: error.message }, 'ends of calls that came late are not read'),
    }),
    new ReratingJob(database, {
      onDead: (signal) => log.error({ ...signal }, 'a signal needs a person'),
      onError: (error) => log.warn({ error: error.message }, 'rating calls again is disturbed'),
    }),
    ...paymentJobs(config, database, log),
    postbackDispatcher(config, database, vault, log),
  ];
}
