import type { AudioCodec } from '../sdp/audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from '../sdp/audio-description';
import { G711_SILENCE } from '../sounds/g711';
import { IN_OTHER, LINEAR } from '../sounds/linear';
import { FRAME_SAMPLES } from '../sounds/score';
import type { RtpPacket } from './rtp-packet';
import { StreamClock } from './stream-clock';

const SAMPLES_PER_MS = CLOCK_RATE / 1_000;

/** What a track holds: some two seconds. */
const CAPACITY = 16_384;
/** A packet that would be heard so long after it came is of another time: its stream begins anew. */
const MAX_AHEAD = 400 * SAMPLES_PER_MS;
/** One that is so much too late is of a stream whose timestamps stood still meanwhile. */
const STOOD_STILL = 1_000 * SAMPLES_PER_MS;
/** A stream that has been too late for so long is not late: its place is wrong. */
const LATE_FOR = 200 * SAMPLES_PER_MS;
/** Nobody packs more audio into a packet. */
const MAX_PAYLOAD = 300 * SAMPLES_PER_MS;
/** Sequence numbers within so many of the last one are the same stream's (RFC 3550 A.1). */
const MAX_DROPOUT = 3_000;
const MAX_MISORDER = 100;
const REMEMBERED = 128;
/** What a stream that is to wait less or longer may be moved by where nobody speaks. */
const QUIET_STEP = 10 * SAMPLES_PER_MS;
/** Below some -54 dB of full scale nobody speaks. */
const QUIET = 64;
/** A gap this short is what the clock was moved by. */
const SLIP = 2;

/** What is known of the stream that is heard. */
interface Present {
  readonly ssrc: number;
  readonly clock: StreamClock;
  /** Which of the last sequence numbers came, by their lowest bits. */
  readonly came: Int32Array;
  /** The last in order. */
  sequence: number;
  /** Of the last audio in order, unwrapped, and its length. */
  timestamp: number;
  length: number;
  /** Since that audio: packets that did not come, and packets of something else. */
  missing: number;
  others: number;
  /** Where it ended. */
  end: number;
  /** Since when it has been too late. */
  lateSince: number | undefined;
}

/**
 * What one party says, on our clock: packets of RTP come in as the network brings them, samples are taken out in
 * order, and silence wherever there are none. Positions are samples of 8 kHz since the track began. A new stream
 * begins where it arrives, whatever its timestamps say; from then on these say where each packet belongs. What
 * is held is bounded, whatever comes.
 */
export class VoiceTrack {
  readonly codec: AudioCodec;
  readonly #silence: number;
  readonly #window: number;
  readonly #ring: Buffer;
  #head: number;
  #present: Present | undefined;
  #lost = 0;

  /**
   * @param codec - of what is taken out; the other one is put into it
   * @param windowMs - how long after their time samples are taken out, for a stream to wait where that is too
   * soon for its jitter; `Infinity` for one that never waits
   * @param head - the first position to be taken
   */
  constructor(codec: AudioCodec, windowMs: number, head: number) {
    this.codec = codec;
    this.#silence = G711_SILENCE[codec];
    this.#window = windowMs * SAMPLES_PER_MS;
    this.#ring = Buffer.alloc(CAPACITY, this.#silence);
    this.#head = head;
  }

  /** The position that is taken next. */
  get head(): number {
    return this.#head;
  }

  /** Samples of silence in place of packets that did not come, or came too late. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Takes what arrived.
   * @param at - position of now; at most some 1.5 seconds after the head, or the packet may have no place
   * @param muted - follows the stream, but keeps nothing of what it says
   */
  push(packet: RtpPacket, at: number, muted = false): void {
    const codec = codecOf(packet);
    const present = this.#present;
    if (!present || present.ssrc !== packet.ssrc) {
      // A stream is known by its audio: keys alone may come as one of their own.
      if (codec) this.#begin(packet, codec, at, muted);
      return;
    }
    const step = signed16(packet.sequence - present.sequence);
    if (step > MAX_DROPOUT || step < -MAX_MISORDER) {
      if (codec) this.#begin(packet, codec, at, muted);
    } else if (step <= 0) this.#straggler(present, packet, codec, at, muted);
    else {
      present.missing += step - 1;
      present.sequence = packet.sequence;
      remember(present, packet);
      if (codec) this.#follow(present, packet, codec, at, muted);
      else present.others++;
    }
  }

  /**
   * Takes out the next samples.
   * @param stride - octets from one to the next in `into`
   */
  take(length: number, into: Buffer, offset = 0, stride = 1): void {
    const ring = this.#ring;
    let to = offset;
    for (const [from, end] of spans(this.#head, length)) {
      for (let at = from; at < end; at++, to += stride) into[to] = ring[at] as number;
      ring.fill(this.#silence, from, end);
    }
    this.#head += length;
  }

  #begin(packet: RtpPacket, codec: AudioCodec, at: number, muted: boolean): void {
    const { length } = packet.payload;
    // A packet is there when its last sample is, and samples are taken out a frame at a time.
    const tolerance = this.#window - length - FRAME_SAMPLES;
    const clock = new StreamClock(at - packet.timestamp - length, at, tolerance);
    const end = clock.place(packet.timestamp) + length;
    const present: Present = {
      ssrc: packet.ssrc,
      clock,
      came: new Int32Array(REMEMBERED).fill(-1),
      sequence: packet.sequence,
      timestamp: packet.timestamp,
      length,
      missing: 0,
      others: 0,
      end,
      lateSince: undefined,
    };
    remember(present, packet);
    this.#present = present;
    if (!muted) this.#write(end - length, packet.payload, codec);
  }

  /** The next packet of the stream, or the next that came. */
  #follow(present: Present, packet: RtpPacket, codec: AudioCodec, at: number, muted: boolean): void {
    const { clock } = present;
    const { length } = packet.payload;
    const elapsed = signed32(packet.timestamp - present.timestamp);
    const timestamp = present.timestamp + elapsed;
    const transit = at - timestamp - length;
    const tooLate = this.#head - clock.place(timestamp);
    const astray = clock.lateness(transit) < -MAX_AHEAD || tooLate > STOOD_STILL;
    if (elapsed <= 0 || astray || !this.#inTime(present, tooLate, at)) {
      this.#begin(packet, codec, at, muted);
      return;
    }
    clock.note(transit, at);
    this.#approach(clock, packet.payload, codec);
    const from = clock.place(timestamp);
    if (!muted) {
      this.#count(present, elapsed - present.length, length);
      this.#lost += Math.min(length, Math.max(0, this.#head - from));
      const slip = from - present.end;
      if (slip > 0 && slip <= SLIP) this.#hold(present.end, slip);
      this.#write(from, packet.payload, codec);
    }
    present.timestamp = timestamp;
    present.length = length;
    present.missing = 0;
    present.others = 0;
    present.end = from + length;
  }

