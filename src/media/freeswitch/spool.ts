import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Sound } from '../media-engine';
import { SOUNDS } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';
import { encodeG711 } from '../sounds/g711';
import { frameOf, framesOf, LOOPS } from '../sounds/score';

/** Recordings as FreeSWITCH writes them, before the switch has taken them. */
const RECORDING = /^call-[0-9a-f-]{36}\.(?:ul|al)$/;
/** Nobody writes a recording so long after the last octet: whoever made it was killed. */
const ABANDONED_MS = 600_000;
const SWEEP_MS = 300_000;
const WAV_HEADER = 44;
const WAV_MULAW = 7;
const FRAMES_AT_ONCE = 20;

/**
 * The folder that the switch shares with every FreeSWITCH, under one path: recordings pass through it, and the
 * sounds of the switch lie there. What a killed process left is removed.
 */
export class Spool {
  readonly folder: string;
  readonly #inUse = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @throws Error when the folder cannot be written to */
  static async open(folder: string): Promise<Spool> {
    const spool = new Spool(folder);
    await mkdir(folder, { recursive: true });
    for (const sound of SOUNDS) await spool.#render(sound);
    await spool.sweep();
    spool.#timer = setInterval(() => void spool.sweep().catch(() => undefined), SWEEP_MS);
    spool.#timer.unref();
    return spool;
  }

  /** Where FreeSWITCH finds a sound. */
  soundFile(sound: Sound): string {
    return join(this.folder, `${sound}.wav`);
  }

  /** A file to be recorded to, which is not swept before it is {@link removed}. */
  recordingFile(id: string, encoding: 'PCMU' | 'PCMA'): string {
    const file = join(this.folder, `call-${id}.${encoding === 'PCMU' ? 'ul' : 'al'}`);
    this.#inUse.add(file);
    return file;
  }

  async remove(file: string): Promise<void> {
    this.#inUse.delete(file);
    await rm(file, { force: true });
  }

  /** Removes recordings that nobody writes any more. */
  async sweep(now = Date.now()): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const file = join(this.folder, name);
      if (!RECORDING.test(name) || this.#inUse.has(file)) continue;
      const written = await stat(file).catch(() => undefined);
      if (written && now - written.mtimeMs > ABANDONED_MS) await rm(file, { force: true });
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The same samples as on every other engine; other switches that share the folder write the same file. */
  async #render(sound: Sound): Promise<void> {
    const rendering = rendered.get(sound) ?? render(sound);
    rendered.set(sound, rendering);
    const octets = await rendering;
    const half = `${this.soundFile(sound)}.${process.pid}`;
    await writeFile(half, muLawWav(octets));
    await rename(half, this.soundFile(sound));
  }
}

/** Made once in a process. */
const rendered = new Map<Sound, Promise<Buffer>>();

/** Others have their turn meanwhile: a sound takes a tenth of a second. */
async function render(sound: Sound): Promise<Buffer> {
  const loop = LOOPS[sound];
  const frames: Buffer[] = [];
  for (let index = 0; index < framesOf(loop); index++) {
    if (index % FRAMES_AT_ONCE === 0) await setImmediate();
    frames.push(encodeG711(frameOf(loop, index), 'PCMU'));
  }
  return Buffer.concat(frames);
}

function muLawWav(octets: Buffer): Buffer {
  const header = Buffer.alloc(WAV_HEADER);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER - 8 + octets.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(WAV_MULAW, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(CLOCK_RATE, 24);
  header.writeUInt32LE(CLOCK_RATE, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(octets.length, 40);
  return Buffer.concat([header, octets]);
}
