import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;
const PROVIDER = join(__dirname, '../../../integration/api/access/openid-provider.mjs');

/** An authenticator (RFC 6238), whose next code is there before its time: each is good once. */
export class Authenticator {
  #key: Buffer;
  #last = 0;

  constructor(secret: string) {
    const bits = [...secret.replace(/[^A-Z2-7]/g, '')]
      .map((letter) => BASE32.indexOf(letter).toString(2).padStart(5, '0'))
      .join('');
    this.#key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  }

  code(): string {
    this.#last = Math.max(this.#last + 1, Math.floor(Date.now() / STEP_MS));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.#last));
    const mac = createHmac('sha1', this.#key).update(counter).digest();
    const at = (mac.at(-1) ?? 0) & 15;
    return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
}

/** An OpenID provider, at which whoever comes is signed in as one person. */
export class OpenIdProvider {
  readonly #process: ChildProcess;

  private constructor(
    process: ChildProcess,
    readonly issuer: string,
  ) {
    this.#process = process;
  }

  static async start(publicUrl: string, secret: string): Promise<OpenIdProvider> {
    const redirectUri = `${publicUrl}/api/v1/auth/oidc/corp/callback`;
    const child = fork(PROVIDER, {
      env: { ...process.env, NODE_OPTIONS: '', CLIENT_SECRET: secret, REDIRECT_URI: redirectUri },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const [{ issuer }] = (await once(child, 'message')) as [{ issuer: string }];
    return new OpenIdProvider(child, issuer);
  }

  async signsIn(person: {
    readonly sub: string;
    readonly email: string;
    readonly name: string;
  }): Promise<void> {
    this.#process.send({ ...person, email_verified: true });
    await once(this.#process, 'message');
  }

  async stop(): Promise<void> {
    const over = once(this.#process, 'exit');
    this.#process.disconnect();
    await over;
  }
}
