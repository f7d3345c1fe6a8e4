import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './processes';
import { freePort, startProgram, until } from './processes';
import { holdsSound } from './find-sound';
import { readSamples, toneShare, writeSamples, writeTone } from './wav';

export interface BaresipOptions {
  readonly user: string;
  /** What it says from its answer on: a tone, in Hz, or samples of 8 kHz, and nothing after them. */
  readonly says: number | Int16Array;
  readonly answer: 'auto' | 'manual';
  readonly codecs?: string;
  /** What it does once it runs, e.g. `/dial sip:+1…@127.0.0.1:5060`. */
  readonly command?: string;
  readonly transport?: 'udp' | 'tcp';
}

const SPOKEN_SECONDS = 60;
const RATE = 8_000;
/** Longer than an event and its three last packets. */
const KEY_MS = 400;

/** A real SIP phone (baresip) that speaks a tone, or something else, and records what it hears. */
export class Baresip {
  readonly port: number;
  readonly #control: number;
  readonly #folder: string;
  readonly #program: Program;

  private constructor(port: number, control: number, folder: string, program: Program) {
    this.port = port;
    this.#control = control;
    this.#folder = folder;
    this.#program = program;
  }

  static async start(options: BaresipOptions): Promise<Baresip> {
    const port = await freePort();
    const rtp = await freePort();
    const control = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'baresip-'));
    mkdirSync(folder, { recursive: true });
    speech(join(folder, 'speech.wav'), options.says);
    writeFileSync(join(folder, 'config'), config(folder, port, rtp, control));
    writeFileSync(join(folder, 'contacts'), '');
    const codecs = options.codecs ?? 'PCMU/8000/1,PCMA/8000/1';
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:${options.user}@127.0.0.1:${port};transport=${options.transport ?? 'udp'}>` +
        `;regint=0;answermode=${options.answer};audio_codecs=${codecs}\n`,
    );
    const args = ['-f', folder, ...(options.command === undefined ? [] : ['-e', options.command])];
    const program = startProgram('baresip', args);
    const phone = new Baresip(port, control, folder, program);
    try {
      await until('baresip to be ready', () => program.output().includes('baresip is ready'));
    } catch (error) {
      await phone.stop();
      throw new Error(`baresip did not start: ${program.output()}`, { cause: error });
    }
    return phone;
  }

  get uri(): string {
    return `sip:buyer@127.0.0.1:${this.port}`;
  }

  output(): string {
    return this.#program.output();
  }

  async established(): Promise<void> {
    await until(`a call on baresip ${this.port}`, () => this.output().includes('Call established'));
  }

  async terminated(): Promise<void> {
    await until(`the end of the call on baresip ${this.port}`, () =>
      /terminated|session closed/.test(this.output()),
    );
  }

  /** Presses one key after the other, as RFC 4733 events of the call that is up. */
  async press(keys: string): Promise<void> {
    for (const key of keys) {
      await this.#order('sndcode', key);
      await new Promise((resolve) => setTimeout(resolve, KEY_MS));
    }
  }

  async hangUp(): Promise<void> {
    await this.#order('hangup');
  }

  /** One command of its control socket, which takes netstrings of JSON. */
  #order(command: string, params = ''): Promise<void> {
    const text = JSON.stringify({ command, params });
    return new Promise((resolve, reject) => {
      const socket = connect(this.#control, '127.0.0.1', () => socket.write(`${text.length}:${text},`));
      socket.once('error', reject);
      // It answers each of them; what happens in between is told as well.
      socket.on('data', (chunk: Buffer) => {
        if (chunk.includes('"response":true')) socket.end();
      });
      socket.once('close', () => resolve());
    });
  }

  /** What it heard so far. */
  heard(): Int16Array {
    const file = readdirSync(this.#folder).find((name) => name.endsWith('-dec.wav'));
    return file === undefined ? new Int16Array(0) : readSamples(join(this.#folder, file));
  }

  /** Waits until it has heard this tone for a second at least. */
  async hears(hertz: number): Promise<void> {
    await until(`baresip ${this.port} to hear ${hertz} Hz`, () => {
      const samples = this.heard();
      return samples.length > 16_000 && toneShare(samples.subarray(-8_000), hertz) > 0.8;
    });
  }

  /** Waits until it has heard this sound, whole and in order. */
  async hearsSound(sound: Int16Array): Promise<void> {
    await until(`baresip ${this.port} to hear a sound of ${sound.length / 8} ms`, () =>
      holdsSound(this.heard(), sound),
    );
  }

  /** Ends it; a call that is up is hung up with a BYE first (SIGTERM). */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#program.stop(signal);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function speech(path: string, says: number | Int16Array): void {
  if (typeof says === 'number') {
    writeTone(path, says, SPOKEN_SECONDS);
    return;
  }
  // At the end of its file it would begin anew.
  const samples = new Int16Array(SPOKEN_SECONDS * RATE);
  samples.set(says.subarray(0, samples.length));
  writeSamples(path, samples);
}

function config(folder: string, port: number, rtp: number, control: number): string {
  return `poll_method epoll
sip_listen 127.0.0.1:${port}
call_max_calls 20
audio_player aubridge,nil
audio_source aufile,${join(folder, 'speech.wav')}
audio_alert aubridge,nil
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports ${rtp}-${rtp + 3}
rtp_timeout 0
ctrl_tcp_listen 127.0.0.1:${control}
snd_path ${folder}
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
`;
}
