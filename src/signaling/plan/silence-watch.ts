import type { RecordingFormat, RecordingSink } from '../../media';

/** Half of the octets are the caller's: 8,000 samples a second. */
const OCTETS_PER_MS = 16;
/** Steps of G.711 below which nobody speaks: the lowest three of its eight segments, some -36 dBm0. */
const SPOKEN_SEGMENT = 3;

/** Hands a recording on, and tells when the caller has said nothing for so long. */
export class SilenceWatch implements RecordingSink {
  readonly #sink: RecordingSink;
  readonly #silenceMs: number;
  readonly #onSilence: () => void;
  #encoding: RecordingFormat['encoding'] = 'PCMU';
  #silentMs = 0;
  #told = false;

  constructor(sink: RecordingSink, silenceMs: number, onSilence: () => void) {
    this.#sink = sink;
    this.#silenceMs = silenceMs;
    this.#onSilence = onSilence;
  }

  begin(format: RecordingFormat): void {
    this.#encoding = format.encoding;
    this.#sink.begin(format);
  }

  write(octets: Buffer): void {
    if (!this.#told) this.#listen(octets);
    this.#sink.write(octets);
  }

  end(...facts: Parameters<RecordingSink['end']>): void {
    this.#sink.end(...facts);
  }

  #listen(octets: Buffer): void {
    if (isSpoken(octets, this.#encoding)) this.#silentMs = 0;
    else this.#silentMs += octets.length / OCTETS_PER_MS;
    if (this.#silentMs < this.#silenceMs) return;
    this.#told = true;
    this.#onSilence();
  }
}

/** Whether one in ten of the caller's samples is loud enough to be speech. */
function isSpoken(octets: Buffer, encoding: RecordingFormat['encoding']): boolean {
  // µ-law is sent inverted, A-law with its even bits inverted (ITU-T G.711): bits 4 to 6 are the segment.
  const inversion = encoding === 'PCMU' ? 0xff : 0x55;
  let loud = 0;
  for (let index = 0; index < octets.length; index += 2) {
    if (((((octets[index] as number) ^ inversion) >> 4) & 7) >= SPOKEN_SEGMENT) loud++;
  }
  return loud * 20 > octets.length;
}
