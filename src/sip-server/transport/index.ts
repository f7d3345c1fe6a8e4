export { isReliable } from './flow';
export type { LocalAddress } from './local-address';
export type { Flow, OnMessage } from './flow';
export { UdpTransport } from './udp-transport';
export { TcpTransport } from './tcp-transport';
