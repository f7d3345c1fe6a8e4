import { isIPv4 } from 'node:net';
import type { MediaDescription } from 'sdp-transform';
import { parse, write } from 'sdp-transform';
import type { SdpProblem } from '../media-engine';
import type { Direction, MediaLine } from '../sdp/audio-description';
import { readDescription } from '../sdp/read-audio';

/** What FreeSWITCH speaks, and turns into one another. */
export const CODECS = ['OPUS', 'G722', 'PCMU', 'PCMA'] as const;
export type CodecName = (typeof CODECS)[number];

/** A payload of an audio line. */
export interface Payload {
  readonly type: number;
  readonly name: string;
  readonly rate: number;
  readonly channels: number | undefined;
  readonly parameters: string | undefined;
}

/** What a peer says of its audio. */
export interface PeerAudio {
  readonly address: string;
  readonly port: number;
  /** Those of ours that it lists, each with the payload that means it, in its order of preference. Never empty. */
  readonly codecs: ReadonlyMap<CodecName, Payload>;
  readonly events: readonly Payload[];
  readonly ptime: number | undefined;
  readonly direction: Direction;
  /** Which of its media lines the audio is, and all of them: an answer has as many (RFC 3264 §6). */
  readonly mediaIndex: number;
  readonly media: readonly MediaLine[];
}

/** What we say of ours. */
export interface OwnAudio {
  readonly sessionId: number;
  readonly version: number;
  readonly address: string;
  readonly port: number;
  readonly payloads: readonly Payload[];
  readonly ptime: number | undefined;
  readonly direction: Direction;
}

/** RFC 3551 §6 (G.722 says 8 kHz and samples at 16, §4.5.2), RFC 7587; the dynamic numbers are ours. */
const PAYLOADS: Readonly<Record<CodecName, Payload>> = {
  OPUS: { type: 111, name: 'opus', rate: 48_000, channels: 2, parameters: 'useinbandfec=1' },
  G722: { type: 9, name: 'G722', rate: 8_000, channels: undefined, parameters: undefined },
  PCMU: { type: 0, name: 'PCMU', rate: 8_000, channels: undefined, parameters: undefined },
  PCMA: { type: 8, name: 'PCMA', rate: 8_000, channels: undefined, parameters: undefined },
};
/** RFC 4733 §2.5.1: digits run on the clock of the codec beside them. */
const EVENTS: readonly Payload[] = [
  { type: 101, name: 'telephone-event', rate: 8_000, channels: undefined, parameters: '0-15' },
  { type: 110, name: 'telephone-event', rate: 48_000, channels: undefined, parameters: '0-15' },
];
/** A static payload type needs no `a=rtpmap`. */
const STATIC = new Map(
  [PAYLOADS.PCMU, PAYLOADS.PCMA, PAYLOADS.G722].map((payload) => [payload.type, payload]),
);

/** Samples a second of what it decodes to. */
export const SAMPLE_RATES: Readonly<Record<CodecName, number>> = {
  OPUS: 48_000,
  G722: 16_000,
  PCMU: 8_000,
  PCMA: 8_000,
};

const PROTOCOLS = new Set(['RTP/AVP', 'RTP/AVPF']);
const MAX_PORT = 65_535;
const DEFAULT_PTIME = 20;
const DIRECTIONS = new Set<unknown>(['sendrecv', 'sendonly', 'recvonly', 'inactive']);
/** TEST-NET-1 and the discard port (RFC 5737, RFC 863): where nobody is, and nothing is sent. */
const NOWHERE = { address: '192.0.2.1', port: 9 };

/** Reads the first audio of an offer or an answer. Never throws. */
export function readPeer(text: string): PeerAudio | SdpProblem {
  const description = readDescription(text);
  if (!description) return 'malformed';
  const audible = description.media.filter((line) => line.type === 'audio' && line.port > 0);
  if (audible.length === 0) return 'no_audio';
  const audio = audible.find((line) => PROTOCOLS.has(line.protocol));
  if (!audio) return 'unsupported_transport';
  const connection = audio.connection?.ip ?? description.connection?.ip;
  const address = String(connection ?? '').split('/', 1)[0] ?? '';
  if (audio.port > MAX_PORT || address === '') return 'malformed';
  // The profile of freeswitch/ is one of IPv4.
  if (!isIPv4(address)) return 'unsupported_transport';
  const payloads = payloadsOf(audio);
  const codecs = new Map<CodecName, Payload>();
  for (const payload of payloads) {
    const codec = codecOf(payload);
    if (codec !== undefined && !codecs.has(codec)) codecs.set(codec, payload);
  }
  if (codecs.size === 0) return 'no_common_codec';
  const stated = audio.direction ?? description.direction;
  const direction = DIRECTIONS.has(stated) ? (stated as Direction) : 'sendrecv';
  const ptime = Number(audio.ptime ?? description.ptime);
  return {
    address,
    port: audio.port,
    codecs,
    events: payloads.filter(({ name }) => name.toLowerCase() === 'telephone-event'),
    ptime: ptime >= 10 && ptime <= 60 && ptime % 10 === 0 ? ptime : undefined,
    direction: address === '0.0.0.0' ? holding(direction) : direction,
    mediaIndex: description.media.indexOf(audio),
    media: description.media.map((line) => ({
      type: line.type,
      protocol: line.protocol,
      payloads: String(line.payloads ?? '') || '0',
      ...(line.mid === undefined ? {} : { mid: String(line.mid) }),
    })),
  };
}

