import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { until } from '../../../support/until';
import { toneShare } from '../../support/wav';

const FRAME = 160;
const FRAME_MS = 20;
const RATE = 8_000;
/** Two seconds of what was heard last. */
const MAX_SAMPLES = 2 * RATE;
const PCMU = 0;
const TELEPHONE_EVENT = 101;
const KEYS = '0123456789*#ABCD';
const END = 0x80;
/** Long enough for a machine that has ten other things to do. */
const WITHIN_MS = 20_000;

/** By the clock of the machine, and never back. */
const now = (): number => performance.timeOrigin + performance.now();

/** Sender of audio as a carrier's gateway is: PCMU and RFC 4733 keys over plain RTP, on loopback. */
export class TonePeer {
  /** UTC epoch milliseconds, with fractions, of the last audio that came. */
  lastHeardAt = 0;
  packets = 0;
  /** Keys that came (RFC 4733), each once. */
  digits = '';
  readonly #socket: Socket;
  readonly #samples: number[] = [];
  readonly #ssrc = Math.floor(Math.random() * 2 ** 32);
  #hertz: number;
  #open = true;
  #timer: NodeJS.Timeout | undefined;
  #to: { readonly port: number; readonly address: string } | undefined;
  #sequence = 0;
  #timestamp = 0;
  #lastEvent: number | undefined;
  /** The key that is pressed, and how many frames it has left. */
  #key: { readonly event: number; started: number; left: number; first: boolean } | undefined;

