import type { URI } from 'sip.js';
import { Md5 } from 'sip.js/lib/core/messages/md5.js';
import { answerChallenge, keepBestChallenge } from '../core/digest';
import type { Challenge } from '../core/digest';
import { sha256 } from '../core/sha256';

const HASHES = { MD5: (text: string) => Md5.hashStr(text), 'SHA-256': sha256 };

/** Lets sip.js see the challenge that is to be answered, and no other. */
export const withBestChallenge = (message: string): string => keepBestChallenge(message, Object.keys(HASHES));

interface Challenged {
  readonly method: string;
  readonly ruri: URI;
}

/** Answers challenges for sip.js, which by itself knows MD5 alone. */
export class DigestAnswer {
  readonly #username: string;
  readonly #password: string;
  #answer = '';

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  /** @returns false when the challenge cannot be answered */
  authenticate(request: Challenged, challenge: Challenge): boolean {
    const answer = answerChallenge(
      challenge,
      {
        method: request.method,
        uri: request.ruri.toString(),
        username: this.#username,
        password: this.#password,
        cnonce: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      },
      HASHES,
    );
    this.#answer = answer ?? '';
    return answer !== undefined;
  }

  toString(): string {
    return this.#answer;
  }
}
