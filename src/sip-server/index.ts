export { SipServer } from './server';
export { SipServerSupervisor } from './supervisor';
export type { SipServerReady, SupervisedOptions } from './supervisor';
export type {
  ListenAddress,
  SipServerLimits,
  SipServerLog,
  SipServerOptions,
  SipServerStats,
} from './options';
