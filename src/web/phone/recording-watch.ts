import type { ApiClient } from './api/api-client';
import { ApiError } from './api/api-client';
import type { CallRecording } from './api/api-types';
import type { Store } from './state';

/** How often it is asked whether the call in hand is recorded: others may begin, pause and end that. */
const EVERY_MS = 5_000;

/** The recording of the call in hand: whether there is one, and what the agent leaves out of it. */
export class RecordingWatch {
  readonly #api: Pick<ApiClient, 'recording' | 'pauseRecording'>;
  readonly #store: Store;
  readonly #callId: string;
  #timer: number | undefined;
  /** What was asked for last: an older answer says nothing any more. */
  #asked = 0;
  #closed = false;

  constructor(api: Pick<ApiClient, 'recording' | 'pauseRecording'>, store: Store, callId: string) {
    this.#api = api;
    this.#store = store;
    this.#callId = callId;
    void this.#look();
  }

  /** Pauses it, or goes on with it. */
  async toggle(): Promise<void> {
    const { recording } = this.#store.state;
    if (recording === undefined || recording.state === 'off') return;
    const asked = ++this.#asked;
    try {
      const now = await this.#api.pauseRecording(
        this.#callId,
        recording.state === 'paused' ? 'resume' : 'pause',
      );
      if (!this.#closed && asked === this.#asked) this.#store.set({ recording: now });
    } catch (error) {
      if (this.#closed || (error instanceof ApiError && error.status === 401)) return;
      this.#store.set({ notice: { kind: 'recording_failed' } });
    }
  }

  close(): void {
    this.#closed = true;
    window.clearTimeout(this.#timer);
    this.#store.set({ recording: undefined });
  }

  async #look(): Promise<void> {
    const asked = this.#asked;
    const recording: CallRecording | undefined = await this.#api
      .recording(this.#callId)
      .catch(() => this.#store.state.recording);
    if (this.#closed) return;
    if (asked === this.#asked) this.#store.set({ recording });
    this.#timer = window.setTimeout(() => void this.#look(), EVERY_MS);
  }
}
