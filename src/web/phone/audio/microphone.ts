import { troubleOf } from '../core/troubles';
import type { TroubleCode } from '../core/troubles';

export type Opened =
  | { readonly ok: true; readonly track: MediaStreamTrack }
  | { readonly ok: false; readonly trouble: TroubleCode };

/** The microphone, open only while something needs it. */
export class Microphone {
  #track: MediaStreamTrack | undefined;
  #opening: Promise<Opened> | undefined;
  #users = 0;
  /** Told when the device has gone: it was unplugged, or its permission taken back. */
  onGone: (() => void) | undefined;
  /** Empty: the system's default. */
  deviceId = '';

  get track(): MediaStreamTrack | undefined {
    return this.#track;
  }

  /** Takes the microphone; whoever gets it calls {@link release}. */
  async take(): Promise<Opened> {
    this.#users++;
    const opened = await this.#open();
    if (!opened.ok) this.release();
    return opened;
  }

  /** Gives it back; the last one closes it. */
  release(): void {
    this.#users = Math.max(0, this.#users - 1);
    if (this.#users === 0) this.#close();
  }

  /** Whether somebody needs it, and there is none that works. */
  get missing(): boolean {
    return this.#users > 0 && this.#track?.readyState !== 'live';
  }

  /**
   * Opens the device that is chosen now in the place of another, which stays where that fails.
   * @returns undefined when nobody needs the microphone
   */
  async reopen(): Promise<Opened | undefined> {
    await this.#opening;
    if (this.#users === 0) return undefined;
    const old = this.#track;
    const opened = await this.#request();
    if (opened.ok && opened.track !== old) old?.stop();
    return this.missing || opened.ok ? opened : undefined;
  }

  async #open(): Promise<Opened> {
    if (this.#track?.readyState === 'live') return { ok: true, track: this.#track };
    return this.#request();
  }

  #request(): Promise<Opened> {
    this.#opening ??= this.#ask().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #ask(): Promise<Opened> {
    // Without a secure context the browser does not have any devices to speak of.
    const devices = navigator.mediaDevices as MediaDevices | undefined;
    if (devices === undefined) return { ok: false, trouble: 'insecure' };
    try {
      const stream = await devices.getUserMedia({ audio: this.#constraints() });
      const [track] = stream.getAudioTracks();
      if (track === undefined) return { ok: false, trouble: 'no_microphone' };
      if (this.#users === 0) {
        track.stop();
        return { ok: false, trouble: 'media' };
      }
      track.onended = () => {
        if (this.#track !== track) return;
        this.#track = undefined;
        this.onGone?.();
      };
      this.#track = track;
      return { ok: true, track };
    } catch (error) {
      return { ok: false, trouble: troubleOf(error) };
    }
  }

  #constraints(): MediaTrackConstraints {
    return {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      // A device that is gone gives way to the default one.
      ...(this.deviceId === '' ? {} : { deviceId: { ideal: this.deviceId } }),
    };
  }

  #close(): void {
    const track = this.#track;
    this.#track = undefined;
    track?.stop();
  }
}
