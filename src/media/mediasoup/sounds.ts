import type { types } from 'mediasoup';
import type { Sound } from '../media-engine';
import type { AudioCodec } from '../sdp/audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from '../sdp/audio-description';
import { Metronome } from '../sounds/metronome';
import { Recording, RtpFrames } from '../sounds/rtp-frames';
import { FRAME_MS } from '../sounds/score';
import type { Audible, Stream } from './media-path';
import type { Exchange } from './worker-pool';

/** One who listens to a sound. */
export interface Listening extends Audible {
  readonly exchange: Exchange;
  readonly codec: AudioCodec;
  /** Idempotent. */
  stop(): void;
}

/**
 * The sounds of the switch: each is played once in an exchange while anybody listens there, however
 * many do, and none while nobody does.
 */
export class Sounds {
  readonly #ssrc: () => number;
  readonly #metronome: Metronome;
  readonly #recordings = new Map<string, Recording>();
  readonly #players = new Map<Exchange, Map<string, Player>>();

  /**
   * @param now - monotonic milliseconds
   * @param ssrc - a number for each stream
   */
  constructor(now: () => number, ssrc: () => number) {
    this.#ssrc = ssrc;
    this.#metronome = new Metronome(now, FRAME_MS, (due, missed) => this.#beat(due, missed));
  }

  /** @param onChange - the stream can be heard now, or no more */
  listen(exchange: Exchange, sound: Sound, codec: AudioCodec, onChange: () => void): Listening {
    const player = this.#player(exchange, sound, codec);
    const leave = player.join(onChange);
    return {
      exchange,
      codec,
      get stream() {
        return player.stream;
      },
      stop: () => {
        leave();
        if (!player.alone) return;
        player.close();
        this.#remove(exchange, `${sound} ${codec}`, player);
      },
    };
  }

  close(): void {
    this.#metronome.stop();
    for (const players of this.#players.values()) for (const player of players.values()) player.close();
    this.#players.clear();
  }

  #player(exchange: Exchange, sound: Sound, codec: AudioCodec): Player {
    const key = `${sound} ${codec}`;
    const players = this.#players.get(exchange) ?? new Map<string, Player>();
    this.#players.set(exchange, players);
    const present = players.get(key);
    if (present) return present;
    const recording = this.#recordings.get(key) ?? new Recording(sound, codec);
    this.#recordings.set(key, recording);
    const player = new Player(exchange, codec, recording, this.#ssrc());
    players.set(key, player);
    this.#metronome.start();
    return player;
  }

  #remove(exchange: Exchange, key: string, player: Player): void {
    const players = this.#players.get(exchange);
    if (players?.get(key) !== player) return;
    players.delete(key);
    if (players.size === 0) this.#players.delete(exchange);
    if (this.#players.size === 0) this.#metronome.stop();
  }

  #beat(due: number, missed: number): void {
    for (const players of this.#players.values()) {
      for (const player of players.values()) player.play(due, missed);
    }
  }
}

/** One sound in one exchange. */
class Player {
  readonly #exchange: Exchange;
  readonly #listeners = new Set<() => void>();
  readonly #frames: RtpFrames;
  #producer: types.Producer | undefined;
  #closed = false;

  constructor(exchange: Exchange, codec: AudioCodec, recording: Recording, ssrc: number) {
    this.#exchange = exchange;
    this.#frames = new RtpFrames(recording, codec, ssrc);
    // A worker that dies takes its calls along; they are told.
    this.#open(codec, ssrc).catch(() => undefined);
  }

  get stream(): Stream | undefined {
    const producer = this.#producer;
    return producer && !producer.closed ? { exchange: this.#exchange, producer } : undefined;
  }

  get alone(): boolean {
    return this.#listeners.size === 0;
  }

  join(onChange: () => void): () => void {
    const listener = (): void => onChange();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  play(due: number, missed: number): void {
    const producer = this.stream?.producer;
    if (!producer) return;
    this.#frames.skip(missed);
    for (let frame = 0; frame < due; frame++) producer.send(this.#frames.next());
  }

  close(): void {
    this.#closed = true;
    this.#producer?.close();
  }

  async #open(codec: AudioCodec, ssrc: number): Promise<void> {
    const tap = await this.#exchange.tap();
    if (this.#closed) return;
    const producer = await tap.produce({
      kind: 'audio',
      rtpParameters: {
        codecs: [{ mimeType: `audio/${codec}`, payloadType: PAYLOAD_TYPES[codec], clockRate: CLOCK_RATE }],
        encodings: [{ ssrc }],
      },
    });
    if (this.#closed) {
      producer.close();
      return;
    }
    this.#producer = producer;
    for (const listener of [...this.#listeners]) listener();
  }
}
