import type { Clip, MediaLeg, MediaSession } from '../../media';
import type { Heard } from './heard';
import { hear, isAborted } from './heard';
import type { Keys } from './keys';

/** Which keys are waited for, and how long. */
export interface GatherOrder {
  readonly prompts: readonly Clip[];
  readonly max: number;
  /** The key that ends it earlier, and is none of them. */
  readonly end: string | undefined;
  /** Milliseconds from the end of the prompts to the first key. */
  readonly firstMs: number;
  readonly betweenMs: number;
}

/** With whom, by which media. */
export interface GatherFrom {
  readonly media: Pick<MediaSession, 'play'>;
  readonly leg: MediaLeg;
  readonly keys: Keys;
}

/**
 * Plays prompts and takes keys. The first key cuts the prompts off; what was pressed while they were heard
 * counts (type-ahead), what was pressed before does not.
 * @returns the keys, '' when none came in time; `failed` when the prompts could not be played; undefined when it
 * was stopped
 */
export async function gatherKeys(
  { media, leg, keys }: GatherFrom,
  order: GatherOrder,
  stop: AbortSignal,
): Promise<{ readonly keys: string } | 'failed' | undefined> {
  const { max, end, firstMs, betweenMs } = order;
  const pressed = new AbortController();
  let taken = '';
  let timer: NodeJS.Timeout | undefined;
  let heard: Heard | undefined;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const wait = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(finish, ms);
  };
  const onStop = (): void => {
    pressed.abort();
    finish();
  };
  const quiet = keys.listen(leg, (key) => {
    if (taken.length >= max) return;
    if (key !== end) taken += key;
    pressed.abort();
    if (key === end || taken.length >= max) finish();
    else wait(betweenMs);
  });
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop);
  try {
    heard = await hear(media, leg, order.prompts, pressed.signal);
    if (heard === 'failed' && taken === '') return isAborted(stop) ? undefined : 'failed';
    if (!pressed.signal.aborted) wait(firstMs);
    await finished;
    return isAborted(stop) ? undefined : { keys: taken };
  } finally {
    clearTimeout(timer);
    quiet();
    stop.removeEventListener('abort', onStop);
  }
}
