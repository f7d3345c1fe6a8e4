import type { Clip, MediaLeg, MediaSession, Playing, Sound } from '../../media';
import { MediaUnavailable } from '../../media';

/** `end`: to the last octet. `stopped`: it was cut off. `failed`: the engine cannot play it. */
export type Heard = 'end' | 'stopped' | 'failed';

/**
 * Lets a leg hear something until its end, or until it is to stop.
 * @param stop - aborted by a key, by the end of the call, by the time that is up
 * @throws what is no {@link MediaUnavailable}: a bug
 */
export async function hear(
  media: Pick<MediaSession, 'play'>,
  leg: MediaLeg,
  what: Sound | readonly Clip[],
  stop: AbortSignal,
): Promise<Heard> {
  if (stop.aborted) return 'stopped';
  if (typeof what !== 'string' && what.length === 0) return 'end';
  let playing: Playing;
  try {
    playing = await media.play(leg, what);
  } catch (error) {
    if (error instanceof MediaUnavailable) return 'failed';
    throw error;
  }
  const end = (): void => playing.stop();
  if (isAborted(stop)) end();
  else stop.addEventListener('abort', end);
  const done = await playing.done;
  stop.removeEventListener('abort', end);
  return done;
}

/** Resolves after so many milliseconds: true; earlier when it is to stop: false. */
export function pass(ms: number, stop: AbortSignal): Promise<boolean> {
  if (stop.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve(!stop.aborted);
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener('abort', end);
  });
}

/** TypeScript takes it for what it was before an await. */
export function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
