import type { LadderEntry } from '../../domain';
import { EndsOfMany } from '../ends-of-many';

const MAX_URI = 120;
const CODEC = /^a=rtpmap:\d+ ([\w-]+)\//m;
const DIRECTION = /^a=(sendonly|recvonly|inactive)\r?$/m;

/**
 * The SIP messages of one call as the switch sees them: what the SIP server does by itself (100, ACK,
 * retransmissions) is not among them. Bounded, without numbers of persons and without descriptions.
 */
export class Ladder {
  readonly #now: () => number;
  readonly #entries = new EndsOfMany<LadderEntry>();
  #legs = 0;

  /** @param now - UTC epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** In their order. */
  get entries(): readonly LadderEntry[] {
    return this.#entries.all;
  }

  /** Messages that did not fit in between. */
  get dropped(): number {
    return this.#entries.dropped;
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
    this.#entries.add(entry);
  }
}

/** What a description comes to, e.g. `PCMU sendonly`. */
function summaryOf(sdp: string): string {
  return `${CODEC.exec(sdp)?.[1] ?? 'audio'} ${DIRECTION.exec(sdp)?.[1] ?? 'sendrecv'}`;
}
