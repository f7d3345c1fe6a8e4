import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { RtpHeader } from '../rtp/rtp-packet';
import { readRtpHeader } from '../rtp/rtp-packet';
import type { Endpoint } from './source-rule';

/** Where a peer's RTP really comes from, and the stream it sends. */
export interface LearnedSource extends Endpoint {
  readonly ssrc: number;
  readonly payloadType: number;
}

/** Says of each RTP packet whether it shows the peer's stream. */
export type Admits = (header: RtpHeader, from: Endpoint, packet: Buffer) => boolean;

/**
 * Holds an RTP port until the peer's first packet shows its address and SSRC. SIP peers announce
 * neither reliably (NAT, no `a=ssrc`), and the media worker must know both before it takes a
 * stream: so the port is listened to here first, and handed to the worker then.
 */
export class RtpLearner {
  readonly #socket: Socket;
  readonly #admits: Admits;
  #source: LearnedSource | undefined;
  #onLearned: ((source: LearnedSource) => void) | undefined;
  #closed: Promise<void> | undefined;

  private constructor(socket: Socket, admits: Admits) {
    this.#socket = socket;
    this.#admits = admits;
  }

  /**
   * @throws Error of the operating system when the port is taken
   */
  static open(address: string, port: number, admits: Admits): Promise<RtpLearner> {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4' });
    const learner = new RtpLearner(socket, admits);
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close();
        reject(error);
      });
      socket.bind(port, address, () => {
        socket.removeAllListeners('error');
        // What the network says of packets that did not arrive (ICMP) changes nothing here.
        socket.on('error', () => undefined);
        socket.on('message', (packet, from) => learner.#received(packet, from));
        resolve(learner);
      });
    });
  }

  /** The peer's stream, as the last admitted packet showed it. */
  get source(): LearnedSource | undefined {
    return this.#source;
  }

  /** Calls back once, at the first admitted packet; at once when there was one. */
  onLearned(listener: (source: LearnedSource) => void): void {
    this.#onLearned = listener;
    if (this.#source) this.#tell(this.#source);
  }

  /** Forgets what was learned: the rule that admitted it has changed. */
  forget(): void {
    this.#source = undefined;
  }

  /** Sends to the peer from the port that it knows. */
  send(packet: Buffer, to: Endpoint): void {
    if (this.#closed) return;
    this.#socket.send(packet, to.port, to.address, () => undefined);
  }

  /** Frees the port; resolves when it is free. */
  close(): Promise<void> {
    this.#onLearned = undefined;
    this.#closed ??= new Promise((resolve) => this.#socket.close(() => resolve()));
    return this.#closed;
  }

  #received(packet: Buffer, from: Endpoint): void {
    const header = readRtpHeader(packet);
    if (!header || !this.#admits(header, from, packet)) return;
    const source = {
      address: from.address,
      port: from.port,
      ssrc: header.ssrc,
      payloadType: header.payloadType,
    };
    this.#source = source;
    this.#tell(source);
  }

  #tell(source: LearnedSource): void {
    const listener = this.#onLearned;
    this.#onLearned = undefined;
    listener?.(source);
  }
}
