import { connectFrame, PONG, readFrame } from '../../shared/socketio';
import { retryDelayMs } from '../../shared/retry-delay';

const OPEN_MS = 20_000;
/** Attempts after which the waits grow no longer. */
const MAX_ATTEMPT = 8;

/** The live news of the exchange, for as long as it is started; it comes back by itself. */
export class RealtimeFeed {
  readonly #url: string;
  readonly #onEvent: (name: string, data: unknown) => void;
  #token: string | undefined;
  #socket: WebSocket | undefined;
  #timer: number | undefined;
  #attempt = 0;

  constructor(url: string, onEvent: (name: string, data: unknown) => void) {
    this.#url = url;
    this.#onEvent = onEvent;
  }

  start(token: string): void {
    this.stop();
    this.#token = token;
    this.#attempt = 0;
    this.#open();
  }

  /** Idempotent. */
  stop(): void {
    this.#token = undefined;
    window.clearTimeout(this.#timer);
    this.#drop();
  }

  /** The network has changed: a wait is cut short. */
  kick(): void {
    if (this.#token !== undefined && this.#socket === undefined) this.#open();
  }

  #open(): void {
    const token = this.#token;
    if (token === undefined) return;
    this.#drop();
    window.clearTimeout(this.#timer);
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    let silenceMs = OPEN_MS;
    const watch = () => {
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#again(socket), silenceMs);
    };
    watch();
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || typeof data !== 'string') return;
      const frame = readFrame(data);
      if (frame.kind === 'open') {
        silenceMs = frame.silenceMs;
        socket.send(connectFrame({ token }));
      } else if (frame.kind === 'ping') socket.send(PONG);
      else if (frame.kind === 'connected') this.#attempt = 0;
      else if (frame.kind === 'event') this.#onEvent(frame.name, frame.data);
      else if (frame.kind === 'close' || frame.kind === 'refused') return this.#again(socket);
      watch();
    };
    socket.onclose = () => this.#again(socket);
  }

  #again(socket: WebSocket): void {
    if (socket !== this.#socket) return;
    this.#drop();
    window.clearTimeout(this.#timer);
    this.#attempt = Math.min(this.#attempt + 1, MAX_ATTEMPT);
    this.#timer = window.setTimeout(() => this.#open(), retryDelayMs(this.#attempt, Math.random()));
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }
}
