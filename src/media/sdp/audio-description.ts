/** The codecs that cross from one side of a call to the other; nothing is transcoded. */
export type AudioCodec = 'PCMU' | 'PCMA';

/** Payload types of RFC 3551 §6. */
export const PAYLOAD_TYPES: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8 };

export const AUDIO_CODECS: readonly AudioCodec[] = ['PCMU', 'PCMA'];

/** RTP clock of everything we carry, in hertz. */
export const CLOCK_RATE = 8_000;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** What a description says of its audio, however that travels. */
export interface AudioTraits {
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

/** What one side's session description says of its audio over plain RTP (RFC 8866). */
export interface RemoteAudio extends AudioTraits {
  /** Where it wants to receive. */
  readonly address: string;
  readonly port: number;
  /** Where it wants RTCP: `a=rtcp` (RFC 3605), else the port above, else the RTP port when multiplexed. */
  readonly rtcpPort: number;
  /** It can take RTP and RTCP on one port (RFC 5761). */
  readonly rtcpMux: boolean;
}

/** What a browser's description says of its audio (RFC 8829). */
export interface RemoteWebRtc extends AudioTraits {
  readonly ice: IceCredentials;
  readonly fingerprints: readonly Fingerprint[];
  /** Who begins the DTLS handshake (RFC 8842 §5). */
  readonly setup: DtlsSetup;
  /** Name of the media line, where it has one (RFC 5888). */
  readonly mid: string | undefined;
  /** Its line is part of a bundle (RFC 9143). */
  readonly bundled: boolean;
  /** The stream that it sends; undefined while it sends none. */
  readonly ssrc: number | undefined;
}

/** RFC 8839 §5.4. */
export interface IceCredentials {
  readonly usernameFragment: string;
  readonly password: string;
}

/** Hash of the certificate that a DTLS peer will show (RFC 8122 §5). */
export interface Fingerprint {
  readonly algorithm: string;
  /** Hexadecimal bytes in capitals, with colons between. */
  readonly value: string;
}

export type DtlsSetup = 'actpass' | 'active' | 'passive';

/** Where a peer can reach us (RFC 8839 §5.1). */
export interface HostCandidate {
  readonly foundation: string;
  readonly priority: number;
  readonly address: string;
  readonly protocol: 'udp' | 'tcp';
  readonly port: number;
}

/** As much of a media line as refusing it takes. */
export interface MediaLine {
  readonly type: string;
  readonly protocol: string;
  readonly payloads: string;
  readonly mid?: string;
}

/** Our side of one audio line, however it travels. */
export interface LocalTraits {
  readonly sessionId: number;
  /** Grows by one with each description that differs from the last (RFC 3264 §8). */
  readonly version: number;
  readonly codecs: readonly AudioCodec[];
  readonly telephoneEvent: number | undefined;
  readonly ptime: number | undefined;
  readonly direction: Direction;
}

/** Our side of one audio line over plain RTP. */
export interface LocalAudio extends LocalTraits {
  readonly address: string;
  readonly port: number;
  readonly rtcpMux: boolean;
}

/** Our side of one audio line towards a browser. */
export interface LocalWebRtc extends LocalTraits {
  readonly ice: IceCredentials;
  /** Never empty; the first is where a peer without ICE would send. */
  readonly candidates: readonly HostCandidate[];
  readonly fingerprint: Fingerprint;
  readonly setup: DtlsSetup;
  readonly mid: string | undefined;
  readonly bundled: boolean;
}
