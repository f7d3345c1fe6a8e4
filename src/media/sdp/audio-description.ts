/** The codecs that cross from one side of a call to the other; nothing is transcoded. */
export type AudioCodec = 'PCMU' | 'PCMA';

/** Payload types of RFC 3551 §6. */
export const PAYLOAD_TYPES: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8 };

export const AUDIO_CODECS: readonly AudioCodec[] = ['PCMU', 'PCMA'];

/** RTP clock of everything we carry, in hertz. */
export const CLOCK_RATE = 8_000;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What one side's session description says of its audio (RFC 8866). */
export interface RemoteAudio {
  /** Where it wants to receive. */
  readonly address: string;
  readonly port: number;
  /** Where it wants RTCP: `a=rtcp` (RFC 3605), else the port above, else the RTP port when multiplexed. */
  readonly rtcpPort: number;
  /** It can take RTP and RTCP on one port (RFC 5761). */
  readonly rtcpMux: boolean;
  /** Those of our codecs that it lists, in its order of preference. Never empty. */
  readonly codecs: readonly AudioCodec[];
  /** Payload type of telephone-event at 8 kHz (RFC 4733); undefined when it has none. */
  readonly telephoneEvent: number | undefined;
  /** Milliseconds of audio per packet that it asks for. */
  readonly ptime: number | undefined;
  /** `inactive` and `sendonly` are hold, as is an address of zero (RFC 3264 §8.4). */
  readonly direction: Direction;
  /** Which of its media lines the audio is, and all of them: an answer has as many (RFC 3264 §6). */
  readonly mediaIndex: number;
  readonly media: readonly MediaLine[];
}

/** As much of a media line as refusing it takes. */
export interface MediaLine {
  readonly type: string;
  readonly protocol: string;
  readonly payloads: string;
}

/** Our side of one audio line. */
export interface LocalAudio {
  readonly sessionId: number;
  /** Grows by one with each description that differs from the last (RFC 3264 §8). */
  readonly version: number;
  readonly address: string;
  readonly port: number;
  readonly rtcpMux: boolean;
  readonly codecs: readonly AudioCodec[];
  readonly telephoneEvent: number | undefined;
  readonly ptime: number | undefined;
  readonly direction: Direction;
}
