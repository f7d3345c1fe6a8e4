import type { SdpResult } from '../media-engine';
import type { AudioTraits, LocalTraits } from '../sdp/audio-description';
import type { MediaPath } from './media-path';

export type Problem = Exclude<SdpResult, { ok: true }>['reason'];

/** How descriptions are read and written for one way of carrying audio, and that way itself. */
export interface Dialect<Remote extends AudioTraits> {
  readonly path: MediaPath;
  /** One codec alone in each offer. */
  readonly oneCodec: boolean;
  read(sdp: string): Remote | Problem;
  /**
   * The peer's description holds from now on.
   * @returns what stands against it; undefined when nothing does
   */
  adopt(remote: Remote, kind: 'offer' | 'answer'): Promise<Problem | undefined>;
  /**
   * Writes our description.
   * @param remote - what the peer said last
   * @param answering - whether this answers it
   */
  write(local: LocalTraits, remote: Remote | undefined, answering: boolean): string;
}
