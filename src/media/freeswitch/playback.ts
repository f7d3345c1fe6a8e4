import { join } from 'node:path';
import type { Clip, Playing, PromptStore, Sound } from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';

/** What FreeSWITCH is to play, and whether again and again. */
export interface Source {
  /** Each a file, or what FreeSWITCH makes of a name. */
  readonly files: readonly string[];
  readonly repeats: boolean;
}

/** What a source is made of. */
export interface SourceContext {
  readonly prompts: PromptStore;
  /** The folder that they lie in, as FreeSWITCH sees it. */
  readonly promptsDir: string;
  soundFile(sound: Sound): string;
}

const MAX_CLIPS = 16;
const MAX_MS = 600_000;
const OCTETS_PER_MS = CLOCK_RATE / 1_000;
/** Between the files of a list. */
const NEXT = '!';

/** @throws MediaUnavailable when a prompt is none, or all is too long */
export function sourceOf(sound: Sound | readonly Clip[], context: SourceContext): Source {
  if (typeof sound === 'string') return { files: [context.soundFile(sound)], repeats: true };
  if (sound.length > MAX_CLIPS) throw new MediaUnavailable(`more than ${MAX_CLIPS} clips`);
  let lengthMs = 0;
  const files = sound.map((clip) => {
    if (typeof clip !== 'string') {
      lengthMs += clip.silenceMs;
      return `silence_stream://${Math.max(1, Math.round(clip.silenceMs))}`;
    }
    const octets = context.prompts.octets(clip, 'PCMU');
    if (!octets) throw new MediaUnavailable(`there is no prompt ${clip}`);
    lengthMs += octets.length / OCTETS_PER_MS;
    return join(context.promptsDir, `${clip}.wav`);
  });
  if (lengthMs > MAX_MS) throw new MediaUnavailable(`more than ${MAX_MS / 60_000} minutes of clips`);
  return { files, repeats: false };
}

/** As FreeSWITCH is told to play it. */
export function argumentOf({ files }: Source): string {
  return files.length === 1 ? String(files[0]) : `file_string://${files.join(NEXT)}`;
}

/** A sound that a leg is to hear until it is stopped, or over. */
export class Played implements Playing {
  readonly done: Promise<'end' | 'stopped'>;
  readonly source: Source;
  readonly #onStop: () => void;
  #settle: (how: 'end' | 'stopped') => void = () => undefined;
  #over = false;

  constructor(source: Source, onStop: () => void) {
    this.source = source;
    this.#onStop = onStop;
    this.done = new Promise((resolve) => (this.#settle = resolve));
  }

  stop(): void {
    if (this.#over) return;
    this.over('stopped');
    this.#onStop();
  }

  /** It is heard no more. Idempotent. */
  over(how: 'end' | 'stopped'): void {
    this.#over = true;
    this.#settle(how);
  }
}
