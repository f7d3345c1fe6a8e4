import type { LadderEntry } from '../../domain';

/** The beginning and the end of a call tell most of it. */
const FIRST = 48;
const LAST = 16;
const MAX_URI = 120;
const CODEC = /^a=rtpmap:\d+ ([\w-]+)\//m;
const DIRECTION = /^a=(sendonly|recvonly|inactive)\r?$/m;

/**
 * The SIP messages of one call as the switch sees them: what the SIP server does by itself (100, ACK,
 * retransmissions) is not among them. Bounded, without numbers of persons and without descriptions.
 */
export class Ladder {
  readonly #now: () => number;
  readonly #first: LadderEntry[] = [];
  readonly #last: LadderEntry[] = [];
  #legs = 0;
  #dropped = 0;

  /** @param now - UTC epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** In their order. */
  get entries(): readonly LadderEntry[] {
    return [...this.#first, ...this.#last];
  }

  /** Messages that did not fit in between. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The name of the next leg that rings somebody. */
  open(): string {
    return `ring-${++this.#legs}`;
  }

  /** @param sdp - the body, where it is one; '' = none */
  note(leg: string, way: LadderEntry['way'], message: string, sdp = '', uri?: string): void {
    const entry: LadderEntry = {
      at: Math.round(this.#now()),
      leg,
      way,
      message,
      ...(sdp === '' ? {} : { media: summaryOf(sdp) }),
      ...(uri === undefined ? {} : { uri: uri.split(/[;?]/, 1)[0]?.slice(0, MAX_URI) }),
    };
    if (this.#first.length < FIRST) this.#first.push(entry);
    else if (this.#last.push(entry) > LAST) {
      this.#last.shift();
      this.#dropped++;
    }
  }
}

/** What a description comes to, e.g. `PCMU sendonly`. */
function summaryOf(sdp: string): string {
  return `${CODEC.exec(sdp)?.[1] ?? 'audio'} ${DIRECTION.exec(sdp)?.[1] ?? 'sendrecv'}`;
}
