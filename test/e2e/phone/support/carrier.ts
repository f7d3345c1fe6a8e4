import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NUMBER } from '../../support/market';
import { until } from '../../support/processes';
import { callerUntilTold } from '../../support/scenarios';
import { Sipp } from '../../support/sipp';
import { TonePeer } from './tone-peer';

export interface CarrierOptions {
  /** Address of the switch. */
  readonly remote: string;
  /** The tone that it sends, in Hz. */
  readonly hertz: number;
  /** Last digits of the caller's number, +1212345…. */
  readonly caller: string;
  readonly headers?: string;
}

/** Time in which a call that was told to end does. */
const END_MS = 45_000;
const LOG = 'carrier.log';
const UP = /^up (\S+)/m;
const MEDIA = /^media ([0-9.]+):(\d+)/gm;

/** A carrier's call: SIPp for its signalling, a tone for its caller's voice. */
export class Carrier {
  private constructor(
    private readonly sipp: Sipp,
    readonly voice: TonePeer,
  ) {}

  static async call(options: CarrierOptions): Promise<Carrier> {
    const voice = await TonePeer.open(options.hertz);
    try {
      const sipp = await Sipp.start({
        scenario: callerUntilTold(options.headers),
        remote: options.remote,
        service: NUMBER,
        calls: 1,
        timeoutSeconds: 150,
        keys: { caller: options.caller, tone_port: String(voice.port) },
        args: ['-trace_logs', '-log_file', LOG],
      });
      return new Carrier(sipp, voice);
    } catch (error) {
      voice.close();
      throw error;
    }
  }

  /** Waits until the switch names a port for audio, and speaks to it. Early media count. */
  async speaks(withinMs = 30_000): Promise<void> {
    await this.#reaches('audio', () => this.#log().search(MEDIA) >= 0, withinMs);
    const [, address = '', port] = [...this.#log().matchAll(MEDIA)].at(-1) ?? [];
    this.voice.speak(Number(port), address);
  }

  /** Waits until the call is answered, and speaks. */
  async isUp(withinMs = 30_000): Promise<void> {
    await this.#reaches('an answer', () => UP.test(this.#log()), withinMs);
    await this.speaks();
  }

  /** Hangs up: sends BYE, and waits for its 200. */
  async hangUp(): Promise<void> {
    const callId = UP.exec(this.#log())?.[1] ?? '';
    const socket = createSocket('udp4');
    const word = [
      'MESSAGE sip:carrier@127.0.0.1 SIP/2.0',
      'Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKtold',
      'From: <sip:test@127.0.0.1>;tag=test',
      'To: <sip:carrier@127.0.0.1>',
      `Call-ID: ${callId}`,
      'CSeq: 1 MESSAGE',
      'Max-Forwards: 70',
      'Content-Length: 0',
      '\r\n',
    ].join('\r\n');
    await new Promise((sent) => socket.send(word, this.sipp.port, '127.0.0.1', sent));
    socket.close();
    await this.ends();
  }

  /** Waits until the call is over. @throws Error when SIPp saw anything that it did not expect */
  async ends(): Promise<void> {
    let over = false;
    void this.sipp.exited.finally(() => (over = true)).catch(() => undefined);
    await until('the end of the call of the carrier', () => over, END_MS);
    await this.sipp.succeeds();
    this.voice.close();
  }

  async stop(): Promise<void> {
    await this.sipp.stop();
    this.voice.close();
  }

  #log(): string {
    const file = join(this.sipp.folder, LOG);
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  async #reaches(what: string, condition: () => boolean, withinMs: number): Promise<void> {
    let over: number | string | undefined;
    void this.sipp.exited.then((code) => (over = code));
    await until(
      `${what} for the carrier`,
      () => {
        if (condition()) return true;
        if (over !== undefined)
          throw new Error(`sipp ended with ${over}:\n${this.sipp.output().slice(-3_000)}`);
        return false;
      },
      withinMs,
    );
  }
}
