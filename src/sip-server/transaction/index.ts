export { ClientTransaction } from './client-transaction';
export type { ClientTransactionUser } from './client-transaction';
export { ServerTransaction } from './server-transaction';
export type { ServerTransactionUser } from './server-transaction';
export { Retransmission, systemScheduler } from './timers';
export type { Scheduler, Timer } from './timers';
