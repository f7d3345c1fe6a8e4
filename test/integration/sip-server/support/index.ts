export { HOST, SDP, SECRET, TIMERS } from './constants';
export { Browser } from './browser';
export { Bench, benches } from './bench';
export type { Call } from './calls';
export { answered, bridgeCalls, offered, ringing } from './calls';
export { Control } from './control';
export { Leg } from './leg';
export { newBranch, responseTo } from './messages';
export { Peer, TcpPeer, UdpPeer } from './peers';
