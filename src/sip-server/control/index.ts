export { ControlServer } from './control-server';
export type { ControlConnection, ShownPeer } from './control-connection';
