import { isIPv6 } from 'node:net';
import type { SessionDescription } from 'sdp-transform';
import { write } from 'sdp-transform';
import type { LocalAudio, RemoteAudio } from './audio-description';
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
  const audio = audioLine(local, answering?.media[answering.mediaIndex]?.protocol ?? 'RTP/AVP');
  const media = answering
    ? answering.media.map((line, index) =>
        index === answering.mediaIndex ? audio : { ...line, port: 0, rtp: [], fmtp: [] },
      )
    : [audio];
  const ipVer = isIPv6(local.address) ? 6 : 4;
  const description: SessionDescription = {
    version: 0,
    origin: {
      username: '-',
      sessionId: local.sessionId,
      sessionVersion: local.version,
      netType: 'IN',
      ipVer,
      address: local.address,
    },
    name: '-',
    connection: { version: ipVer, ip: local.address },
    timing: { start: 0, stop: 0 },
    media,
  };
  return write(description);
}

function audioLine(local: LocalAudio, protocol: string): SessionDescription['media'][number] {
  const codecs = local.codecs.map((codec) => ({ payload: PAYLOAD_TYPES[codec], codec, rate: CLOCK_RATE }));
  const event = local.telephoneEvent;
  const events = event === undefined ? [] : [{ payload: event, codec: 'telephone-event', rate: CLOCK_RATE }];
  const rtp = [...codecs, ...events];
  return {
    type: 'audio',
    port: local.port,
    protocol,
    payloads: rtp.map(({ payload }) => payload).join(' '),
    rtp,
    fmtp: events.map(({ payload }) => ({ payload, config: DTMF_EVENTS })),
    ptime: local.ptime ?? DEFAULT_PTIME,
    direction: local.direction,
    ...(local.rtcpMux ? { rtcpMux: 'rtcp-mux' as const } : {}),
  };
}
