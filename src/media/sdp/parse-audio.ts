import { isIP } from 'node:net';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { parse } from 'sdp-transform';
import type { SdpProblem } from '../media-engine';
import type { AudioCodec, Direction, MediaLine, RemoteAudio } from './audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from './audio-description';

export type ParsedAudio =
  { readonly ok: true; readonly audio: RemoteAudio } | { readonly ok: false; readonly reason: SdpProblem };

const MAX_LENGTH = 16_384;
const MAX_MEDIA_LINES = 16;
const MAX_PORT = 65_535;
const MAX_PAYLOAD_TYPE = 127;
const MIN_PTIME = 5;
const MAX_PTIME = 120;
/** Plain RTP; the feedback profile differs in its RTCP alone (RFC 4585). */
const PROTOCOLS = new Set(['RTP/AVP', 'RTP/AVPF']);
const DIRECTIONS = new Set<unknown>(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

/** Reads the first audio of an offer or answer that plain RTP can carry (RFC 8866, RFC 3264). Never throws. */
export function parseAudio(text: string): ParsedAudio {
  const description = read(text);
  if (!description) return { ok: false, reason: 'malformed' };
  const lines = description.media;
  const audible = lines.filter((line) => line.type === 'audio' && line.port > 0);
  if (audible.length === 0) return { ok: false, reason: 'no_audio' };
  const audio = audible.find((line) => PROTOCOLS.has(line.protocol));
  if (!audio) return { ok: false, reason: 'unsupported_transport' };
  const address = addressOf(audio.connection?.ip ?? description.connection?.ip);
  if (audio.port > MAX_PORT || address === undefined) return { ok: false, reason: 'malformed' };
  // A name would have to be resolved before an answer can go out: no carrier sends one.
  if (isIP(address) === 0) return { ok: false, reason: 'unsupported_transport' };
  const codecs = codecsOf(audio);
  if (codecs.length === 0) return { ok: false, reason: 'no_common_codec' };
  const rtcpMux = audio.rtcpMux !== undefined;
  return {
    ok: true,
    audio: {
      address,
      port: audio.port,
      rtcpPort: rtcpPortOf(audio, rtcpMux),
      rtcpMux,
      codecs,
      telephoneEvent: telephoneEventOf(audio),
      ptime: ptimeOf(audio.ptime ?? description.ptime),
      direction: directionOf(audio.direction ?? description.direction, address),
      mediaIndex: lines.indexOf(audio),
      media: lines.map(mediaLine),
    },
  };
}

/** The description, when each of its media lines can be read. */
function read(text: string): (SessionDescription & { ptime?: number }) | undefined {
  if (text.length > MAX_LENGTH || !text.startsWith('v=0')) return undefined;
  let description: SessionDescription;
  try {
    description = parse(text);
  } catch {
    return undefined;
  }
  const { media } = description;
  if (media.length > MAX_MEDIA_LINES) return undefined;
  return media.every((line) => typeof line.type === 'string' && typeof line.port === 'number')
    ? description
    : undefined;
}

function mediaLine(line: MediaDescription): MediaLine {
  return { type: line.type, protocol: line.protocol, payloads: String(line.payloads ?? '') || '0' };
}

function payloadsOf(audio: MediaDescription): number[] {
  return String(audio.payloads ?? '')
    .split(' ')
    .filter((payload) => /^\d{1,3}$/.test(payload))
    .map(Number);
}

/**
 * A static payload type needs no `a=rtpmap` (RFC 3551 §6). A dynamic number for a codec that has a
 * static one is legal and not seen in the field: the two sides would need the same one, so it is no
 * codec of ours.
 */
function codecsOf(audio: MediaDescription): AudioCodec[] {
  const codecs: AudioCodec[] = [];
  for (const payload of payloadsOf(audio)) {
    const codec =
      payload === PAYLOAD_TYPES.PCMU ? 'PCMU' : payload === PAYLOAD_TYPES.PCMA ? 'PCMA' : undefined;
    if (!codec || codecs.includes(codec)) continue;
    const map = audio.rtp.find((entry) => entry.payload === payload);
    const contradicts = map && (nameOf(map) !== codec || (map.rate ?? CLOCK_RATE) !== CLOCK_RATE);
    if (!contradicts) codecs.push(codec);
  }
  return codecs;
}

function telephoneEventOf(audio: MediaDescription): number | undefined {
  const payloads = payloadsOf(audio);
  const map = audio.rtp.find(
    (entry) =>
      nameOf(entry) === 'TELEPHONE-EVENT' &&
      entry.rate === CLOCK_RATE &&
      entry.payload <= MAX_PAYLOAD_TYPE &&
      payloads.includes(entry.payload),
  );
  const taken = map?.payload === PAYLOAD_TYPES.PCMU || map?.payload === PAYLOAD_TYPES.PCMA;
  return taken ? undefined : map?.payload;
}

/** The parser turns whatever looks like a number into one, names too. */
function nameOf({ codec }: { readonly codec: unknown }): string {
  return String(codec).toUpperCase();
}

function rtcpPortOf(audio: MediaDescription, rtcpMux: boolean): number {
  if (rtcpMux) return audio.port;
  const announced = audio.rtcp?.port;
  if (announced !== undefined && announced > 0 && announced <= MAX_PORT) return announced;
  return Math.min(audio.port + 1, MAX_PORT);
}

/** Without the TTL and count that a multicast address may carry (RFC 8866 §5.7). */
function addressOf(connection: unknown): string | undefined {
  return connection === undefined || connection === '' ? undefined : String(connection).split('/', 1)[0];
}

function ptimeOf(ptime: unknown): number | undefined {
  return typeof ptime === 'number' && ptime >= MIN_PTIME && ptime <= MAX_PTIME ? ptime : undefined;
}

/** An address of zero was hold before RFC 3264 (§8.4): the peer may still speak, and must not be sent to. */
function directionOf(stated: unknown, address: string): Direction {
  const direction = DIRECTIONS.has(stated) ? (stated as Direction) : 'sendrecv';
  if (address !== '0.0.0.0' && address !== '::') return direction;
  return direction === 'sendrecv' || direction === 'sendonly' ? 'sendonly' : 'inactive';
}
