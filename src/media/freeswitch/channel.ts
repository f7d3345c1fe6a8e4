import type { Connection, EslEvent } from 'drachtio-modesl';
import type { Endpoint } from 'drachtio-fsmrf/lib/mediaserver';
import { inTime } from '../../domain';
import { MediaUnavailable } from '../media-engine';

/** Why a channel is gone that we did not close. */
export type ChannelLoss = 'silent' | 'ended';

export interface ChannelListener {
  onDigit(digit: string, durationMs: number): void;
  /** Told once, unless we closed it. */
  onGone(loss: ChannelLoss, reason: string): void;
}

export interface ChannelOptions {
  /** Milliseconds that each command may take. */
  readonly timeoutMs: number;
  /** A command was not answered in time. */
  readonly onTimeout: () => void;
}

/** Samples of 8 kHz, in which FreeSWITCH tells how long a key was pressed. */
const SAMPLES_PER_MS = 8;
const HANGUP_OF_SILENCE = 'MEDIA_TIMEOUT';

/** One channel of a FreeSWITCH: an endpoint of drachtio-fsmrf, whose every command comes to an end. */
export class Channel {
  readonly uuid: string;
  readonly #endpoint: Endpoint;
  readonly #options: ChannelOptions;
  /** Rejects whatever waits for an answer. */
  readonly #waiting = new Set<(error: Error) => void>();
  #listener: ChannelListener | undefined;
  #gone: Error | undefined;

  constructor(endpoint: Endpoint, options: ChannelOptions) {
    this.#endpoint = endpoint;
    this.uuid = endpoint.uuid;
    this.#options = options;
    // The library's own listener writes to standard error; the end of the connection says all there is to say.
    endpoint.conn?.removeAllListeners('error');
    endpoint.conn?.on('error', () => undefined);
    endpoint.on('dtmf', ({ dtmf, duration }: { readonly dtmf?: string; readonly duration?: string }) => {
      if (dtmf !== undefined)
        this.#listener?.onDigit(dtmf, Math.round(Number(duration ?? 0) / SAMPLES_PER_MS));
    });
    endpoint.on('destroy', (why?: { readonly reason?: string }) => {
      const reason = why?.reason;
      // Its connection broke off: no BYE comes, and the dialog would stay for good.
      if (reason === undefined) endpoint.dialog?.destroy(undefined, () => undefined);
      if (reason === HANGUP_OF_SILENCE) this.#end('silent', 'no audio');
      else this.#end('ended', reason === undefined ? 'the media server is gone' : `ended by ${reason}`);
    });
  }

  /** What FreeSWITCH answered the offer with which the channel was opened. */
  get localSdp(): string {
    return this.#endpoint.local.sdp;
  }

  get closed(): boolean {
    return this.#gone !== undefined;
  }

  listen(listener: ChannelListener): void {
    this.#listener = listener;
  }

  /** Sends another offer of the peer's; gives the answer. One at a time. */
  async modify(sdp: string): Promise<string> {
    const { dialog } = this.#endpoint;
    if (!dialog) throw new MediaUnavailable('the channel has no dialog');
    return this.#inTime('re-INVITE', dialog.modify(sdp));
  }

  /**
   * Does a command of the event socket; the body of its answer.
   * @throws MediaUnavailable when it fails, or nothing is answered in time
   */
  async command(command: string, ...args: readonly string[]): Promise<string> {
    const connection = this.#connection;
    if (!connection) throw new MediaUnavailable('the channel has no connection');
    // Not by the endpoint: that one writes each answer down in full, whether anybody reads that or not.
    const answer = new Promise<EslEvent>((resolve) => connection.api([command, ...args].join(' '), resolve));
    const event = await this.#inTime(command, answer);
    const body = (event.getBody() ?? '').trim();
    if (body.startsWith('-ERR') || body.startsWith('-USAGE')) {
      throw new MediaUnavailable(`${command}: ${body.slice(0, 200)}`);
    }
    return body;
  }

  /** Runs an application on the channel, for as long as that takes; what became of it. */
  async run(application: string, argument: string): Promise<EslEvent> {
    return this.#unlessGone(this.#endpoint.execute(application, argument));
  }

  /** The same for what is over at once. */
  async runBriefly(application: string, argument: string): Promise<void> {
    await this.#inTime(application, this.#endpoint.execute(application, argument));
  }

  /** Sends an event to the channel itself, as eavesdropping takes its commands. */
  tell(headers: Readonly<Record<string, string>>): void {
    this.#connection?.sendRecv('sendevent MESSAGE', { ...headers, 'unique-id': this.uuid }, () => undefined);
  }

  /** Hangs the channel up. Idempotent. */
  close(): void {
    if (this.#gone) return;
    const connection = this.#connection;
    this.#fail(new MediaUnavailable('the channel is closed'));
    if (connection) connection.api(`uuid_kill ${this.uuid}`, () => undefined);
    // Its server may be alive though the connection is not.
    else this.#endpoint.dialog?.destroy(undefined, () => undefined);
  }

  get #connection(): Connection | null {
    const { conn } = this.#endpoint;
    return conn?.socket ? conn : null;
  }

  #end(loss: ChannelLoss, reason: string): void {
    if (this.#gone) return;
    this.#fail(new MediaUnavailable(reason));
    this.#listener?.onGone(loss, reason);
  }

  #fail(error: Error): void {
    this.#gone = error;
    for (const reject of [...this.#waiting]) reject(error);
  }

  #inTime<T>(what: string, work: Promise<T>): Promise<T> {
    const { timeoutMs, onTimeout } = this.#options;
    return inTime(this.#unlessGone(work), timeoutMs, () => {
      onTimeout();
      return new MediaUnavailable(`no answer to ${what}`);
    });
  }

  #unlessGone<T>(work: Promise<T>): Promise<T> {
    if (this.#gone) {
      work.catch(() => undefined);
      return Promise.reject(this.#gone);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      void work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}
