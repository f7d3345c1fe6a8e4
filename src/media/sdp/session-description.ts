import { isIP } from 'node:net';
import type { MediaAttributes, SessionDescription } from 'sdp-transform';
import { parse, write } from 'sdp-transform';
import type { SdpProblem } from '../media-engine';

/** The codecs that are carried without transcoding. */
export type AudioCodec = 'PCMU' | 'PCMA';
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const STATIC_PAYLOAD: Readonly<Record<AudioCodec, number>> = { PCMU: 0, PCMA: 8 };
const SDP_LIMIT = 16_384;

/** What a peer's session description says of its audio. */
export interface RemoteAudio {
  /** Where it wants to receive; port 0 never gets here. */
  readonly address: string;
  readonly port: number;
  readonly rtcpPort: number;
  readonly rtcpMux: boolean;
  /** Codecs of ours that it knows, in its order. */
  readonly codecs: readonly AudioCodec[];
  /** Payload type of telephone-event at 8 kHz (RFC 4733); undefined when it has none. */
  readonly telephoneEvent: number | undefined;
  readonly direction: Direction;
  /** Index of the audio among all media, and how many there are: an answer has as many. */
  readonly mediaIndex: number;
  readonly media: readonly { readonly type: string; readonly protocol: string; readonly payloads: string }[];
}

export type ParsedAudio =
  { readonly ok: true; readonly audio: RemoteAudio } | { readonly ok: false; readonly reason: SdpProblem };

/** Reads the first usable audio of an offer or answer (RFC 8866, RFC 3264). Never throws. */
export function parseAudio(text: string): ParsedAudio {
  if (text.length > SDP_LIMIT || !text.startsWith('v=')) return { ok: false, reason: 'malformed' };
  let description: SessionDescription;
  try {
    description = parse(text);
  } catch {
    return { ok: false, reason: 'malformed' };
  }
  const media = Array.isArray(description.media) ? description.media : [];
  const mediaIndex = media.findIndex((line) => line.type === 'audio' && line.port > 0);
  const audio = media[mediaIndex];
  if (!audio) return { ok: false, reason: 'no_audio' };
  if (audio.protocol !== 'RTP/AVP') return { ok: false, reason: 'unsupported_transport' };
  const address = audio.connection?.ip ?? description.connection?.ip;
  if (address === undefined || isIP(address) === 0) return { ok: false, reason: 'malformed' };
  const codecs = codecsOf(audio);
  if (codecs.length === 0) return { ok: false, reason: 'no_common_codec' };
  // An address of zero was hold before RFC 3264 (§8.4): nothing may be sent there.
  const nowhere = address === '0.0.0.0' || address === '::';
  const direction = (audio.direction ?? description.direction ?? 'sendrecv') as Direction;
  return {
    ok: true,
    audio: {
      address,
      port: audio.port,
      rtcpPort: audio.rtcp?.port ?? audio.port + 1,
      rtcpMux: audio.rtcpMux !== undefined,
      codecs,
      telephoneEvent: audio.rtp.find(
        (map) => map.codec.toLowerCase() === 'telephone-event' && map.rate === 8000,
      )?.payload,
      direction: nowhere ? 'inactive' : direction,
      mediaIndex,
      media: media.map((line) => ({
        type: line.type,
        protocol: line.protocol,
        payloads: line.payloads === undefined ? '0' : String(line.payloads),
      })),
    },
  };
}

function codecsOf(
  audio: MediaAttributes & {
    payloads?: string | number;
    rtp: { payload: number; codec: string; rate?: number }[];
  },
): AudioCodec[] {
  const codecs: AudioCodec[] = [];
  for (const payload of String(audio.payloads ?? '').split(' ')) {
    const number = Number(payload);
    const mapped = audio.rtp.find((map) => map.payload === number);
    if (mapped && mapped.rate !== 8000) continue;
    const name = mapped ? mapped.codec.toUpperCase() : number === 0 ? 'PCMU' : number === 8 ? 'PCMA' : '';
    // A dynamic number for a codec that has a static one is legal and never seen; we do not carry it.
    if ((name === 'PCMU' && number === 0) || (name === 'PCMA' && number === 8)) codecs.push(name);
  }
  return codecs;
}

/** Our side of one audio line. */
export interface LocalAudio {
  readonly sessionId: number;
  /** Grows with each description that differs (RFC 3264 §8). */
  readonly version: number;
  readonly address: string;
  readonly port: number;
  /** Port of RTCP; the same as `port` when it is multiplexed (RFC 5761). */
  readonly rtcpPort: number;
  readonly rtcpMux: boolean;
  readonly codecs: readonly AudioCodec[];
  readonly telephoneEvent: number | undefined;
  readonly direction: Direction;
}

/** Writes our description. In an answer every media line of the offer appears, those we refuse with port 0. */
export function writeAudio(local: LocalAudio, answering?: RemoteAudio): string {
  const payloads = local.codecs.map((codec) => STATIC_PAYLOAD[codec]);
  const rtp: { payload: number; codec: string; rate: number }[] = local.codecs.map((codec) => ({
    payload: STATIC_PAYLOAD[codec],
    codec,
    rate: 8000,
  }));
  const fmtp: { payload: number; config: string }[] = [];
  if (local.telephoneEvent !== undefined) {
    payloads.push(local.telephoneEvent);
    rtp.push({ payload: local.telephoneEvent, codec: 'telephone-event', rate: 8000 });
    fmtp.push({ payload: local.telephoneEvent, config: '0-15' });
  }
  const audio = {
    type: 'audio',
    port: local.port,
    protocol: 'RTP/AVP',
    payloads: payloads.join(' '),
    rtp,
    fmtp,
    ptime: 20,
    direction: local.direction,
    ...(local.rtcpMux ? { rtcpMux: 'rtcp-mux' } : { rtcp: { port: local.rtcpPort } }),
  };
  const media = answering
    ? answering.media.map((line, index) =>
        index === answering.mediaIndex ? audio : { ...line, port: 0, rtp: [], fmtp: [] },
      )
    : [audio];
  const ipVersion = local.address.includes(':') ? 6 : 4;
  return write({
    version: 0,
    origin: {
      username: 'dce',
      sessionId: local.sessionId,
      sessionVersion: local.version,
      netType: 'IN',
      ipVer: ipVersion,
      address: local.address,
    },
    name: '-',
    connection: { version: ipVersion, ip: local.address },
    timing: { start: 0, stop: 0 },
    media: media as SessionDescription['media'],
  });
}

/** What we say to what the peer says (RFC 3264 §6.1). */
export function answerDirection(remote: Direction): Direction {
  if (remote === 'sendonly') return 'recvonly';
  if (remote === 'recvonly') return 'sendonly';
  return remote;
}
