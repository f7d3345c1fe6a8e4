import { Connection } from 'drachtio-modesl';

export interface EventSocketOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** Milliseconds that connecting, and each command, may take. */
  readonly timeoutMs: number;
  /** A command was not answered in time. */
  readonly onTimeout?: () => void;
}

/** Commands that may be under way at once: a server that answers none of so many is no use. */
export const MAX_COMMANDS = 1_000;

/**
 * A connection to the event socket of a FreeSWITCH. It ends once and does not come back: whoever uses it opens
 * another, at a pace of its own. (The library would connect again by itself, after a millisecond each time.)
 */
export class EventSocket {
  /** For drachtio-fsmrf, which listens on the same connection. */
  readonly connection: Connection;
  readonly #timeoutMs: number;
  readonly #onTimeout: () => void;
  readonly #waiting = new Set<(error: Error) => void>();
  #ended: Error | undefined;
  #onEnd: (error: Error) => void = () => undefined;

  private constructor(
    connection: Connection,
    { timeoutMs, onTimeout = () => undefined }: Pick<EventSocketOptions, 'timeoutMs' | 'onTimeout'>,
  ) {
    this.connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#onTimeout = onTimeout;
    // The library writes a command in two pieces: the second would wait for an acknowledgement.
    connection.socket?.setNoDelay(true);
    connection.on('error', (error: Error) => this.#end(error));
    connection.on('esl::end', () => this.#end(new Error('the event socket was closed')));
  }

  /** Rejected when it cannot be reached, does not answer in time, or refuses us or the secret. */
  static open({ host, port, secret, ...times }: EventSocketOptions): Promise<EventSocket> {
    const { timeoutMs } = times;
    return new Promise((resolve, reject) => {
      const socket = new EventSocket(
        new Connection(host, port, secret, () => {
          clearTimeout(timer);
          socket.#onEnd = () => undefined;
          resolve(socket);
        }),
        times,
      );
      const timer = setTimeout(() => socket.#end(new Error('the event socket does not answer')), timeoutMs);
      socket.#onEnd = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      const { connection } = socket;
      connection.on('esl::event::auth::fail', () =>
        socket.#end(new Error('the event socket refused the secret')),
      );
      connection.on('esl::event::raw::text/rude-rejection', () =>
        socket.#end(new Error('the event socket refused our address')),
      );
    });
  }

  /** Told once, when the connection is lost; not after {@link EventSocket.close}. */
  onEnd(handler: (error: Error) => void): void {
    this.#onEnd = handler;
  }

  /**
   * Does a command, and gives what it answers, without white space around. Commands are answered in order.
   * Rejected when the connection ends, when no answer comes in time, and beyond {@link MAX_COMMANDS}.
   */
  command(text: string): Promise<string> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#waiting.size >= MAX_COMMANDS) {
      return Promise.reject(new Error(`${MAX_COMMANDS} commands wait for an answer`));
    }
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(fail);
      };
      const fail = (error: Error): void => {
        settle();
        reject(error);
      };
      const timer = setTimeout(() => {
        this.#onTimeout();
        fail(new Error(`no answer to ${text}`));
      }, this.#timeoutMs);
      this.#waiting.add(fail);
      this.connection.api(text, (event) => {
        settle();
        resolve((event.getBody() ?? '').trim());
      });
    });
  }

  /** Idempotent. */
  close(): void {
    this.#onEnd = () => undefined;
    this.#end(new Error('the event socket is closed'));
  }

  #end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    this.connection.closing = true;
    this.connection.socket?.destroy();
    for (const fail of [...this.#waiting]) fail(error);
    this.#onEnd(error);
  }
}
