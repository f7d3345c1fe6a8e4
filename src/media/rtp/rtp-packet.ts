const HEADER = 12;
const VERSION = 2;
/** With its marker bit, RTCP's packet types 192 to 223 look like these payload types (RFC 5761 §4). */
const FIRST_RTCP = 64;
const LAST_RTCP = 95;

const PADDED = 0x20;
const EXTENDED = 0x10;
const CONTRIBUTORS = 0x0f;
const MARKER = 0x80;
const WORD = 4;

/** The header fields that tell one stream from another (RFC 3550 §5.1). */
export interface RtpHeader {
  readonly payloadType: number;
  readonly sequence: number;
  readonly ssrc: number;
}

/** A packet with what it carries. */
export interface RtpPacket extends RtpHeader {
  readonly marker: boolean;
  readonly timestamp: number;
  /** Part of the datagram: without contributors, header extension and padding. */
  readonly payload: Buffer;
}

/** Reads a datagram; undefined when it is no RTP. */
export function readRtpHeader(packet: Buffer): RtpHeader | undefined {
  if (packet.length < HEADER || packet.readUInt8(0) >> 6 !== VERSION) return undefined;
  const payloadType = packet.readUInt8(1) & 0x7f;
  if (payloadType >= FIRST_RTCP && payloadType <= LAST_RTCP) return undefined;
  return { payloadType, sequence: packet.readUInt16BE(2), ssrc: packet.readUInt32BE(8) };
}

/** Reads a datagram with its payload; undefined when it is no RTP, or its lengths do not fit. */
export function readRtpPacket(packet: Buffer): RtpPacket | undefined {
  const header = readRtpHeader(packet);
  if (!header) return undefined;
  const flags = packet.readUInt8(0);
  let start = HEADER + WORD * (flags & CONTRIBUTORS);
  if (flags & EXTENDED) {
    if (packet.length < start + WORD) return undefined;
    start += WORD + WORD * packet.readUInt16BE(start + 2);
  }
  const padding = flags & PADDED ? packet.readUInt8(packet.length - 1) : 0;
  const end = packet.length - padding;
  if (end < start) return undefined;
  return {
    ...header,
    marker: (packet.readUInt8(1) & MARKER) !== 0,
    timestamp: packet.readUInt32BE(4),
    payload: packet.subarray(start, end),
  };
}
