import { isIPv6 } from 'node:net';
import type { MediaDescription } from 'sdp-transform';
import { write } from 'sdp-transform';
import type { HostCandidate, LocalWebRtc, RemoteWebRtc } from './audio-description';
import { audioLine, mediaLines, sessionLines } from './write-audio';

const PROTOCOL = 'UDP/TLS/RTP/SAVPF';
/** RTP and RTCP share the one component (RFC 8839 §5.1). */
const COMPONENT = 1;
/** The one stream and its one track: what is heard changes, they stay (RFC 8830). */
const MSID = { id: 'exchange', appdata: 'audio' };

/**
 * Writes our description for a browser (RFC 8829): ICE-lite, DTLS-SRTP, RTP and RTCP on one port.
 * No `a=ssrc` of ours: whom the browser hears changes in mid-call, without a new description each
 * time, so our streams are told by their payload types (RFC 9143 §9.2).
 * @param answering - the offer, when this is an answer
 * @throws RangeError when there is no candidate
 */
export function writeWebRtc(local: LocalWebRtc, answering?: RemoteWebRtc): string {
  const [first] = local.candidates;
  if (!first) throw new RangeError('a description without candidates');
  const protocol = answering?.media[answering.mediaIndex]?.protocol ?? PROTOCOL;
  const { mid, ice, fingerprint } = local;
  const audio: MediaDescription = {
    ...audioLine(local, protocol, first.port),
    connection: { version: isIPv6(first.address) ? 6 : 4, ip: first.address },
    ...(mid === undefined ? {} : { mid }),
    msid: [MSID],
    iceUfrag: ice.usernameFragment,
    icePwd: ice.password,
    fingerprint: { type: fingerprint.algorithm, hash: fingerprint.value },
    setup: local.setup,
    candidates: local.candidates.map(candidateLine),
    endOfCandidates: 'end-of-candidates',
    rtcpMux: 'rtcp-mux',
  };
  return write({
    ...sessionLines(local, first.address),
    icelite: 'ice-lite',
    ...(mid !== undefined && local.bundled ? { groups: [{ type: 'BUNDLE', mids: mid }] } : {}),
    msidSemantic: { semantic: 'WMS', token: '*' },
    media: mediaLines(audio, answering),
  });
}

function candidateLine(candidate: HostCandidate): NonNullable<MediaDescription['candidates']>[number] {
  const { foundation, priority, address, port, protocol } = candidate;
  return {
    foundation,
    component: COMPONENT,
    transport: protocol,
    priority,
    ip: address,
    port,
    type: 'host',
    ...(protocol === 'tcp' ? { tcptype: 'passive' } : {}),
  };
}
