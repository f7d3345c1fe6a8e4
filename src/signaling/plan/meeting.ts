import type { Meeting } from '../../dialplan';
import type { MediaLeg, MediaSession } from '../../media';
import { answeredBy } from './answered-by';
import { gatherKeys } from './gathering';
import { hear } from './heard';
import type { Keys } from './keys';

/** What is done with whoever answers, before they are joined. */
export interface Reception extends Pick<Meeting, 'whisper' | 'accept'> {
  /** Whether it is a person is found out first. */
  readonly detectMachine?: boolean;
}

/**
 * `joined`: whoever answered may be joined with the caller. `machine`: nobody did. `declined`: the key was not pressed.
 * `failed`: it cannot be asked for. `stopped`: the caller is gone, or whoever answered.
 */
export type Met = 'joined' | 'machine' | 'declined' | 'failed' | 'stopped';

/** Whether anything comes between the answer and the caller. */
export function isMet({ whisper, accept, detectMachine = false }: Reception): boolean {
  return whisper.length > 0 || accept !== undefined || detectMachine;
}

/**
 * Finds out whether a machine answered, where that is wanted. Whispers to whoever answered for a buyer, and asks for the key by which they take the call. The caller hears
 * nothing of it. What cannot be whispered keeps nobody from the call; a key that cannot be asked for does.
 */
export async function meet(
  { media, leg, keys }: { media: Pick<MediaSession, 'play' | 'detectMachine'>; leg: MediaLeg; keys: Keys },
  { whisper, accept, detectMachine = false }: Reception,
  stop: AbortSignal,
): Promise<Met> {
  if (detectMachine && (await answeredBy(media, leg, stop)) === 'machine') return 'machine';
  if (stop.aborted) return 'stopped';
  if (!accept) {
    await hear(media, leg, whisper, stop);
    return stop.aborted ? 'stopped' : 'joined';
  }
  for (let tried = 0; tried < accept.tries; tried++) {
    // Who knows what is asked presses the key during the whisper.
    const prompts = tried === 0 ? [...whisper, ...accept.play] : accept.play;
    const order = { prompts, max: 1, end: undefined, firstMs: accept.waitMs, betweenMs: accept.waitMs };
    const answer = await gatherKeys({ media, leg, keys }, order, stop);
    if (answer === undefined) return 'stopped';
    if (answer === 'failed') return 'failed';
    if (answer.keys === accept.key) return 'joined';
  }
  return 'declined';
}
