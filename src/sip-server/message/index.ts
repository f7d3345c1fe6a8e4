export type { HeaderField, SipMessage, SipRequest, SipResponse } from './sip-message';
export { headerValue, headerValues, maxForwards, removeHeader, setHeader } from './header-access';
export { canonicalKey } from './header-names';
export { decimal, isToken } from './token';
export { formatParams, parseParams } from './params';
export type { Params } from './params';
export { parseMessage } from './parse-message';
export type { ParseResult } from './parse-message';
export { validateMessage } from './validate-message';
export type { MessageProblem } from './validate-message';
export { writeMessage } from './write-message';
export { StreamFramer } from './stream-framer';
export type { StreamFramerEvents } from './stream-framer';
export { formatHost, formatUri, parseUri, splitHostPort } from './uri';
export type { SipUri } from './uri';
export { sameUri, unescapeUri } from './same-uri';
export {
  addressParam,
  formatAddress,
  isAddress,
  parseAddress,
  parseAddressList,
  splitAddresses,
  tagOf,
  uriOfAddress,
} from './name-addr';
export type { Address } from './name-addr';
export { formatVia, parseVia, splitTopVia, splitVias, withReceived } from './via';
export type { Via } from './via';
export { parseCSeq } from './cseq';
export type { CSeq } from './cseq';
