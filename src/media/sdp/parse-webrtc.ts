import type { MediaDescription } from 'sdp-transform';
import type { SdpProblem } from '../media-engine';
import type { DtlsSetup, Fingerprint, IceCredentials, RemoteWebRtc } from './audio-description';
import { speaks } from './direction';
import type { Description } from './read-audio';
import { readDescription, readTraits } from './read-audio';

export type ParsedWebRtc =
  { readonly ok: true; readonly audio: RemoteWebRtc } | { readonly ok: false; readonly reason: SdpProblem };

/** SRTP keyed by DTLS (RFC 5764 §8), also when the default candidate is one of TCP (RFC 7850 §4). */
const PROTOCOLS = new Set(['UDP/TLS/RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'TCP/TLS/RTP/SAVPF', 'TCP/TLS/RTP/SAVP']);
const SETUPS = new Set<unknown>(['actpass', 'active', 'passive']);
/** Older hashes say nothing of who the peer is (RFC 8122 §5). */
const HASHES = new Set(['sha-256', 'sha-384', 'sha-512']);
const FINGERPRINT = /^[0-9a-f]{2}(?::[0-9a-f]{2}){31,63}$/i;
const ICE_CHARS = /^[A-Za-z0-9+/]+$/;
/** RFC 8839 §5.4. */
const MIN_UFRAG = 4;
const MIN_PASSWORD = 22;
const MAX_ICE_CHARS = 256;
/** A token (RFC 5888 §4), of a length that a header extension could carry. */
const MID = /^[\w!#$%&'*+.^`{|}~-]{1,64}$/;
const MAX_SSRC = 2 ** 32 - 1;

/**
 * Reads the first audio of a browser's offer or answer (RFC 8829): ICE, DTLS-SRTP, RTP and RTCP on
 * one port. Its candidates are of no use to an ICE-lite agent, who answers wherever it is asked
 * from: relays need not be known. Never throws.
 */
export function parseWebRtc(text: string): ParsedWebRtc {
  const description = readDescription(text);
  if (!description) return { ok: false, reason: 'malformed' };
  const audible = description.media.filter((line) => line.type === 'audio' && line.port > 0);
  if (audible.length === 0) return { ok: false, reason: 'no_audio' };
  const audio = audible.find((line) => PROTOCOLS.has(line.protocol));
  if (audio?.rtcpMux === undefined) return { ok: false, reason: 'unsupported_transport' };
  const ice = iceOf(description, audio);
  const fingerprint = fingerprintOf(description, audio);
  if (!ice || !fingerprint) return { ok: false, reason: 'malformed' };
  if (!HASHES.has(fingerprint.algorithm)) return { ok: false, reason: 'unsupported_transport' };
  const traits = readTraits(description, audio);
  if (!traits) return { ok: false, reason: 'no_common_codec' };
  const ssrc = ssrcOf(audio);
  // The worker tells streams apart by their SSRC, which every browser names.
  if (ssrc === undefined && speaks(traits.direction)) return { ok: false, reason: 'unsupported_transport' };
  const mid = midOf(audio);
  return {
    ok: true,
    audio: {
      ...traits,
      ice,
      fingerprints: [fingerprint],
      setup: setupOf(description, audio),
      mid,
      bundled: mid !== undefined && isBundled(description, mid),
      ssrc,
    },
  };
}

function iceOf(description: Description, audio: MediaDescription): IceCredentials | undefined {
  const usernameFragment = String(audio.iceUfrag ?? description.iceUfrag ?? '');
  const password = String(audio.icePwd ?? description.icePwd ?? '');
  const fits = (text: string, min: number): boolean =>
    text.length >= min && text.length <= MAX_ICE_CHARS && ICE_CHARS.test(text);
  return fits(usernameFragment, MIN_UFRAG) && fits(password, MIN_PASSWORD)
    ? { usernameFragment, password }
    : undefined;
}

function fingerprintOf(description: Description, audio: MediaDescription): Fingerprint | undefined {
  const stated = audio.fingerprint ?? description.fingerprint;
  const value = String(stated?.hash ?? '');
  if (!stated || !FINGERPRINT.test(value)) return undefined;
  return { algorithm: String(stated.type).toLowerCase(), value: value.toUpperCase() };
}

function setupOf(description: Description, audio: MediaDescription): DtlsSetup {
  const setup: unknown = audio.setup ?? description.setup;
  return SETUPS.has(setup) ? (setup as DtlsSetup) : 'actpass';
}

function midOf(audio: MediaDescription): string | undefined {
  const mid = audio.mid === undefined ? '' : String(audio.mid);
  return MID.test(mid) ? mid : undefined;
}

function isBundled(description: Description, mid: string): boolean {
  const groups = description.groups ?? [];
  return groups.some(({ type, mids }) => type === 'BUNDLE' && String(mids).split(' ').includes(mid));
}

function ssrcOf(audio: MediaDescription): number | undefined {
  const id = Number(audio.ssrcs?.[0]?.id);
  return Number.isInteger(id) && id > 0 && id <= MAX_SSRC ? id : undefined;
}
