export { parseListenAddress } from './listen-address';
export { ListenError } from './listen-error';
export { timersFrom } from './options';
export { SipServer } from './server';
export { SipServerSupervisor } from './supervisor';
export type { RegisteredFlow, SipServerReady, SipServerReport, SupervisedOptions } from './supervisor';
export type {
  ListenAddress,
  SipServerLimits,
  SipServerLog,
  SipServerOptions,
  SipServerStats,
  TlsOptions,
  WebSocketOptions,
} from './options';
