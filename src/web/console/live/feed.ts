import { isRecord } from '../../shared/is-record';
import { retryDelayMs } from '../../shared/retry-delay';
import { connectFrame, eventFrame, PONG, readFrame } from '../../shared/socketio';

export type FeedState = 'connecting' | 'live' | 'lost' | 'refused';

export interface FeedHandlers {
  onState(state: FeedState): void;
  /** Subscribed. `fresh`: what happened before is to be asked for; else nothing was missed. */
  onSubscribed(fresh: boolean): void;
  onEvent(event: unknown): void;
  onBoard(figures: unknown): void;
  /** Something was missed that is not told again. */
  onGap(): void;
  onStatus(degraded: boolean): void;
}

/** A connection, as {@link LiveFeed} uses it; a WebSocket, but for tests. */
export interface FeedSocket {
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: (() => void) | null;
  send(text: string): void;
  close(): void;
}

export interface FeedEnvironment {
  open(): FeedSocket;
  setTimer(work: () => void, ms: number): number;
  clearTimer(timer: number): void;
  /** From [0, 1). */
  random(): number;
}

const OPEN_MS = 20_000;
/** Attempts after which the waits grow no longer. */
const MAX_ATTEMPT = 8;

/**
 * The news of the exchange on some topics, for as long as it is started. It comes back by itself after a loss,
 * and goes on behind the last event that it has seen, so that nothing is missed and nothing comes twice.
 */
export class LiveFeed {
  readonly #environment: FeedEnvironment;
  readonly #topics: readonly string[];
  readonly #handlers: FeedHandlers;
  #socket: FeedSocket | undefined;
  #timer: number | undefined;
  #attempt = 0;
  #acks = 0;
  #started = false;
  /** The last event seen, behind which a new subscription goes on. */
  #position: string | undefined;

  constructor(environment: FeedEnvironment, topics: readonly string[], handlers: FeedHandlers) {
    this.#environment = environment;
    this.#topics = topics;
    this.#handlers = handlers;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#open();
  }

  /** Idempotent. */
  stop(): void {
    this.#started = false;
    this.#clearTimer();
    this.#drop();
  }

  /** The network has changed, or the page is looked at again: a wait is cut short. */
  kick(): void {
    if (this.#started && this.#socket === undefined) this.#open();
  }

  #open(): void {
    this.#drop();
    this.#clearTimer();
    this.#handlers.onState('connecting');
    const socket = this.#environment.open();
    this.#socket = socket;
    let silenceMs = OPEN_MS;
    const watch = (): void => {
      this.#clearTimer();
      this.#timer = this.#environment.setTimer(() => this.#again(socket), silenceMs);
    };
    watch();
    socket.onclose = () => this.#again(socket);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket || typeof data !== 'string') return;
      const frame = readFrame(data);
      switch (frame.kind) {
        case 'open':
          silenceMs = frame.silenceMs;
          // The cookie says who we are.
          socket.send(connectFrame({}));
          break;
        case 'ping':
          socket.send(PONG);
          break;
        case 'connected':
          this.#subscribe(socket);
          break;
        case 'ack':
          this.#acknowledged(socket, frame.id, frame.data);
          break;
        case 'event':
          this.#event(frame.name, frame.data);
          break;
        case 'refused':
          this.#again(socket, 'refused');
          return;
        case 'close':
          this.#again(socket);
          return;
        case 'other':
          break;
      }
      if (socket === this.#socket) watch();
    };
  }

  #subscribe(socket: FeedSocket): void {
    const after = this.#position === undefined ? {} : { after: this.#position };
    socket.send(eventFrame(++this.#acks, 'subscribe', { topics: this.#topics, ...after }));
  }

  #acknowledged(socket: FeedSocket, id: number, data: unknown): void {
    if (id !== this.#acks) return;
    if (!isRecord(data) || data['ok'] !== true) {
      // A position that is not known any more is given up; otherwise it is tried again later.
      if (this.#position !== undefined) {
        this.#position = undefined;
        this.#handlers.onGap();
        this.#subscribe(socket);
      } else this.#again(socket, 'refused');
      return;
    }
    const fresh = this.#position === undefined;
    if (fresh && typeof data['position'] === 'string') this.#position = data['position'];
    this.#attempt = 0;
    this.#handlers.onState('live');
    this.#handlers.onSubscribed(fresh);
  }

  #event(name: string, data: unknown): void {
    switch (name) {
      case 'event':
        if (isRecord(data) && typeof data['id'] === 'string') this.#position = data['id'];
        this.#handlers.onEvent(data);
        break;
      case 'board':
        this.#handlers.onBoard(data);
        break;
      case 'gap':
        if (isRecord(data) && typeof data['to'] === 'string') this.#position = data['to'];
        this.#handlers.onGap();
        break;
      case 'status':
        this.#handlers.onStatus(isRecord(data) && data['degraded'] === true);
        break;
      default:
        break;
    }
  }

  #again(socket: FeedSocket, state: FeedState = 'lost'): void {
    if (socket !== this.#socket) return;
    this.#drop();
    this.#clearTimer();
    this.#handlers.onState(state);
    this.#attempt = Math.min(this.#attempt + 1, MAX_ATTEMPT);
    const wait = retryDelayMs(this.#attempt, this.#environment.random());
    this.#timer = this.#environment.setTimer(() => this.#open(), wait);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #clearTimer(): void {
    if (this.#timer !== undefined) this.#environment.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
