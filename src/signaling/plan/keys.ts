import type { MediaLeg } from '../../media';

/** Whoever waits for keys: one at a time of each leg. */
export type KeyHandler = (key: string) => void;

/** Keys that are pressed on the legs of one call, by RFC 4733, as tones, or by INFO: handed to who waits for them. */
export class Keys {
  /** Of most calls nobody ever waits for keys. */
  #handlers: Map<MediaLeg, KeyHandler> | undefined;

  /** A key of a leg; of one for which nobody waits it is nothing. */
  pressed(leg: MediaLeg, key: string): void {
    this.#handlers?.get(leg)?.(key);
  }

  /** Waits for keys of a leg. @returns by which that ends */
  listen(leg: MediaLeg, handler: KeyHandler): () => void {
    const handlers = (this.#handlers ??= new Map<MediaLeg, KeyHandler>());
    handlers.set(leg, handler);
    return () => {
      if (handlers.get(leg) === handler) handlers.delete(leg);
    };
  }
}

const KEY = /^[0-9*#A-D]$/i;
/** Of `application/dtmf-relay`: `Signal=5`, in any case, with spaces around. */
const SIGNAL = /^\s*signal\s*=\s*([0-9*#A-D]|1[01])\s*$/im;
/** Some phones write the events of RFC 4733 §3.2. */
const BY_EVENT: Readonly<Record<string, string>> = { '10': '*', '11': '#' };

/**
 * The key that an INFO tells (`application/dtmf-relay` or `application/dtmf`); undefined of one that tells
 * something else.
 */
export function keyOfInfo(contentType: string, body: string): string | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/dtmf') {
    const key = body.trim();
    const told = BY_EVENT[key] ?? key;
    return KEY.test(told) ? told.toUpperCase() : undefined;
  }
  if (type !== 'application/dtmf-relay') return undefined;
  const [, signal] = SIGNAL.exec(body) ?? [];
  return signal === undefined ? undefined : (BY_EVENT[signal] ?? signal).toUpperCase();
}
