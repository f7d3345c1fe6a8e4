import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { parse } from 'sdp-transform';
import type { AudioCodec, AudioTraits, Direction, MediaLine } from './audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from './audio-description';

const MAX_LENGTH = 16_384;
const MAX_MEDIA_LINES = 16;
const MAX_PAYLOAD_TYPE = 127;
const MIN_PTIME = 5;
const MAX_PTIME = 120;
const DIRECTIONS = new Set<unknown>(['sendrecv', 'sendonly', 'recvonly', 'inactive']);

export type Description = SessionDescription & { readonly ptime?: number };

/** The description, when each of its media lines can be read. */
export function readDescription(text: string): Description | undefined {
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

/** What an audio line says that does not depend on how its audio travels; undefined when no codec of ours is among it. */
export function readTraits(description: Description, audio: MediaDescription): AudioTraits | undefined {
  const codecs = codecsOf(audio);
  if (codecs.length === 0) return undefined;
  return {
    codecs,
    telephoneEvent: telephoneEventOf(audio),
    ptime: ptimeOf(audio.ptime ?? description.ptime),
    direction: directionOf(audio.direction ?? description.direction),
    mediaIndex: description.media.indexOf(audio),
    media: description.media.map(mediaLine),
  };
}

function mediaLine(line: MediaDescription): MediaLine {
  const payloads = String(line.payloads ?? '') || '0';
  const mid = line.mid === undefined ? {} : { mid: String(line.mid) };
  return { type: line.type, protocol: line.protocol, payloads, ...mid };
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

function ptimeOf(ptime: unknown): number | undefined {
  return typeof ptime === 'number' && ptime >= MIN_PTIME && ptime <= MAX_PTIME ? ptime : undefined;
}

function directionOf(stated: unknown): Direction {
  return DIRECTIONS.has(stated) ? (stated as Direction) : 'sendrecv';
}
