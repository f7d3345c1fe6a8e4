/** What a press needs of its packets. */
export interface EventPacket {
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

/** RFC 4733 §3.2: the events 0 to 15 are these keys. */
const KEYS = '0123456789*#ABCD';
const PAYLOAD = 4;
const END = 0x80;
/** Of the clock of everything we carry. */
const UNITS_PER_MS = 8;
/** Longer events go on as another of the same code, which begins where this one ended (§2.5.1.3). */
const LONGEST = 0xffff;
/** A press whose end is lost has ended when nothing of it came for so long. */
const SILENT_MS = 100;
/** One that lasts is told before it ends. */
const LONG_MS = 2_000;
const TIMESTAMPS = 2 ** 32;
/** A packet that is older than the last press by less than this is a late one of that; by more, the clock is another. */
const LATE_UNITS = 10_000 * UNITS_PER_MS;

interface Press {
  readonly key: string;
  timestamp: number;
  duration: number;
  told: boolean;
  ended: boolean;
}

/**
 * Makes presses of telephone events (RFC 4733): each is told once, when it ends, lasts, or nothing follows. A press is
 * known by its timestamp, which all its packets carry, however often they come and in whatever order.
 */
export class TelephoneEvents {
  readonly #onPress: (key: string, durationMs: number) => void;
  #press: Press | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(onPress: (key: string, durationMs: number) => void) {
    this.#onPress = onPress;
  }

  take({ timestamp, marker, payload }: EventPacket): void {
    const key = payload.length < PAYLOAD ? undefined : KEYS[payload.readUInt8(0)];
    if (key === undefined) return;
    const duration = payload.readUInt16BE(2);
    const present = this.#press;
    if (present && isLate(timestamp, present.timestamp)) return;
    if (!present || !goesOn(present, { key, timestamp, marker, duration })) this.#begin(key, timestamp);
    const press = this.#press;
    if (!press || press.ended) return;
    press.duration = Math.max(press.duration, duration);
    if ((payload.readUInt8(1) & END) !== 0) this.#end(press);
    else this.#wait(press);
  }

  /** A press that has not ended is told no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#press = undefined;
  }

  #begin(key: string, timestamp: number): void {
    // Another key: the end of the one before was lost.
    if (this.#press) this.#end(this.#press);
    this.#press = { key, timestamp, duration: 0, told: false, ended: false };
  }

  #wait(press: Press): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(press), SILENT_MS);
    if (press.duration >= LONG_MS * UNITS_PER_MS) this.#tell(press);
  }

  #end(press: Press): void {
    clearTimeout(this.#timer);
    press.ended = true;
    this.#tell(press);
  }

  #tell(press: Press): void {
    if (press.told) return;
    press.told = true;
    this.#onPress(press.key, Math.round(press.duration / UNITS_PER_MS));
  }
}

interface Seen extends Pick<Press, 'key' | 'timestamp' | 'duration'> {
  readonly marker: boolean;
}

function goesOn(press: Press, seen: Seen): boolean {
  if (seen.timestamp === press.timestamp) return true;
  if (seen.key !== press.key || seen.marker) return false;
  const nextPart = (press.timestamp + LONGEST) % TIMESTAMPS === seen.timestamp;
  // Some senders, against the RFC, let the timestamp run on with the duration.
  const runsOn = !press.ended && seen.duration > press.duration;
  if (!nextPart && !runsOn) return false;
  press.timestamp = seen.timestamp;
  return true;
}

/** Part of a press before the present one. */
function isLate(timestamp: number, present: number): boolean {
  const age = (present - timestamp + TIMESTAMPS) % TIMESTAMPS;
  return age > 0 && age < LATE_UNITS;
}