/**
 * Our payloads for these codecs, with digits on the clocks that they run on.
 * @param wished - digits of another leg's peer, whose numbers we take where we can: then they are the same on both
 */
export function ownPayloads(codecs: readonly CodecName[], wished: readonly Payload[] = []): Payload[] {
  const chosen = codecs.map((codec) => PAYLOADS[codec]);
  const taken = new Set([...Object.values(PAYLOADS), ...EVENTS].map(({ type }) => type));
  const events = EVENTS.filter((event) => chosen.some(({ rate }) => rate === event.rate)).map((event) => {
    const wish = wished.find(
      ({ rate, type }) => rate === event.rate && (type === event.type || !taken.has(type)),
    );
    return wish ? { ...event, type: wish.type } : event;
  });
  return [...chosen, ...new Map(events.map((event) => [event.type, event])).values()];
}

/**
 * One codec of the peer's, and its digits on that clock, else on any.
 * @param ours - the numbers that we offered, when this is an answer: under those it sends digits (RFC 3264 §5.1)
 */
export function peerPayloads(peer: PeerAudio, codec: CodecName, ours: readonly Payload[] = []): Payload[] {
  const chosen = peer.codecs.get(codec);
  if (!chosen) return [];
  const event = peer.events.find(({ rate }) => rate === chosen.rate) ?? peer.events[0];
  if (!event) return [chosen];
  const offered = ours.find(({ name, rate }) => name === event.name.toLowerCase() && rate === event.rate);
  return [chosen, offered ? { ...event, type: offered.type } : event];
}

/**
 * Writes our description.
 * @param answering - the peer's, when this answers it, or follows it: its media lines stay in their places
 */
export function writeOwn(own: OwnAudio, answering?: PeerAudio): string {
  const protocol = answering?.media[answering.mediaIndex]?.protocol ?? 'RTP/AVP';
  const audio = audioLine(own, protocol);
  return write({
    version: 0,
    origin: {
      username: '-',
      sessionId: own.sessionId,
      sessionVersion: own.version,
      netType: 'IN',
      ipVer: 4,
      address: own.address,
    },
    name: '-',
    connection: { version: 4, ip: own.address },
    timing: { start: 0, stop: 0 },
    media: answering
      ? answering.media.map((line, index) =>
          index === answering.mediaIndex ? audio : { ...line, port: 0, rtp: [], fmtp: [] },
        )
      : [audio],
  });
}

/** What a channel is opened with. */
export const OPENING_CODEC: CodecName = 'PCMU';

/** With this a channel is opened, before anything is known of the peer. */
export function openingOffer(sessionId: number): string {
  const payloads = ownPayloads([OPENING_CODEC]);
  return writeOwn({ ...NOWHERE, sessionId, version: 1, payloads, ptime: undefined, direction: 'inactive' });
}

/** Where FreeSWITCH takes audio, by what it says; undefined when it takes none. */
export function placeOf(sdp: string): { readonly address: string; readonly port: number } | undefined {
  const description = parse(sdp);
  const audio = description.media.find(({ type }) => type === 'audio');
  const address = audio?.connection?.ip ?? description.connection?.ip;
  return audio && audio.port > 0 && address !== undefined ? { address, port: audio.port } : undefined;
}

function audioLine(own: OwnAudio, protocol: string): MediaDescription {
  const fmtp = own.payloads.flatMap(({ type, parameters }) =>
    parameters === undefined ? [] : [{ payload: type, config: parameters }],
  );
  return {
    type: 'audio',
    port: own.port,
    protocol,
    payloads: own.payloads.map(({ type }) => type).join(' '),
    rtp: own.payloads.map(({ type, name, rate, channels }) => ({
      payload: type,
      codec: name,
      rate,
      ...(channels === undefined ? {} : { encoding: channels }),
    })),
    fmtp,
    ptime: own.ptime ?? DEFAULT_PTIME,
    direction: own.direction,
  };
}

function payloadsOf(audio: MediaDescription): Payload[] {
  const types = String(audio.payloads ?? '')
    .split(' ')
    .filter((type) => /^\d{1,3}$/.test(type))
    .map(Number);
  return types.flatMap((type) => {
    const map = audio.rtp.find(({ payload }) => payload === type);
    if (!map) return STATIC.get(type) ?? [];
    // The parser turns whatever looks like a number into one, names too.
    const parameters = audio.fmtp.find(({ payload }) => payload === type)?.config;
    return {
      type,
      name: String(map.codec),
      rate: map.rate ?? PAYLOADS.PCMU.rate,
      channels: map.encoding === undefined ? undefined : Number(map.encoding),
      parameters: parameters === undefined ? undefined : String(parameters),
    };
  });
}

function codecOf({ name, rate }: Payload): CodecName | undefined {
  return CODECS.find(
    (codec) => PAYLOADS[codec].name.toUpperCase() === name.toUpperCase() && PAYLOADS[codec].rate === rate,
  );
}

/** An address of zero was hold before RFC 3264 (§8.4). */
function holding(stated: Direction): Direction {
  return stated === 'sendrecv' || stated === 'sendonly' ? 'sendonly' : 'inactive';
}
