import { parse } from 'sdp-transform';
import type {
  MediaLeg,
  MediaLegRole,
  MediaSession,
  MediaSessionListener,
  MediasoupOptions,
  SdpResult,
} from '../../../src/media';
import { MediasoupEngine } from '../../../src/media';
import { findMediasoupWorker } from '../../../src/provision';
import { RtpPeer } from '../../support/rtp-peer';
import { until } from '../../support/until';

export interface Negotiated {
  readonly session: MediaSession;
  readonly callerLeg: MediaLeg;
  readonly buyerLeg: MediaLeg;
  /** Ports of the switch that caller and buyer send to. */
  readonly callerSends: number;
  readonly buyerSends: number;
  readonly lost: string[];
  readonly silent: MediaLegRole[];
}

export interface CallOptions {
  readonly callerSdp?: string;
  readonly buyerSdp?: string;
  readonly early?: boolean;
  /** Told besides. */
  readonly listener?: Pick<MediaSessionListener, 'onConsultLost' | 'onOneWayAudio' | 'onQuality'>;
}

export const portOf = (sdp: string): number => parse(sdp).media[0]?.port ?? 0;
export const payloadsOf = (sdp: string): string => String(parse(sdp).media[0]?.payloads);

export function sdpOf(result: SdpResult): string {
  if (!result.ok) throw new Error(result.reason);
  return result.sdp;
}

const SILENT: MediaSessionListener = { onMediaLost: () => undefined, onRtpTimeout: () => undefined };

/** An engine with one worker, and RTP peers around it. */
export class Harness {
  readonly #peers: RtpPeer[] = [];
  readonly #sessions: MediaSession[] = [];

  private constructor(readonly engine: MediasoupEngine) {}

  /** @param block - a port block of this test file's own: 0 to 9 */
  static async start(block: number, options: Partial<MediasoupOptions> = {}): Promise<Harness> {
    const workerBin = findMediasoupWorker();
    if (workerBin === undefined) throw new Error('there is no media worker: run npm start or npm test once');
    const first = 42_000 + block * 1_000 + (process.pid % 8) * 120;
    return new Harness(
      await MediasoupEngine.start({
        workerBin,
        workers: 1,
        listenAddress: '127.0.0.1',
        otherListenAddress: '::1',
        portRange: [first, first + 119],
        webRtcPorts: 2,
        rtpTimeoutMs: 1_500,
        ...options,
      }),
    );
  }

  session(listener: MediaSessionListener = SILENT): MediaSession {
    const session = this.engine.openSession('call', listener);
    this.#sessions.push(session);
    return session;
  }

  async peer(address?: string): Promise<RtpPeer> {
    const peer = await RtpPeer.open(address);
    this.#peers.push(peer);
    return peer;
  }

  /** Sets a call up as signalling does: caller's offer, our offer to the buyer, its answer, our answer. */
  async call(caller: RtpPeer, buyer: RtpPeer, options: CallOptions = {}): Promise<Negotiated> {
    const lost: string[] = [];
    const silent: MediaLegRole[] = [];
    const session = this.session({
      onMediaLost: (reason) => lost.push(reason),
      onRtpTimeout: (leg) => silent.push(leg),
      ...options.listener,
    });
    const callerLeg = await session.createLeg('caller', { signalingAddress: '127.0.0.1' });
    sdpOf(callerLeg.receiveOffer(options.callerSdp ?? caller.sdp()));
    const buyerLeg = await session.createLeg('buyer');
    const offer = sdpOf(buyerLeg.createOffer());
    sdpOf(await buyerLeg.applyAnswer(options.buyerSdp ?? buyer.sdp()));
    const answer = sdpOf(await callerLeg.createAnswer());
    await session.bridge(callerLeg, buyerLeg, { early: options.early ?? false });
    return {
      session,
      callerLeg,
      buyerLeg,
      callerSends: portOf(answer),
      buyerSends: portOf(offer),
      lost,
      silent,
    };
  }

  /** Closes peers and calls, and checks that nothing is left of them. */
  async settle(): Promise<void> {
    for (const peer of this.#peers.splice(0)) peer.close();
    for (const session of this.#sessions.splice(0)) session.close();
    await until('everything is given back', () => this.engine.stats().ports === 0);
    expect(this.engine.stats()).toEqual({ sessions: 0, legs: 0, ports: 0 });
  }
}

/** Time in which a peer that is not to hear anything would have heard something. */
export const aWhile = (ms = 250): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
