import type { DtlsSetup, LocalTraits, RemoteWebRtc } from '../sdp/audio-description';
import { parseWebRtc } from '../sdp/parse-webrtc';
import { writeWebRtc } from '../sdp/write-webrtc';
import type { Dialect, Problem } from './dialect';
import type { WebRtcPath } from './webrtc-path';

/** Name of the media line in offers of ours that no description of the peer's went before. */
const MID = '0';

/** Browsers: ICE and DTLS-SRTP (RFC 8829). */
export class WebRtcDialect implements Dialect<RemoteWebRtc> {
  readonly oneCodec = true;
  readonly path: WebRtcPath;
  /** What was agreed once, and holds as long as the keys do. */
  #agreed: { readonly setup: 'active' | 'passive'; readonly fingerprint: string } | undefined;
  /** The peer's credentials that our own stand beside. */
  #peerUfrag: string | undefined;

  constructor(path: WebRtcPath) {
    this.path = path;
  }

  read(sdp: string): RemoteWebRtc | Problem {
    const parsed = parseWebRtc(sdp);
    if (!parsed.ok) return parsed.reason;
    // Other keys would be another connection (RFC 8842 §4), which a re-INVITE cannot begin here.
    const { fingerprint } = this.#agreed ?? {};
    return fingerprint === undefined || fingerprint === certificateOf(parsed.audio)
      ? parsed.audio
      : 'unsupported_transport';
  }

  async adopt(remote: RemoteWebRtc, kind: 'offer' | 'answer'): Promise<Problem | undefined> {
    const { usernameFragment } = remote.ice;
    try {
      // RFC 8839 §4.4.1.1.1: new credentials in an offer are a restart, and are answered with new ones.
      const restarts = this.#peerUfrag !== undefined && this.#peerUfrag !== usernameFragment;
      this.#peerUfrag = usernameFragment;
      if (restarts && kind === 'offer') await this.path.restartIce();
      if (!this.#agreed) await this.#secure(remote, kind);
    } catch {
      return 'lost';
    }
    this.path.describe(remote);
    return undefined;
  }

  write(local: LocalTraits, remote: RemoteWebRtc | undefined, answering: boolean): string {
    const ours = {
      ...local,
      ice: this.path.ice,
      candidates: this.path.candidates,
      fingerprint: this.path.fingerprint,
      setup: this.#setup(answering),
      mid: remote ? remote.mid : MID,
      bundled: remote?.bundled ?? true,
    };
    return writeWebRtc(ours, answering ? remote : undefined);
  }

  /** Offers leave it to the other side, later ones too (RFC 8842 §5.2). */
  #setup(answering: boolean): DtlsSetup {
    return answering ? (this.#agreed?.setup ?? 'active') : 'actpass';
  }

  /** We begin the handshake where we may (RFC 8842 §5.3); a peer that answers says who does. */
  async #secure(remote: RemoteWebRtc, kind: 'offer' | 'answer'): Promise<void> {
    const active = kind === 'offer' ? remote.setup === 'active' : remote.setup !== 'passive';
    this.#agreed = { setup: active ? 'passive' : 'active', fingerprint: certificateOf(remote) };
    await this.path.secure(active ? 'active' : 'passive', remote.fingerprints);
  }
}

function certificateOf({ fingerprints }: RemoteWebRtc): string {
  return fingerprints.map(({ algorithm, value }) => `${algorithm} ${value}`).join();
}
