const HEADER = 12;
const VERSION = 2;
/** With its marker bit, RTCP's packet types 192 to 223 look like these payload types (RFC 5761 §4). */
const FIRST_RTCP = 64;
const LAST_RTCP = 95;

/** The header fields that tell one stream from another (RFC 3550 §5.1). */
export interface RtpHeader {
  readonly payloadType: number;
  readonly sequence: number;
  readonly ssrc: number;
}

/** Reads a datagram; undefined when it is no RTP. */
export function readRtpHeader(packet: Buffer): RtpHeader | undefined {
  if (packet.length < HEADER || packet.readUInt8(0) >> 6 !== VERSION) return undefined;
  const payloadType = packet.readUInt8(1) & 0x7f;
  if (payloadType >= FIRST_RTCP && payloadType <= LAST_RTCP) return undefined;
  return { payloadType, sequence: packet.readUInt16BE(2), ssrc: packet.readUInt32BE(8) };
}
