export { ControlServer } from './control-server';
export type { ControlConnection } from './control-connection';
