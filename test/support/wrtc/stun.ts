import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { IceCredentials } from '../../../src/media/sdp/audio-description';

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const COOKIE = 0x2112a442;
const HEADER = 20;
const USERNAME = 0x0006;
const INTEGRITY = 0x0008;
const PRIORITY = 0x0024;
const USE_CANDIDATE = 0x0025;
const FINGERPRINT = 0x8028;
const CONTROLLING = 0x802a;
/** RFC 8489 §14.7. */
const FINGERPRINT_XOR = 0x5354554e;
const HMAC_ATTRIBUTE = 24;
const CRC_ATTRIBUTE = 8;

/** A connectivity check of a controlling agent that nominates at once (RFC 8445 §7.2, §8.1.1). */
export function bindingRequest(theirs: IceCredentials, ourFragment: string): Buffer {
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(randomInt(1, 2 ** 31));
  const body = Buffer.concat([
    attribute(USERNAME, Buffer.from(`${theirs.usernameFragment}:${ourFragment}`)),
    attribute(PRIORITY, priority),
    attribute(CONTROLLING, randomBytes(8)),
    attribute(USE_CANDIDATE, Buffer.alloc(0)),
  ]);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(BINDING_REQUEST, 0);
  header.writeUInt32BE(COOKIE, 4);
  randomBytes(12).copy(header, 8);
  const message = Buffer.concat([header, body]);
  message.writeUInt16BE(body.length + HMAC_ATTRIBUTE, 2);
  const hmac = createHmac('sha1', theirs.password).update(message).digest();
  const signed = Buffer.concat([message, attribute(INTEGRITY, hmac)]);
  signed.writeUInt16BE(signed.length - HEADER + CRC_ATTRIBUTE, 2);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE((crc32(signed) ^ FINGERPRINT_XOR) >>> 0);
  return Buffer.concat([signed, attribute(FINGERPRINT, checksum)]);
}

/** RFC 7983 §7: whose first byte is 0 to 3. */
export function isStun(packet: Buffer): boolean {
  return (packet[0] ?? 255) <= 3;
}

export function isBindingSuccess(packet: Buffer): boolean {
  return packet.length >= HEADER && packet.readUInt16BE(0) === BINDING_SUCCESS;
}

function attribute(type: number, value: Buffer): Buffer {
  const padded = Math.ceil(value.length / 4) * 4;
  const bytes = Buffer.alloc(4 + padded);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}
