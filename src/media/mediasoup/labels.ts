import type { types } from 'mediasoup';
import type { AudioCodec } from '../sdp/audio-description';
import { AUDIO_CODECS, CLOCK_RATE, PAYLOAD_TYPES } from '../sdp/audio-description';

interface Label {
  readonly mimeType: string;
  readonly clockRate: number;
}

/**
 * Names under which digits travel in a worker. A router gives every codec one payload type, for
 * both sides of a call, and forwards only what it takes for media, which telephone-event is not.
 * The worker never looks into audio, so a codec's name is a mere label there: each side's payload
 * type for digits gets a label that no call uses. The rates mean nothing either.
 */
const DIGIT_LABELS: readonly Label[] = [
  { mimeType: 'audio/iLBC', clockRate: 8_000 },
  { mimeType: 'audio/SILK', clockRate: 8_000 },
  { mimeType: 'audio/SILK', clockRate: 12_000 },
  { mimeType: 'audio/SILK', clockRate: 16_000 },
  { mimeType: 'audio/SILK', clockRate: 24_000 },
  { mimeType: 'audio/ISAC', clockRate: 16_000 },
  { mimeType: 'audio/ISAC', clockRate: 32_000 },
  { mimeType: 'audio/G722', clockRate: 8_000 },
];

/**
 * Payload types for digits as they are met in the field: 101 nearly everywhere, 96 to 100 and 110
 * from exchanges, 126 in the offers of Chromium.
 */
const USUAL_DIGITS: readonly number[] = [96, 97, 100, 101, 110, 126, 127];

/** One codec as producers and routers name it. */
export interface LabelledCodec extends Label {
  readonly payloadType: number;
}

/**
 * The payload types that one router serves. Two calls with the same share a router.
 * @param digits - the sides' payload types for telephone-event
 */
export class Labels {
  readonly #digits: readonly number[];

  constructor(digits: readonly (number | undefined)[]) {
    const named = digits.filter((payloadType) => payloadType !== undefined);
    this.#digits = [...new Set(named)].slice(0, DIGIT_LABELS.length).sort((a, b) => a - b);
  }

  /**
   * For calls with browsers, which cannot move to another router in mid-call: whatever the next
   * leg may ask for.
   * @param caller - the caller's payload type for telephone-event, where it is known
   */
  static usual(caller: number | undefined): Labels {
    return new Labels([caller, ...USUAL_DIGITS]);
  }

  /** Whether a router with these serves a call that wants those. */
  serves(wanted: Labels): boolean {
    return wanted.#digits.every((payloadType) => this.#digits.includes(payloadType));
  }

  get key(): string {
    return this.#digits.join(',');
  }

  get mediaCodecs(): types.RtpCodecCapability[] {
    const digits = this.#digits.flatMap((payloadType) => this.#labelOf(payloadType) ?? []);
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
    const label = digitsOut === undefined ? undefined : this.#labelOf(digitsOut);
    const events = !label || digitsIn === undefined ? [] : [{ ...label, payloadType: digitsIn }];
    return [...codecs.map(audio), ...events];
  }

  #labelOf(payloadType: number): LabelledCodec | undefined {
    const label = DIGIT_LABELS[this.#digits.indexOf(payloadType)];
    return label && { ...label, payloadType };
  }
}

/** Whether this is audio rather than digits under a label. */
export function isAudio({ mimeType }: { readonly mimeType: string }): boolean {
  return AUDIO_CODECS.some((codec) => mimeType.toLowerCase() === `audio/${codec}`.toLowerCase());
}

function audio(codec: AudioCodec): LabelledCodec {
  return { mimeType: `audio/${codec}`, payloadType: PAYLOAD_TYPES[codec], clockRate: CLOCK_RATE };
}
