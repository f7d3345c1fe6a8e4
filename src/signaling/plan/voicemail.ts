import type { PlanWish } from '../../dialplan';
import { hear, pass } from './heard';
import type { PlannedCall } from './planned-call';
import { SilenceWatch } from './silence-watch';

type VoicemailWish = Extract<PlanWish, { kind: 'voicemail' }>;

/** The beep after which is spoken. */
const BEEP_MS = 400;
/** Who says nothing for so long has said all. */
const SILENCE_MS = 6_000;
/** The key that ends a message. */
const END_KEY = '#';

/**
 * Takes a message: prompts, a beep, and what the caller says until they hang up, press #, say nothing for a
 * while, or the message is as long as it may be.
 * @returns false where nothing may or can be recorded
 */
export async function takeMessage(
  call: PlannedCall,
  { prompts, maxMs }: VoicemailWish,
  stop: AbortSignal,
): Promise<boolean> {
  const { media, keys, recording } = call;
  const { leg } = call.caller;
  // Whoever cannot be told what to do may still do it.
  await hear(media, leg, prompts, stop);
  if (stop.aborted) return false;
  await beep(media, leg, stop);
  if (stop.aborted) return false;
  // A message is one recording, and nothing else is in it.
  await recording.stop();
  const done = new AbortController();
  const end = (): void => done.abort();
  stop.addEventListener('abort', end);
  const quiet = keys.listen(leg, (key) => {
    if (key === END_KEY) end();
  });
  try {
    const started = await recording.start(
      'voicemail',
      undefined,
      undefined,
      (sink) => new SilenceWatch(sink, SILENCE_MS, end),
    );
    if (!started.ok) return false;
    if (!call.isOver()) await pass(maxMs, done.signal);
    await recording.stop();
    return true;
  } finally {
    quiet();
    stop.removeEventListener('abort', end);
  }
}

async function beep(
  media: PlannedCall['media'],
  leg: PlannedCall['caller']['leg'],
  stop: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  const timer = setTimeout(end, BEEP_MS);
  stop.addEventListener('abort', end);
  try {
    await hear(media, leg, 'tone', over.signal);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
  }
}
