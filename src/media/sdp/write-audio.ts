import { isIPv6 } from 'node:net';
import type { MediaDescription, SessionDescription } from 'sdp-transform';
import { write } from 'sdp-transform';
import type { AudioTraits, LocalAudio, LocalTraits, RemoteAudio } from './audio-description';
import { CLOCK_RATE, PAYLOAD_TYPES } from './audio-description';

/** Digits, star, hash, A to D (RFC 4733 §3.2). */
const DTMF_EVENTS = '0-15';
const DEFAULT_PTIME = 20;

/**
 * Writes our description.
 * @param answering - the offer, when this is an answer: each of its media lines appears in its place,
 * those that we do not take with port 0 (RFC 3264 §6)
 */
export function writeAudio(local: LocalAudio, answering?: RemoteAudio): string {
  const protocol = answering?.media[answering.mediaIndex]?.protocol ?? 'RTP/AVP';
  const audio = {
    ...audioLine(local, protocol, local.port),
    ...(local.rtcpMux ? { rtcpMux: 'rtcp-mux' as const } : {}),
  };
  const version = isIPv6(local.address) ? 6 : 4;
  return write({
    ...sessionLines(local, local.address),
    connection: { version, ip: local.address },
    media: mediaLines(audio, answering),
  });
}

/** The lines of a session that say nothing of its media. */
export function sessionLines(local: LocalTraits, address: string): Omit<SessionDescription, 'media'> {
  return {
    version: 0,
    origin: {
      username: '-',
      sessionId: local.sessionId,
      sessionVersion: local.version,
      netType: 'IN',
      ipVer: isIPv6(address) ? 6 : 4,
      address,
    },
    name: '-',
    timing: { start: 0, stop: 0 },
  };
}

/** Our audio line in its place among those of an offer, the others refused. */
export function mediaLines(audio: MediaDescription, answering?: AudioTraits): MediaDescription[] {
  if (!answering) return [audio];
  return answering.media.map((line, index) =>
    index === answering.mediaIndex ? audio : { ...line, port: 0, rtp: [], fmtp: [] },
  );
}

/** An audio line with its codecs. */
export function audioLine(local: LocalTraits, protocol: string, port: number): MediaDescription {
  const codecs = local.codecs.map((codec) => ({ payload: PAYLOAD_TYPES[codec], codec, rate: CLOCK_RATE }));
  const event = local.telephoneEvent;
  const events = event === undefined ? [] : [{ payload: event, codec: 'telephone-event', rate: CLOCK_RATE }];
  const rtp = [...codecs, ...events];
  return {
    type: 'audio',
    port,
    protocol,
    payloads: rtp.map(({ payload }) => payload).join(' '),
    rtp,
    fmtp: events.map(({ payload }) => ({ payload, config: DTMF_EVENTS })),
    ptime: local.ptime ?? DEFAULT_PTIME,
    direction: local.direction,
  };
}
