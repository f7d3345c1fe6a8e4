import { isIPv6 } from 'node:net';
import type { LocalTraits, RemoteAudio } from '../sdp/audio-description';
import { parseAudio } from '../sdp/parse-audio';
import { writeAudio } from '../sdp/write-audio';
import type { Dialect, Problem } from './dialect';
import type { RtpPath } from './rtp-path';

/** Plain RTP: carriers, exchanges and hardware phones. */
export class RtpDialect implements Dialect<RemoteAudio> {
  readonly oneCodec = false;
  readonly path: RtpPath;
  /** Where peers are told to send. */
  readonly #address: string;
  readonly #port: number;

  constructor(path: RtpPath, address: string, port: number) {
    this.path = path;
    this.#address = address;
    this.#port = port;
  }

  read(sdp: string): RemoteAudio | Problem {
    const parsed = parseAudio(sdp);
    if (!parsed.ok) return parsed.reason;
    // A socket of one family does not reach the other.
    return isIPv6(parsed.audio.address) === isIPv6(this.#address) ? parsed.audio : 'unsupported_transport';
  }

  adopt(remote: RemoteAudio): Promise<undefined> {
    this.path.describe(remote);
    return Promise.resolve(undefined);
  }

  /** A later offer keeps the lines that were there (RFC 3264 §8), as an answer does. */
  write(local: LocalTraits, remote: RemoteAudio | undefined): string {
    const ours = {
      ...local,
      address: this.#address,
      port: this.#port,
      rtcpMux: remote?.rtcpMux ?? false,
    };
    return writeAudio(ours, remote);
  }
}
