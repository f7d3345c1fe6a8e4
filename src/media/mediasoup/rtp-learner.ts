import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';

/** Where a peer's RTP really comes from, and the synchronisation source it sends as. */
export interface LearnedSource {
  readonly address: string;
  readonly port: number;
  readonly ssrc: number;
}

const RTP_HEADER = 12;
const RTP_VERSION = 2;
/** With the marker bit, RTCP packet types 192 … 223 look like these payload types (RFC 5761 §4). */
const FIRST_RTCP_TYPE = 64;
const LAST_RTCP_TYPE = 95;

/**
 * Holds an RTP port until the peer's first packet shows its address and SSRC. SIP peers announce
 * neither reliably (NAT, no `a=ssrc`), and the media worker must know both before it can take a
 * stream; so the port is listened to here first and handed to the worker then.
 */
export class RtpLearner {
  readonly #socket: Socket;
  readonly #accepts: (address: string) => boolean;
  #source: LearnedSource | undefined;
  #onLearned: ((source: LearnedSource) => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(socket: Socket, accepts: (address: string) => boolean) {
    this.#socket = socket;
    this.#accepts = accepts;
  }

  /**
   * @param accepts - false for sources that are not the peer's: strangers must not steal the stream
   * @throws Error of the operating system when the port is taken
   */
  static open(address: string, port: number, accepts: (address: string) => boolean): Promise<RtpLearner> {
    const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
    const learner = new RtpLearner(socket, accepts);
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(port, address, () => {
        socket.removeListener('error', reject);
        socket.on('error', () => undefined);
        socket.on('message', (packet, from) => learner.#packet(packet, from.address, from.port));
        resolve(learner);
      });
    });
  }

  /** The last acceptable packet's source so far. */
  get source(): LearnedSource | undefined {
    return this.#source;
  }

  /** Calls back at the first acceptable packet; at once when there was one. */
  onLearned(listener: (source: LearnedSource) => void): void {
    this.#onLearned = listener;
    if (this.#source) this.#tell(this.#source);
  }

  /** Frees the port; resolves when it is free. */
  close(): Promise<void> {
    this.#onLearned = undefined;
    this.#closed ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closed;
  }

  #packet(packet: Buffer, address: string, port: number): void {
    if (packet.length < RTP_HEADER || (packet[0] ?? 0) >> 6 !== RTP_VERSION) return;
    const payloadType = (packet[1] ?? 0) & 0x7f;
    if (payloadType >= FIRST_RTCP_TYPE && payloadType <= LAST_RTCP_TYPE) return;
    if (!this.#accepts(address)) return;
    this.#source = { address, port, ssrc: packet.readUInt32BE(8) };
    this.#tell(this.#source);
  }

  #tell(source: LearnedSource): void {
    const listener = this.#onLearned;
    this.#onLearned = undefined;
    listener?.(source);
  }
}
