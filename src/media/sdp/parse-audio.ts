import { isIP } from 'node:net';
import type { MediaDescription } from 'sdp-transform';
import type { SdpProblem } from '../media-engine';
import type { Direction, RemoteAudio } from './audio-description';
import { readDescription, readTraits } from './read-audio';

export type ParsedAudio =
  { readonly ok: true; readonly audio: RemoteAudio } | { readonly ok: false; readonly reason: SdpProblem };

const MAX_PORT = 65_535;
/** Plain RTP; the feedback profile differs in its RTCP alone (RFC 4585). */
const PROTOCOLS = new Set(['RTP/AVP', 'RTP/AVPF']);

/** Reads the first audio of an offer or answer that plain RTP can carry (RFC 8866, RFC 3264). Never throws. */
export function parseAudio(text: string): ParsedAudio {
  const description = readDescription(text);
  if (!description) return { ok: false, reason: 'malformed' };
  const audible = description.media.filter((line) => line.type === 'audio' && line.port > 0);
  if (audible.length === 0) return { ok: false, reason: 'no_audio' };
  const audio = audible.find((line) => PROTOCOLS.has(line.protocol));
  if (!audio) return { ok: false, reason: 'unsupported_transport' };
  const address = addressOf(audio.connection?.ip ?? description.connection?.ip);
  if (audio.port > MAX_PORT || address === undefined) return { ok: false, reason: 'malformed' };
  // A name would have to be resolved before an answer can go out: no carrier sends one.
  if (isIP(address) === 0) return { ok: false, reason: 'unsupported_transport' };
  const traits = readTraits(description, audio);
  if (!traits) return { ok: false, reason: 'no_common_codec' };
  const rtcpMux = audio.rtcpMux !== undefined;
  return {
    ok: true,
    audio: {
      ...traits,
      direction: directionAt(address, traits.direction),
      address,
      port: audio.port,
      rtcpPort: rtcpPortOf(audio, rtcpMux),
      rtcpMux,
    },
  };
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

/** An address of zero was hold before RFC 3264 (§8.4): the peer may still speak, and must not be sent to. */
function directionAt(address: string, stated: Direction): Direction {
  if (address !== '0.0.0.0' && address !== '::') return stated;
  return stated === 'sendrecv' || stated === 'sendonly' ? 'sendonly' : 'inactive';
}
