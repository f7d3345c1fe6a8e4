import type { E164 } from '../../domain';
import { mix32 } from '../../market';

const TWO_32 = 2 ** 32;

/** The digits of a number as an integer, e.g. 12125550123: a key of at most 15 digits, so exact. */
export function numberKey(number: E164): number {
  let key = 0;
  for (let i = 1; i < number.length; i++) key = key * 10 + number.charCodeAt(i) - 48;
  return key;
}

/** 53 bits of an id, never 0: among a million ids, two are alike with a probability of 5 in 100,000. */
export function idKey(id: string): number {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul((high << 5) ^ (high >>> 27) ^ code, 0x5bd1e995);
  }
  return (mix32(high, id.length) & 0x1fffff) * TWO_32 + mix32(low, id.length) || 1;
}

/** 32 bits of a key; another `salt` gives others. */
export function hashKey(key: number, salt: number): number {
  return mix32(((key / TWO_32) >>> 0) ^ salt, key >>> 0);
}

/** True for the key of +1 and ten digits. */
export function isNanpKey(key: number): boolean {
  return key >= 10_000_000_000 && key < 20_000_000_000;
}

/** Area code of a North American key, 0 … 999. */
export function npaOfKey(key: number): number {
  return ((key / 10_000_000) | 0) - 1_000;
}

/** NPA-NXX of a North American key. */
export function exchangeOfKey(key: number): number {
  return ((key / 10_000) | 0) - 1_000_000;
}

/** NPA-NXX-X of a North American key: a block of a thousand numbers, as they are assigned. */
export function blockOfKey(key: number): number {
  return ((key / 1_000) | 0) - 10_000_000;
}
