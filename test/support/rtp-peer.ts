import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';

export interface HeardPacket {
  readonly payloadType: number;
  readonly ssrc: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

export interface Press {
  /** How long the key is held; 80 ms by default. */
  readonly ms?: number;
  /** What becomes of its packets on the way; each arrives once by default. */
  readonly arrives?: (packet: { readonly index: number; readonly end: boolean }) => number;
}

export interface Repeating {
  readonly address?: string;
  readonly payloadType?: number;
  /** Whether the frame of this number is sent, rather than lost; it is by default. */
  readonly arrives?: (frame: number) => boolean;
}

const FRAME = 160;
const FRAME_MS = 20;
/** The codes of RFC 4733 §3.2 are the places in here. */
const KEYS = '0123456789*#ABCD';
const VOLUME = 10;
const END = 0x80;
const ENDS = 3;

/** Past the fixed header and a header extension, if any (RFC 3550 §5.1, §5.3.1). */
function payloadStart(packet: Buffer): number {
  const extended = ((packet[0] ?? 0) & 0x10) !== 0;
  return extended ? 16 + 4 * packet.readUInt16BE(14) : 12;
}

/** A plain RTP endpoint on loopback: sends numbered frames every 20 ms and keeps what it hears. */
export class RtpPeer {
  readonly heard: HeardPacket[] = [];
  readonly #socket: Socket;
  #timer: NodeJS.Timeout | undefined;
  #pressing = false;
  #sequence = Math.floor(Math.random() * 1000);
  #timestamp = 0;
  ssrc = Math.floor(Math.random() * 2 ** 32);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (packet) => {
      const payloadType = (packet[1] ?? 0) & 0x7f;
      if (packet.length < 12 || (payloadType >= 64 && payloadType <= 95)) return;
      this.heard.push({
        payloadType,
        ssrc: packet.readUInt32BE(8),
        sequence: packet.readUInt16BE(2),
        timestamp: packet.readUInt32BE(4),
        marker: ((packet[1] ?? 0) & 0x80) !== 0,
        payload: packet.subarray(payloadStart(packet)),
      });
    });
  }

  static open(address = '127.0.0.1'): Promise<RtpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    return new Promise((resolve) => socket.bind(0, address, () => resolve(new RtpPeer(socket))));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends 20 ms frames whose bytes all say which frame of whose it is. */
  speak(port: number, mark: number, address = '127.0.0.1'): void {
    this.hush();
    this.#timer = setInterval(() => {
      if (!this.#pressing) this.send(port, 0, Buffer.alloc(FRAME, mark), address);
    }, FRAME_MS);
  }

  /**
   * Says one frame again and again, in time however late this process is: a tone, where the frame holds whole
   * waves. Or another each time, by its number.
   */
  repeat(port: number, frame: Buffer | ((index: number) => Buffer), how: Repeating = {}): void {
    this.hush();
    const began = performance.now();
    let frames = 0;
    this.#timer = setInterval(() => {
      for (; frames * FRAME_MS <= performance.now() - began; frames++) {
        if (this.#pressing) continue;
        const octets = typeof frame === 'function' ? frame(frames) : frame;
        const packet = this.#packet(how.payloadType ?? 0, octets, this.#timestamp);
        this.#timestamp += FRAME;
        if (how.arrives?.(frames) ?? true) this.#socket.send(packet, port, how.address ?? '127.0.0.1');
      }
    }, FRAME_MS);
  }

  send(port: number, payloadType: number, payload: Buffer, address = '127.0.0.1'): void {
    this.#socket.send(this.#packet(payloadType, payload, this.#timestamp), port, address);
    this.#timestamp += FRAME;
  }

  /** Presses a key as RFC 4733 §2.5.1 has it: a packet every 20 ms in place of audio, and the last one three times. */
  async press(port: number, payloadType: number, key: string, how: Press = {}): Promise<void> {
    const frames = Math.max(1, Math.round((how.ms ?? 80) / FRAME_MS));
    const began = this.#timestamp;
    this.#pressing = true;
    for (let index = 0; index < frames + ENDS; index++) {
      const end = index >= frames;
      const payload = Buffer.from([KEYS.indexOf(key), VOLUME | (end ? END : 0), 0, 0]);
      payload.writeUInt16BE(Math.min(index + 1, frames) * FRAME, 2);
      const packet = this.#packet(payloadType | (index === 0 ? 0x80 : 0), payload, began);
      for (let copies = how.arrives?.({ index, end }) ?? 1; copies > 0; copies--) {
        this.#socket.send(packet, port, '127.0.0.1');
      }
      await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
    }
    this.#timestamp = began + (frames + ENDS) * FRAME;
    this.#pressing = false;
  }

  hush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #packet(payloadType: number, payload: Buffer, timestamp: number): Buffer {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType;
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    payload.copy(packet, 12);
    return packet;
  }

  /** Frames heard that carry this mark. */
  marked(mark: number): number {
    return this.heard.filter(
      ({ payload }) => payload.length === FRAME && payload.every((byte) => byte === mark),
    ).length;
  }

  close(): void {
    this.hush();
    this.#socket.close();
  }

  /** A description of this endpoint; options as carriers write them, `null` for one who names no digits. */
  sdp(
    options: { codecs?: string; telephoneEvent?: number | null; direction?: string; address?: string } = {},
  ): string {
    const te = options.telephoneEvent === undefined ? 101 : options.telephoneEvent;
    const address = options.address ?? '127.0.0.1';
    const family = address.includes(':') ? 'IP6' : 'IP4';
    return [
      'v=0',
      `o=peer 1 1 IN ${family} ${address}`,
      's=-',
      `c=IN ${family} ${address}`,
      't=0 0',
      `m=audio ${this.port} RTP/AVP ${options.codecs ?? '0 8'}${te === null ? '' : ` ${te}`}`,
      'a=rtpmap:0 PCMU/8000',
      'a=rtpmap:8 PCMA/8000',
      ...(te === null ? [] : [`a=rtpmap:${te} telephone-event/8000`]),
      ...(options.direction === undefined ? [] : [`a=${options.direction}`]),
      '',
    ].join('\r\n');
  }
}
