import type { CallAttempt, Clock, RingTarget } from '../../domain';
import type { MediaSession, Recorder, RecordingFacts, RecordingSink } from '../../media';
import { MediaUnavailable } from '../../media';
import type { CallEvent, RecordingDesk, RecordingRequest } from '../ports';

/** What it needs of the call that it belongs to. */
export interface RecordedCall {
  readonly attempt: CallAttempt;
  readonly media: Pick<MediaSession, 'record'>;
  readonly recordings: Pick<RecordingDesk, 'open'>;
  readonly clock: Clock;
  tell(event: Omit<Extract<CallEvent, { type: 'call.recording' }>, 'callId' | 'at'>): void;
  onBug(error: unknown): void;
}

export type RecordingState = 'off' | 'on' | 'paused';

/** `refused`: by law, or by whose recordings they are. `media_cannot`: the engine does not record. */
export type RecordingStart =
  | { readonly ok: true; readonly recordingId: string }
  | { readonly ok: false; readonly why: 'refused' | 'media_cannot' | 'over'; readonly detail: string };

/** Nobody is to forget a pause: it ends by itself, whoever asked for it. */
export const MAX_PAUSE_MS = 600_000;

const NOTHING: RecordingFacts = { durationMs: 0, pausedMs: 0, lostMs: [0, 0] };

/** One that is being made, or about to be. */
interface Current {
  readonly recordingId: string;
  readonly kind: RecordingRequest['kind'];
  /** Undefined until the engine has begun. */
  recorder: Recorder | undefined;
  /** It has been stopped, or has ended by itself. */
  over: boolean;
}

/**
 * The recording of one call, whoever wants it: its plan, its campaign, people by the API. There is one at a
 * time; another may follow. While card numbers are said it is paused (PCI DSS 3.3.1: what authenticates a card is
 * never kept), and resumes by itself.
 */
