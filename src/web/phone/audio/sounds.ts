import { ringAt } from '../core/tones';

/** A context begins to run a moment after it was made. */
const SETTLE_MS = 500;

/** Everything that is heard: the other side of calls, the ring, and the keys one presses. */
export class Sounds {
  #context: AudioContext | undefined;
  readonly #ringElement = new Audio();
  #ringOutput: AudioNode | undefined;
  #ringTimer: number | undefined;
  #ringing: readonly AudioNode[] = [];
  #output = '';
  readonly #playing = new Set<HTMLAudioElement>();
  /** Told when the browser lets the page sound, or no longer. */
  onAllowed: ((allowed: boolean) => void) | undefined;

  /** Finds out whether the browser lets the page sound: often only after somebody has touched it. */
  prepare(): void {
    const context = this.#ready();
    window.setTimeout(() => this.onAllowed?.(context.state === 'running'), SETTLE_MS);
  }

  /** To be called while somebody clicks or types. */
  unlock(): void {
    const context = this.#ready();
    if (context.state === 'suspended') context.resume().catch(() => undefined);
    this.#ringElement.play().catch(() => undefined);
  }

  /** Plays the other side of a call until the function that is returned is called. */
  play(stream: MediaStream): () => void {
    const element = new Audio();
    element.srcObject = stream;
    this.#playing.add(element);
    direct(element, this.#output);
    element.play().catch(() => this.onAllowed?.(false));
    return () => {
      this.#playing.delete(element);
      element.pause();
      element.srcObject = null;
    };
  }

  /** Which devices sound; empty: the system's default. */
  choose(output: string, ring: string): void {
    this.#output = output;
    for (const element of this.#playing) direct(element, output);
    direct(this.#ringElement, ring);
  }

  /** Rings until {@link stopRinging}. */
  startRinging(): void {
    if (this.#ringTimer !== undefined) return;
    this.unlock();
    let next = this.#ready().currentTime + 0.05;
    const plan = () => {
      const context = this.#ready();
      if (next < context.currentTime) next = context.currentTime;
      const { tones, lengthS } = ringAt(next);
      this.#ringing = tones.map((tone) => this.#tone(tone));
      next += lengthS;
      this.#ringTimer = window.setTimeout(plan, Math.max(50, (next - context.currentTime - 0.2) * 1000));
    };
    plan();
  }

  /** Silent at once, within the tone. Idempotent. */
  stopRinging(): void {
    window.clearTimeout(this.#ringTimer);
    this.#ringTimer = undefined;
    for (const node of this.#ringing) node.disconnect();
    this.#ringing = [];
  }

  /** One ring, to hear where it sounds. */
  tryRing(): void {
    this.unlock();
    for (const tone of ringAt(this.#ready().currentTime + 0.05).tones) this.#tone(tone);
  }

  /** The analyser of a microphone's level, until the function is called. */
  listen(track: MediaStreamTrack): { level(): number; close(): void } {
    const context = this.#ready();
    const source = context.createMediaStreamSource(new MediaStream([track]));
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    return {
      level: () => {
        analyser.getFloatTimeDomainData(samples);
        let sum = 0;
        for (const sample of samples) sum += sample * sample;
        return Math.sqrt(sum / samples.length);
      },
      close: () => source.disconnect(),
    };
  }

  #tone({
    hertz,
    startS,
    endS,
    gain,
  }: {
    hertz: number;
    startS: number;
    endS: number;
    gain: number;
  }): AudioNode {
    const context = this.#ready();
    const oscillator = context.createOscillator();
    const volume = context.createGain();
    oscillator.frequency.value = hertz;
    // A tone that begins or ends suddenly clicks.
    volume.gain.setValueAtTime(0, startS);
    volume.gain.linearRampToValueAtTime(gain, startS + 0.015);
    volume.gain.setValueAtTime(gain, endS - 0.03);
    volume.gain.linearRampToValueAtTime(0, endS);
    oscillator.connect(volume);
    volume.connect(this.#ringOutput ?? context.destination);
    oscillator.start(startS);
    oscillator.stop(endS);
    oscillator.onended = () => volume.disconnect();
    return volume;
  }

  #ready(): AudioContext {
    if (this.#context !== undefined) return this.#context;
    const context = new AudioContext();
    this.#context = context;
    context.onstatechange = () => this.onAllowed?.(context.state === 'running');
    // Through an element, whose device can be chosen in more browsers than a context's.
    const output = context.createMediaStreamDestination();
    this.#ringElement.srcObject = output.stream;
    this.#ringElement.autoplay = true;
    this.#ringOutput = output;
    return context;
  }
}

function direct(element: HTMLAudioElement, deviceId: string): void {
  const { setSinkId } = element as { setSinkId?: (id: string) => Promise<void> };
  // A device that is gone: the default one sounds.
  setSinkId?.call(element, deviceId).catch(() => {
    if (deviceId !== '') setSinkId.call(element, '').catch(() => undefined);
  });
}

/** Whether the browser lets a page choose where it sounds. */
export const canChooseOutput = (): boolean => 'setSinkId' in HTMLMediaElement.prototype;
