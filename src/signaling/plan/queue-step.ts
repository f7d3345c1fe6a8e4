import type { PlanWish, Prompt } from '../../dialplan';
import type { MediaLeg, MediaSession } from '../../media';
import { NO_RING_SOUND } from '../caller-sound';
import type { RungOut } from '../ring-out';
import { hear, pass } from './heard';
import type { PlannedCall } from './planned-call';

type QueueWish = Extract<PlanWish, { kind: 'queue' }>;

/** A prompt that is over at once, or cannot be played, is not begun again for so long. */
const SHORTEST_ROUND_MS = 1_000;

/**
 * Holds the caller, who hears music or prompts throughout, and rings whom the call was sold to again and again,
 * until one takes it or the time is up.
 */
export async function holdAndRing(
  call: PlannedCall,
  wish: QueueWish,
  stays: boolean,
  stop: AbortSignal,
): Promise<RungOut> {
  const over = new AbortController();
  const timeout = setTimeout(() => over.abort(), wish.maxWaitMs);
  const onStop = (): void => over.abort();
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop);
  const held = entertain(call.media, call.caller.leg, wish, call, over.signal);
  try {
    while (!over.signal.aborted) {
      const next = call.clock.monotonic() + wish.againMs;
      const order = { atOnce: 1, meeting: wish, sound: NO_RING_SOUND, stays };
      const rung = await call.ring(order, over.signal);
      if (rung === 'joined' || call.isOver()) return rung === 'joined' ? rung : 'stopped';
      await pass(Math.max(0, next - call.clock.monotonic()), over.signal);
    }
    return stop.aborted ? 'stopped' : 'nobody';
  } finally {
    clearTimeout(timeout);
    stop.removeEventListener('abort', onStop);
    over.abort();
    await held;
  }
}

/** Music, or prompts one after the other; an announcement now and then. Never rejects. */
async function entertain(
  media: MediaSession,
  leg: MediaLeg,
  { prompts, announce }: QueueWish,
  { clock }: Pick<PlannedCall, 'clock'>,
  stop: AbortSignal,
): Promise<void> {
  try {
    while (!isAborted(stop)) {
      const until = announce ? clock.monotonic() + announce.everyMs : Infinity;
      await entertainUntil(media, leg, prompts, until, clock, stop);
      if (announce && !isAborted(stop)) await hear(media, leg, announce.play, stop);
    }
  } catch {
    // The caller waits in silence: no reason to lose them.
  }
}

async function entertainUntil(
  media: MediaSession,
  leg: MediaLeg,
  prompts: readonly Prompt[],
  until: number,
  clock: PlannedCall['clock'],
  stop: AbortSignal,
): Promise<void> {
  const round = new AbortController();
  const onStop = (): void => round.abort();
  stop.addEventListener('abort', onStop);
  const leftMs = (): number => until - clock.monotonic();
  const timer = until === Infinity ? undefined : setTimeout(onStop, Math.max(0, leftMs()));
  try {
    while (!isAborted(round.signal) && !isAborted(stop)) {
      const begun = clock.monotonic();
      const heard = await hear(media, leg, prompts.length > 0 ? prompts : 'hold', round.signal);
      // Whoever was bridged meanwhile hears no more of this.
      if (heard === 'stopped') return await waitFor(round.signal);
      await pass(SHORTEST_ROUND_MS - (clock.monotonic() - begun), round.signal);
    }
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', onStop);
  }
}

function waitFor(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
