import type { JSONWebKeySet, JWK, KeyLike } from 'jose';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import type { Database, NewSigningKey, Queryable, RotateOptions, SigningKey, Vault } from '../../storage';
import { openSigningKey, rotateSigningKey, signingKeys } from '../../storage';

/** RFC 7518 §3.3: RSASSA-PKCS1-v1_5 with SHA-256. */
export const ALGORITHM = 'RS256';
const MODULUS_BITS = 2_048;
/** How long keys that were read are gone by, which is how long it may take until one is known, or is gone. */
const REMEMBERED_MS = 5_000;
/** A key that is not known is looked for again this often at most. */
const LOOK_AGAIN_MS = 1_000;
/** A key is shown for so long before it signs: longer than what others keep of our keys. */
const SHOWN_MS = 600_000;
/** Clocks differ. */
const MARGIN_MS = 300_000;

interface Ring {
  readonly at: number;
  readonly keys: readonly SigningKey[];
}

export interface KeyRingParts {
  readonly database: Database;
  readonly vault: Vault;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Age at which a key is followed by another, in milliseconds. */
  readonly keyMs: number;
  /** Longest that a token is good, in milliseconds. */
  readonly tokenMs: number;
}

/** Keys that tokens are signed by and verified with. They lie in the database, for all nodes. */
export class KeyRing {
  readonly #parts: KeyRingParts;
  readonly #imported = new Map<string, KeyLike>();
  #ring: Ring | undefined;
  #reading: Promise<Ring> | undefined;

  constructor(parts: KeyRingParts) {
    this.#parts = parts;
  }

  /** The key that signs now. Where it is old, another one is made that follows it. */
  async signer(): Promise<{ readonly kid: string; readonly key: KeyLike }> {
    let current = this.#current(await this.#read());
    if (!current || this.#isOld(current)) {
      await this.#follow();
      current = this.#current(await this.#read(0));
    }
    if (!current) throw new Error('there is no key that signs tokens');
    const key = current;
    return { kid: key.kid, key: await this.#import(key, 'private') };
  }

  /** What verifies a signature; undefined for a key that there is not, or not any more. */
  async verifier(kid: string): Promise<KeyLike | undefined> {
    const find = ({ keys }: Ring): SigningKey | undefined => keys.find((key) => key.kid === kid);
    const key = find(await this.#read()) ?? find(await this.#read(LOOK_AGAIN_MS));
    return key && this.#import(key, 'public');
  }

  /** RFC 7517 §5: what others verify with. The first key is made where there is none. */
  async jwks(): Promise<JSONWebKeySet> {
    let { keys } = await this.#read();
    if (keys.length === 0) {
      await this.#follow();
      ({ keys } = await this.#read(0));
    }
    return { keys: keys.map(({ publicJwk }) => publicJwk as unknown as JWK) };
  }

  /** The latest of those that sign already. */
  #current({ keys }: Ring): SigningKey | undefined {
    return keys.find(({ signsFrom }) => signsFrom.getTime() <= this.#parts.now()) ?? keys.at(-1);
  }

  #isOld(current: SigningKey): boolean {
    const next = this.#ring?.keys[0];
    const youngest = next ?? current;
    return this.#parts.now() - youngest.createdAt.getTime() > this.#parts.keyMs;
  }

  #follow(): Promise<boolean> {
    const { database, vault, keyMs, tokenMs } = this.#parts;
    return database.transaction((tx) => rotateKeys(tx, vault, { unlessYoungerMs: keyMs, tokenMs }));
  }

  /** @param oldest - milliseconds that what was read before may be old */
  async #read(oldest = REMEMBERED_MS): Promise<Ring> {
    const known = this.#ring;
    if (known && this.#parts.now() - known.at < oldest) return known;
    this.#reading ??= this.#readNow().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readNow(): Promise<Ring> {
    const at = this.#parts.now();
    const keys = await signingKeys(this.#parts.database);
    const names = new Set(keys.flatMap(({ kid }) => [`public ${kid}`, `private ${kid}`]));
    for (const name of this.#imported.keys()) if (!names.has(name)) this.#imported.delete(name);
    this.#ring = { at, keys };
    return this.#ring;
  }

  async #import(key: SigningKey, half: 'public' | 'private'): Promise<KeyLike> {
    const name = `${half} ${key.kid}`;
    const known = this.#imported.get(name);
    if (known) return known;
    const jwk = half === 'public' ? key.publicJwk : openSigningKey(this.#parts.vault, key);
    const imported = (await importJWK(jwk as unknown as JWK, ALGORITHM)) as KeyLike;
    this.#imported.set(name, imported);
    return imported;
  }
}

/**
 * A new key signs tokens, ten minutes from now, or at once where it is the first.
 * @returns false when there is one that is young enough
 */
export function rotateKeys(
  tx: Queryable,
  vault: Vault,
  { unlessYoungerMs, tokenMs }: Pick<RotateOptions, 'unlessYoungerMs'> & { readonly tokenMs: number },
): Promise<boolean> {
  return rotateSigningKey(tx, vault, newKey, {
    unlessYoungerMs,
    shownMs: SHOWN_MS,
    verifyMs: tokenMs + MARGIN_MS,
  });
}

async function newKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, {
    modulusLength: MODULUS_BITS,
    extractable: true,
  });
  const publicJwk = await exportJWK(publicKey);
  // RFC 7638: the same key has the same name everywhere.
  const kid = await calculateJwkThumbprint(publicJwk);
  return {
    kid,
    publicJwk: { ...publicJwk, kid, alg: ALGORITHM, use: 'sig' },
    privateJwk: await exportJWK(privateKey),
  };
}
