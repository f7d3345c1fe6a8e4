import type { BodyAndContentType, SessionDescriptionHandler } from 'sip.js';
import { asksForHold } from '../core/hold';

/** Candidates are sent in one piece; what is not gathered by then is left out. */
const GATHER_MS = 1_000;
/** After the first candidate. */
const MORE_MS = 150;
const CODECS = /^audio\/(PCMU|PCMA|telephone-event)$/i;

export interface MediaHandlerOptions {
  /** Asked anew whenever ICE begins anew: credentials of TURN servers end (RFC 8656 §9.2). */
  configuration(): RTCConfiguration;
  /** The microphone; the handler speaks with a copy of it. */
  readonly microphone: MediaStreamTrack;
  /** Told of the sound of the other side, once. */
  onSound(stream: MediaStream): void;
  /** Told when ICE has failed, or finds no way for a while. */
  onPathLost(): void;
  /** Told whether the other side has put us on hold, by the SDP it sends. */
  onPeerHold(held: boolean): void;
  /** Told once, when it is closed. */
  onClose(): void;
}

/** Milliseconds for which ICE may look for the way back by itself. */
const PATH_MS = 4_000;

/** The sound of one session: its RTCPeerConnection, and the SDP that sip.js asks for. */
export class MediaHandler implements SessionDescriptionHandler {
  readonly connection: RTCPeerConnection;
  /** Asked for in every offer, until one is answered. */
  restartIce = false;
  #hold = false;
  /** What the last offer said, and what the last one that was answered did. */
  #offeredHold = false;
  #agreedHold = false;
  #muted = false;
  #track: MediaStreamTrack;
  #pathTimer: number | undefined;
  readonly #options: MediaHandlerOptions;

  constructor(options: MediaHandlerOptions) {
    this.#options = options;
    const connection = new RTCPeerConnection(this.#configuration());
    this.connection = connection;
    this.#track = options.microphone.clone();
    connection.addTrack(this.#track, new MediaStream([this.#track]));
    connection.ontrack = ({ track, streams }) => options.onSound(streams[0] ?? new MediaStream([track]));
    connection.oniceconnectionstatechange = () => this.#watchPath();
    this.#apply();
  }

  /** Nothing is sent, and the other side is told so in the next offer or answer. */
  set hold(on: boolean) {
    this.#hold = on;
    this.#apply();
  }
  get hold(): boolean {
    return this.#hold;
  }
  /** What the other side knows of {@link hold}. */
  get agreedHold(): boolean {
    return this.#agreedHold;
  }
  set muted(on: boolean) {
    this.#muted = on;
    this.#apply();
  }

  /** Speaks with another microphone from here on; nothing is negotiated. */
  async replaceMicrophone(microphone: MediaStreamTrack): Promise<void> {
    const old = this.#track;
    this.#track = microphone.clone();
    this.#apply();
    await this.#sender()?.replaceTrack(this.#track);
    old.stop();
  }

  /** Whether a key was sent as RFC 4733 event; else the session sends INFO. */
  sendDtmf(tones: string): boolean {
    const dtmf = this.#sender()?.dtmf;
    if (!dtmf?.canInsertDTMF) return false;
    dtmf.insertDTMF(dtmf.toneBuffer + tones, 160, 70);
    return true;
  }

  async getDescription(): Promise<BodyAndContentType> {
    const { connection } = this;
    const answering = connection.signalingState === 'have-remote-offer';
    this.#direct();
    const iceRestart = !answering && this.restartIce;
    if (iceRestart) this.#refreshServers();
    if (answering) this.#agreedHold = this.#hold;
    else this.#offeredHold = this.#hold;
    await connection.setLocalDescription(
      answering ? await connection.createAnswer() : await connection.createOffer({ iceRestart }),
    );
    await gathered(connection);
    const sdp = connection.localDescription?.sdp;
    if (sdp === undefined) throw new Error('the session was closed meanwhile');
    return { body: sdp, contentType: 'application/sdp' };
  }

  hasDescription(contentType: string): boolean {
    return contentType.toLowerCase().startsWith('application/sdp');
  }

  async setDescription(sdp: string): Promise<void> {
    const { connection } = this;
    const answer = connection.signalingState === 'have-local-offer';
    await connection.setRemoteDescription({ type: answer ? 'answer' : 'offer', sdp });
    if (answer) {
      this.restartIce = false;
      this.#agreedHold = this.#offeredHold;
      return;
    }
    this.#options.onPeerHold(asksForHold(sdp));
  }

  async rollbackDescription(): Promise<void> {
    if (this.connection.signalingState !== 'stable')
      await this.connection.setLocalDescription({ type: 'rollback' });
  }

  /** Idempotent. */
  close(): void {
    if (this.connection.signalingState === 'closed') return;
    this.#options.onClose();
    window.clearTimeout(this.#pathTimer);
    this.connection.oniceconnectionstatechange = null;
    this.connection.ontrack = null;
    this.#track.stop();
    this.connection.close();
  }

  #apply(): void {
    this.#track.enabled = !this.#hold && !this.#muted;
  }

  #direct(): void {
    for (const transceiver of this.connection.getTransceivers()) {
      if (transceiver.direction === 'stopped') continue;
      transceiver.direction = this.#hold ? 'sendonly' : 'sendrecv';
      preferTelephony(transceiver);
    }
  }

  #configuration(): RTCConfiguration {
    return { ...this.#options.configuration(), bundlePolicy: 'max-bundle' };
  }

  #refreshServers(): void {
    try {
      this.connection.setConfiguration(this.#configuration());
    } catch {
      // It looks for its way by the servers that it has.
    }
  }

  #sender(): RTCRtpSender | undefined {
    return this.connection.getSenders()[0];
  }

  #watchPath(): void {
    window.clearTimeout(this.#pathTimer);
    const state = this.connection.iceConnectionState;
    if (state === 'failed') this.#options.onPathLost();
    else if (state === 'disconnected')
      this.#pathTimer = window.setTimeout(() => this.#options.onPathLost(), PATH_MS);
  }
}

/** Offers G.711 and keys alone: what the telephone network understands, and nothing to transcode. */
function preferTelephony(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs.filter(({ mimeType }) =>
    CODECS.test(mimeType),
  );
  if (codecs === undefined || codecs.length === 0) return;
  try {
    transceiver.setCodecPreferences(codecs);
  } catch {
    // A browser that knows better offers more; the switch chooses.
  }
}

/**
 * Waits for candidates: for all, or a little longer than for the first. The switch answers whatever
 * address it is reached from (ICE lite, RFC 8445 §2.5), so a late one costs nothing.
 */
function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      window.clearTimeout(timer);
      connection.removeEventListener('icegatheringstatechange', look);
      connection.removeEventListener('icecandidate', first);
      resolve();
    };
    const look = () => {
      if (connection.iceGatheringState === 'complete') done();
    };
    const first = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(done, MORE_MS);
    };
    let timer = window.setTimeout(done, GATHER_MS);
    connection.addEventListener('icegatheringstatechange', look);
    connection.addEventListener('icecandidate', first, { once: true });
  });
}