  private constructor(socket: Socket, hertz: number) {
    this.#socket = socket;
    this.#hertz = hertz;
    socket.on('message', (packet) => this.#take(packet));
  }

  /** @param hertz - the tone that it speaks */
  static open(hertz: number): Promise<TonePeer> {
    const socket = createSocket('udp4');
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(new TonePeer(socket, hertz))));
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Speaks to this place from now on. */
  speak(port: number, address = '127.0.0.1'): void {
    this.#to = { port, address };
    if (this.#timer) return;
    // By the clock: a frame that a busy machine was late for is sent with the next.
    const began = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - began) / FRAME_MS);
      for (; sent < due; sent++) this.#frame();
    }, FRAME_MS);
  }

  /** Says nothing more. */
  hush(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.hush();
    if (this.#open) this.#socket.close();
    this.#open = false;
  }

  /** Presses a key for some milliseconds. */
  async press(key: string, ms = 200): Promise<void> {
    this.#key = {
      event: KEYS.indexOf(key),
      started: this.#timestamp,
      left: Math.ceil(ms / FRAME_MS),
      first: true,
    };
    await until(`key ${key} to be sent`, () => this.#key === undefined, WITHIN_MS);
    // A pause, that the next is another.
    const from = this.#timestamp;
    await until('a pause between keys', () => this.#timestamp - from > RATE / 10, WITHIN_MS);
  }

  /** Share of this frequency in what was heard for the last 400 ms. */
  share(hertz: number): number {
    return toneShare(Int16Array.from(this.#samples.slice(-3_200)), hertz);
  }

  /** Waits until it has heard this tone, and nothing else, for 400 ms. */
  async hears(hertz: number, withinMs = WITHIN_MS): Promise<void> {
    this.#samples.length = 0;
    const packets = this.packets;
    await until(
      `the carrier to hear ${hertz} Hz`,
      () => this.#samples.length >= 3_200 && this.share(hertz) > 0.8,
      withinMs,
    ).catch((error: unknown) => {
      const shares = Array.from({ length: 38 }, (_, index) => 200 + 100 * index)
        .map((each) => [each, this.share(each)] as const)
        .sort(([, a], [, b]) => b - a)
        .slice(0, 3)
        .map(([each, share]) => `${each} Hz ${(share * 100).toFixed(0)} %`);
      const loudness = Math.max(0, ...this.#samples);
      throw new Error(
        `the carrier hears ${shares.join(', ')}, at most ${loudness} of 32767, in ${this.packets - packets} packets`,
        { cause: error },
      );
    });
  }

  /** Waits until it hears anything but this tone, for 400 ms: another sound, silence, or no packet at all. */
  async hearsNot(hertz: number, withinMs = WITHIN_MS): Promise<void> {
    await until(
      `the carrier not to hear ${hertz} Hz`,
      () => this.share(hertz) < 0.1 || now() - this.lastHeardAt > 400,
      withinMs,
    );
  }

  /** Waits until it hears anything at all, as music, for 400 ms. */
  async hearsSound(withinMs = WITHIN_MS): Promise<void> {
    this.#samples.length = 0;
    await until(
      'the carrier to hear a sound',
      () =>
        this.#samples.length >= 3_200 && this.#samples.slice(-3_200).some((sample) => Math.abs(sample) > 500),
      withinMs,
    );
  }

  /** Waits until these keys, and no others, have come. */
  async hearsKeys(keys: string, withinMs = WITHIN_MS): Promise<void> {
    await until(`the carrier to get the keys ${keys}`, () => this.digits === keys, withinMs).catch(
      (error: unknown) => {
        throw new Error(`the carrier has got the keys ${this.digits}`, { cause: error });
      },
    );
  }

  #frame(): void {
    if (!this.#to) return;
    const key = this.#key;
    if (!key) {
      const payload = Buffer.alloc(FRAME);
      for (let i = 0; i < FRAME; i++) {
        const angle = (2 * Math.PI * this.#hertz * (this.#timestamp + i)) / RATE;
        payload[i] = toMuLaw(Math.round(12_000 * Math.sin(angle)));
      }
      this.#send(PCMU, false, this.#timestamp, payload);
    } else {
      if (key.first) key.started = this.#timestamp;
      key.left--;
      const payload = Buffer.alloc(4);
      payload[0] = key.event;
      payload[1] = 10 | (key.left <= 0 ? END : 0);
      payload.writeUInt16BE(this.#timestamp - key.started + FRAME, 2);
      this.#send(TELEPHONE_EVENT, key.first, key.started, payload);
      key.first = false;
      // The end is sent three times (RFC 4733 §2.5.1.4).
      if (key.left <= -2) this.#key = undefined;
    }
    this.#timestamp += FRAME;
  }

  #send(payloadType: number, marker: boolean, timestamp: number, payload: Buffer): void {
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType | (marker ? 0x80 : 0);
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    payload.copy(packet, 12);
    if (this.#to) this.#socket.send(packet, this.#to.port, this.#to.address);
  }

  #take(packet: Buffer): void {
    const payloadType = (packet[1] ?? 0) & 0x7f;
    if (packet.length < 12 || (payloadType >= 64 && payloadType <= 95)) return;
    const extension = ((packet[0] ?? 0) & 0x10) !== 0 ? 4 + 4 * packet.readUInt16BE(14) : 0;
    const payload = packet.subarray(12 + 4 * ((packet[0] ?? 0) & 0x0f) + extension);
    if (payloadType === TELEPHONE_EVENT) {
      const timestamp = packet.readUInt32BE(4);
      if (timestamp === this.#lastEvent) return;
      this.#lastEvent = timestamp;
      this.digits += KEYS[payload[0] ?? 0] ?? '?';
    } else if (payloadType === PCMU) {
      this.packets++;
      this.lastHeardAt = now();
      for (const byte of payload) this.#samples.push(fromMuLaw(byte));
      this.#samples.splice(0, this.#samples.length - MAX_SAMPLES);
    }
  }
}

const BIAS = 0x84;
const CLIP = 32_635;

/** ITU-T G.711 µ-law. */
function toMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 31 - Math.clz32(magnitude) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function fromMuLaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + BIAS) << ((value >> 4) & 7)) - BIAS;
  return (value & 0x80) !== 0 ? -magnitude : magnitude;
}