  /** One that others overtook, or that came twice. */
  #straggler(
    present: Present,
    packet: RtpPacket,
    codec: AudioCodec | undefined,
    at: number,
    muted: boolean,
  ): void {
    if (present.came[packet.sequence % REMEMBERED] === packet.sequence) return;
    remember(present, packet);
    if (present.missing > 0) present.missing--;
    if (!codec) return;
    const { length } = packet.payload;
    const timestamp = present.timestamp + signed32(packet.timestamp - present.timestamp);
    const { clock } = present;
    const transit = at - timestamp - length;
    const late = clock.lateness(transit);
    if (late < -MAX_AHEAD || late > STOOD_STILL) return;
    clock.note(transit, at);
    const from = clock.place(timestamp);
    const kept = Math.min(length, from + length - this.#head);
    if (kept <= 0 || muted) return;
    this.#lost = Math.max(0, this.#lost - kept);
    this.#write(from, packet.payload, codec);
  }

  /** False when the stream has been too late for too long. */
  #inTime(present: Present, tooLate: number, at: number): boolean {
    if (tooLate <= 0) {
      present.lateSince = undefined;
      return true;
    }
    if (present.clock.mayWait(tooLate)) {
      present.clock.shift(tooLate);
      return true;
    }
    present.lateSince ??= at;
    return at - present.lateSince < LATE_FOR;
  }

  /** Moves the stream a little towards its place: by a sample where somebody speaks. */
  #approach(clock: StreamClock, payload: Buffer, codec: AudioCodec): void {
    const { due } = clock;
    if (due === 0) return;
    const step = Math.abs(due) > QUIET_STEP && isQuiet(payload, codec) ? QUIET_STEP : 1;
    clock.shift(Math.sign(due) * step);
  }

  /**
   * Counts what was lost before a packet: as much as is missing by the sequence. A pause longer than that, with
   * nothing else in it, was one: a packet of comfort noise may be what is missing (RFC 3389).
   */
  #count(present: Present, gap: number, length: number): void {
    const room = present.missing * Math.max(present.length, length);
    if (gap <= 0 || (gap > room && present.others === 0)) return;
    this.#lost += Math.min(gap, room);
  }

  #write(from: number, payload: Buffer, codec: AudioCodec): void {
    const cut = Math.max(0, this.#head - from);
    const length = payload.length - cut;
    if (length <= 0 || from + payload.length > this.#head + CAPACITY) return;
    let octets = payload.subarray(cut);
    if (codec !== this.codec) {
      const other = IN_OTHER[codec];
      octets = Buffer.from(octets.map((octet) => other[octet] ?? octet));
    }
    let taken = 0;
    for (const [start, end] of spans(from + cut, length)) {
      octets.copy(this.#ring, start, taken);
      taken += end - start;
    }
  }

  /** Lets the sample before a position go on. */
  #hold(from: number, samples: number): void {
    if (from <= this.#head) return;
    const octet = this.#ring[(from - 1) % CAPACITY] ?? this.#silence;
    for (let i = 0; i < samples; i++) this.#ring[(from + i) % CAPACITY] = octet;
  }
}

/** Where so many samples from a position on are in the ring: in one piece, or in two. */
function spans(position: number, length: number): readonly (readonly [from: number, end: number])[] {
  const from = position % CAPACITY;
  const over = from + length - CAPACITY;
  return over <= 0
    ? [[from, from + length]]
    : [
        [from, CAPACITY],
        [0, over],
      ];
}

/** Undefined for whatever is no audio: keys, comfort noise, and what no packet of audio is like. */
function codecOf({ payloadType, payload }: RtpPacket): AudioCodec | undefined {
  if (payload.length === 0 || payload.length > MAX_PAYLOAD) return undefined;
  if (payloadType === PAYLOAD_TYPES.PCMU) return 'PCMU';
  return payloadType === PAYLOAD_TYPES.PCMA ? 'PCMA' : undefined;
}

function remember({ came }: Present, { sequence }: RtpPacket): void {
  came[sequence % REMEMBERED] = sequence;
}

function isQuiet(payload: Buffer, codec: AudioCodec): boolean {
  const linear = LINEAR[codec];
  return payload.every((octet) => Math.abs(linear[octet] ?? 0) < QUIET);
}

/** Differences of numbers that begin again (RFC 1982). */
function signed16(difference: number): number {
  return (difference << 16) >> 16;
}

function signed32(difference: number): number {
  return difference | 0;
}
