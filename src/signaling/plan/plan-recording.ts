import type { Clock, RingTarget } from '../../domain';
import type { CallRecording } from '../recording/call-recording';
import { MAX_PAUSE_MS } from '../recording/call-recording';

/** What it needs of the call. */
export interface PlanRecordingParts {
  readonly recording: CallRecording;
  readonly clock: Clock;
  /** What the campaign wants of every conversation; undefined: nothing. */
  readonly policy: () => { readonly announce: string | undefined } | undefined;
  /** Whether the caller speaks with somebody. */
  readonly isSpoken: () => boolean;
  /** Says why a conversation is not recorded that the campaign wants recorded. */
  readonly refused: (detail: string) => void;
}

/**
 * What a plan and its campaign want recorded, and when that can be: a wish of before the caller is answered holds from
 * the answer on, and one of before a conversation is judged anew for whoever the caller is joined with. Never rejects.
 */
export class PlanRecording {
  readonly #parts: PlanRecordingParts;
  /** What the last step said; undefined: none did. */
  #wish: 'on' | 'paused' | 'off' | undefined;

  constructor(parts: PlanRecordingParts) {
    this.#parts = parts;
  }

  /**
   * What a step says.
   * @param answered - the caller is: there is somebody to record
   */
  async set(wish: 'on' | 'paused' | 'off', answered: boolean): Promise<void> {
    const { recording } = this.#parts;
    if (wish === 'off') {
      this.#wish = 'off';
      await recording.stop();
    } else if (wish === 'paused') {
      // A pause of nothing is none.
      if (recording.pause(undefined, MAX_PAUSE_MS) || this.#isWanted) this.#wish = 'paused';
    } else {
      this.#wish = 'on';
      if (recording.state === 'paused') recording.resume(undefined);
      else if (answered) await this.#start(undefined, false);
    }
  }

  /** The caller has just been answered, or told that the call is recorded: what was wished for before may be done now. */
  async mayBegin(): Promise<void> {
    if (this.#isWanted && this.#parts.recording.state === 'off') {
      await this.#start(undefined, this.#wish === 'paused');
    }
  }

  /**
   * Caller and target hear each other. What was recorded of the caller alone ends here: a conversation is recorded
   * if the law and those whose it is let it.
   * @param asked - the step that rang wants it recorded
   */
  async joined(target: RingTarget | undefined, asked: boolean): Promise<void> {
    const { recording, clock, policy, refused } = this.#parts;
    const { state, resumesAt } = recording;
    if (state !== 'off') {
      const pausedMs = state === 'paused' && resumesAt !== undefined ? resumesAt - clock.now() : undefined;
      await recording.stop();
      // They may have hung up meanwhile.
      if (this.#parts.isSpoken()) await this.#start(target, state === 'paused', pausedMs);
    } else if (asked || this.#isWanted) {
      await this.#start(target, !asked && this.#wish === 'paused');
    } else if (this.#wish !== 'off') {
      const wanted = policy();
      if (!wanted) return;
      if (wanted.announce === undefined || recording.announcedAt !== undefined) {
        await this.#start(target, false);
      } else refused('the campaign wants it announced first, and the caller did not hear that');
    }
  }

  get #isWanted(): boolean {
    return this.#wish === 'on' || this.#wish === 'paused';
  }

  async #start(target: RingTarget | undefined, paused: boolean, pausedMs = MAX_PAUSE_MS): Promise<void> {
    const { recording } = this.#parts;
    await recording.start('conversation', target, undefined, undefined, paused ? pausedMs : undefined);
  }
}
