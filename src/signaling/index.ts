export { AdmissionControl } from './admission';
export type { AdmissionLimits, LoadProbe } from './admission';
export type { LiveCall } from './call-session';
export { Switchboard } from './switchboard';
export type { UnknownSourcePolicy } from './switchboard';
export { DrachtioStack } from './sip/drachtio-stack';
export type { DrachtioConnection } from './sip/drachtio-stack';
export type * from './ports';
export type * from './registrar/bindings';
export type { SipTransport } from './sip/sip-stack';
export { createRegistrar } from './registrar/create-registrar';
export type { CreateRegistrarOptions } from './registrar/create-registrar';
export { mintCredentials } from './registrar/credentials';
export type { PhoneCredentials } from './registrar/credentials';
export type { DigestAlgorithm } from './registrar/digest';
export { ha1 } from './registrar/digest';
export { changedBindings, liveBindings, LocalBindings } from './registrar/local-bindings';
export type { PhoneDirectory, PhoneUser } from './registrar/phone-directory';
export { Registrar } from './registrar/registrar';
export type { RegistrarFigures } from './registrar/registrar';
export type {
  CallCommand,
  ControlRefusal,
  ControlResult,
  Listener,
  ListeningPost,
  SoundTo,
} from './control/command';
export { MAX_PAUSE_MS } from './recording/call-recording';
export { findPlace, placeNamed } from './transfer/place';
export type { BuyerDirectory, Place, PlaceResult, TransferTo } from './transfer/place';
export { TestCall } from './test-call/test-call';
export type { TestCallOrder, TestCallServices, TestCallTarget } from './test-call/test-call';
export { flowUri } from './relay/flow-uri';
export { Relay } from './relay/relay';
export type { RelayOptions } from './relay/relay';
