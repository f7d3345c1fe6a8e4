import type { types } from 'mediasoup';
import type { AudioCodec } from '../sdp/audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from '../sdp/audio-description';

/**
 * Names under which digits travel in a worker. A router gives every codec one payload type, for
 * both sides of a call, and forwards only what it takes for media, which telephone-event is not.
 * The worker never looks into audio, so a codec's name is a mere label there: each side's payload
 * type for digits gets a label that no call uses.
 */
const DIGIT_LABELS = ['audio/iLBC', 'audio/SILK'] as const;

/** One codec as producers and routers name it. */
export interface LabelledCodec {
  readonly mimeType: string;
  readonly payloadType: number;
  readonly clockRate: number;
}

/**
 * The payload types that one router serves. Two calls with the same share a router.
 * @param digits - the two sides' payload types for telephone-event
 */
export class Labels {
  readonly #digits: readonly number[];

  constructor(digits: readonly (number | undefined)[]) {
    const named = digits.filter((payloadType) => payloadType !== undefined);
    this.#digits = [...new Set(named)].sort((a, b) => a - b).slice(0, DIGIT_LABELS.length);
  }

  get key(): string {
    return this.#digits.join(',');
  }

  get mediaCodecs(): types.RtpCodecCapability[] {
    const digits = this.#digits.map((payloadType, index) => labelled(DIGIT_LABELS[index] ?? '', payloadType));
    return [audio('PCMU'), audio('PCMA'), ...digits].map(({ mimeType, clockRate, payloadType }) => ({
      kind: 'audio' as const,
      mimeType,
      clockRate,
      preferredPayloadType: payloadType,
    }));
  }

  /**
   * What one side sends, labelled so that it leaves with the other side's payload types.
   * @param codecs - the first one must be that of the stream's packets
   * @param digitsIn - payload type of the sender's digits
   * @param digitsOut - payload type that the hearing side wants for them
   */
  stream(
    codecs: readonly AudioCodec[],
    digitsIn: number | undefined,
    digitsOut: number | undefined,
  ): LabelledCodec[] {
    const label = digitsOut === undefined ? undefined : DIGIT_LABELS[this.#digits.indexOf(digitsOut)];
    const events = label === undefined || digitsIn === undefined ? [] : [labelled(label, digitsIn)];
    return [...codecs.map(audio), ...events];
  }
}

function audio(codec: AudioCodec): LabelledCodec {
  return labelled(`audio/${codec}`, PAYLOAD_TYPES[codec]);
}

function labelled(mimeType: string, payloadType: number): LabelledCodec {
  return { mimeType, payloadType, clockRate: CLOCK_RATE };
}
