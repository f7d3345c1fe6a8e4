import type { RecordingFormat } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';
import { decodeG711, encodeG711, encodePcm, G711_SILENCE } from '../sounds/g711';
import { FRAME_SAMPLES } from '../sounds/score';
import type { WavAudio } from './wav';

type Encoding = RecordingFormat['encoding'];

/** A prompt as it is sent: whole frames, in either encoding. */
export interface EncodedPrompt extends Readonly<Record<Encoding, Buffer>> {
  readonly seconds: number;
}

/** Encodes what a file holds; octets that are in an encoding already stay as they are. */
export function encodePrompt(audio: WavAudio): EncodedPrompt {
  const [PCMU, PCMA] = [
    wholeFrames(encodeAs(audio, 'PCMU'), 'PCMU'),
    wholeFrames(encodeAs(audio, 'PCMA'), 'PCMA'),
  ];
  return { PCMU, PCMA, seconds: PCMU.length / CLOCK_RATE };
}

function encodeAs({ encoding, octets }: WavAudio, wanted: Encoding): Buffer {
  if (encoding === wanted) return octets;
  return encoding === 'PCM' ? encodePcm(octets, wanted) : encodeG711(decodeG711(octets, encoding), wanted);
}

/** A copy of its own: the file's buffer may be let go. */
function wholeFrames(octets: Buffer, encoding: Encoding): Buffer {
  const filled = Buffer.alloc(
    Math.ceil(octets.length / FRAME_SAMPLES) * FRAME_SAMPLES,
    G711_SILENCE[encoding],
  );
  octets.copy(filled);
  return filled;
}