export class CallRecording {
  readonly #call: RecordedCall;
  #current: Current | undefined;
  #starting: Promise<RecordingStart> | undefined;
  /** The engine writes the rest of the last one. */
  #stopping: Promise<unknown> | undefined;
  #announcedAt: number | undefined;
  #paused = false;
  #resumesAt: number | undefined;
  #resumeTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(call: RecordedCall) {
    this.#call = call;
  }

  get state(): RecordingState {
    if (!this.#current) return 'off';
    return this.#paused ? 'paused' : 'on';
  }

  /** Of the one that is being made. */
  get recordingId(): string | undefined {
    return this.#current?.recordingId;
  }

  /** When a pause ends by itself, UTC epoch milliseconds. */
  get resumesAt(): number | undefined {
    return this.#resumesAt;
  }

  /** When the caller was told that the call may be recorded, UTC epoch milliseconds. */
  get announcedAt(): number | undefined {
    return this.#announcedAt;
  }

  /**
   * Keys that are pressed now are not to be written down anywhere: whoever notes keys asks here first. What
   * an engine hands on between the two who speak is theirs.
   */
  get masksKeys(): boolean {
    return this.#paused;
  }

  /** The caller has heard the announcement to its end; the first one counts. */
  announced(): void {
    this.#announcedAt ??= this.#call.clock.now();
  }

  /**
   * Begins one. Without effect while one is being made. Never rejects.
   * @param target - whom the caller speaks with; undefined of a message
   * @param by - who wants it; undefined: the plan, or the campaign
   * @param listening - what is put before the sink, to hear what is recorded
   * @param pausedMs - it begins with a pause of so many milliseconds, and nothing before it is kept
   */
  start(
    kind: RecordingRequest['kind'],
    target: RingTarget | undefined,
    by?: string,
    listening: (sink: RecordingSink) => RecordingSink = (sink) => sink,
    pausedMs?: number,
  ): Promise<RecordingStart> {
    if (this.#closed) return Promise.resolve({ ok: false, why: 'over', detail: 'the call is over' });
    if (this.#current && !this.#starting) {
      return Promise.resolve({ ok: true, recordingId: this.#current.recordingId });
    }
    this.#starting ??= this.#begin(kind, target, by, listening, pausedMs).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /**
   * Writes silence from here on, for so long at most; again for another while from now. False when nothing is
   * being recorded.
   * @param maxMs - 1 … {@link MAX_PAUSE_MS}
   */
  pause(by: string | undefined, maxMs: number): boolean {
    const current = this.#current;
    if (!current) return false;
    const lengthMs = Math.max(1, Math.min(maxMs, MAX_PAUSE_MS));
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = setTimeout(() => this.resume(undefined, 'the time of the pause is over'), lengthMs);
    this.#resumesAt = this.#call.clock.now() + lengthMs;
    this.#paused = true;
    current.recorder?.pause();
    const { recordingId } = current;
    this.#call.tell({ type: 'call.recording', recordingId, state: 'paused', by, resumesAt: this.#resumesAt });
    return true;
  }

  /** False when nothing is being recorded. */
  resume(by: string | undefined, detail?: string): boolean {
    const current = this.#current;
    if (!current) return false;
    if (!this.#paused) return true;
    this.#endPause();
    current.recorder?.resume();
    this.#call.tell({ type: 'call.recording', recordingId: current.recordingId, state: 'on', by, detail });
    return true;
  }

  /** Ends it: what was recorded is kept. False when nothing is being recorded. Never rejects. */
  async stop(by?: string): Promise<boolean> {
    const current = this.#current;
    if (!current) return false;
    this.#ended(current, undefined, by);
    this.#stopping = current.recorder?.stop().catch((error: unknown) => this.#call.onBug(error));
    await this.#stopping;
    return true;
  }

  /** The call is over: so is its recording, and none begins any more. Idempotent. */
  close(): void {
    this.#closed = true;
    void this.stop();
  }

  async #begin(
    kind: RecordingRequest['kind'],
    target: RingTarget | undefined,
    by: string | undefined,
    listening: (sink: RecordingSink) => RecordingSink,
    pausedMs: number | undefined,
  ): Promise<RecordingStart> {
    const { attempt, recordings, media, onBug } = this.#call;
    await this.#stopping;
    if (this.#closed) return { ok: false, why: 'over', detail: 'the call is over' };
    const opened = recordings.open({ attempt, kind, target, announcedAt: this.#announcedAt });
    if ('refused' in opened) {
      const detail = opened.refused;
      this.#call.tell({ type: 'call.recording', recordingId: '', state: 'refused', detail, by });
      return { ok: false, why: 'refused', detail };
    }
    const { recordingId } = opened;
    const current: Current = { recordingId, kind, recorder: undefined, over: false };
    this.#current = current;
    const sink = this.#watched(listening(opened.sink), current);
    if (pausedMs !== undefined) this.pause(by, pausedMs);
    try {
      const recorder = await media.record(sink);
      current.recorder = recorder;
      // Somebody else ended or paused it meanwhile.
      if (current.over) {
        await recorder.stop();
        return { ok: false, why: 'over', detail: 'it was ended at once' };
      }
      if (this.#paused) recorder.pause();
      const resumesAt = this.#resumesAt;
      this.#call.tell({ type: 'call.recording', recordingId, state: 'on', by });
      // The last word is what it is.
      if (this.#paused)
        this.#call.tell({ type: 'call.recording', recordingId, state: 'paused', by, resumesAt });
      return { ok: true, recordingId };
    } catch (error) {
      const lacks = error instanceof MediaUnavailable;
      if (!lacks) onBug(error);
      const detail = lacks ? error.message : 'the media engine failed';
      // Who opened it is told that nothing comes.
      sink.end(NOTHING, detail);
      return { ok: false, why: 'media_cannot', detail };
    }
  }

  /** The sink's own, and this object hears when it ends by itself. */
  #watched(sink: RecordingSink, current: Current): RecordingSink {
    let ended = false;
    return {
      begin: (format) => sink.begin(format),
      write: (octets) => sink.write(octets),
      end: (facts, lost) => {
        if (ended) return;
        ended = true;
        sink.end(facts, lost);
        this.#ended(current, lost);
      },
    };
  }

  #ended(current: Current, lost: string | undefined, by?: string): void {
    if (current.over) return;
    current.over = true;
    this.#endPause();
    if (this.#current === current) this.#current = undefined;
    const { recordingId } = current;
    this.#call.tell({ type: 'call.recording', recordingId, state: 'off', by, detail: lost });
  }

  #endPause(): void {
    clearTimeout(this.#resumeTimer);
    this.#resumeTimer = undefined;
    this.#resumesAt = undefined;
    this.#paused = false;
  }
}
