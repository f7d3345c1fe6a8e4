import { TransportState } from 'sip.js';
import type { Emitter, Transport } from 'sip.js';
import { withBestChallenge } from './digest-answer';

/** Sent when nothing else is, so that a connection that has died is noticed. */
const KEEP_ALIVE = '\r\n\r\n';
const OPEN_MS = 6_000;
const ANSWER_MS = 4_000;
/** Between keep-alives; during a call a loss must be known sooner. */
const IDLE_MS = 20_000;
const BUSY_MS = 5_000;

type Listener = (state: TransportState) => void;

/** The states of a transport, to whom it concerns. */
class StateEmitter implements Emitter<TransportState> {
  readonly #listeners = new Set<Listener>();
  addListener(listener: Listener): void {
    this.#listeners.add(listener);
  }
  removeListener(listener: Listener): void {
    this.#listeners.delete(listener);
  }
  on(listener: Listener): void {
    this.addListener(listener);
  }
  off(listener: Listener): void {
    this.removeListener(listener);
  }
  once(listener: Listener): void {
    const first = (state: TransportState) => {
      this.removeListener(first);
      listener(state);
    };
    this.addListener(first);
  }
  emit(state: TransportState): void {
    for (const listener of [...this.#listeners]) listener(state);
  }
}

/**
 * SIP over one WebSocket (RFC 7118). Unlike the transport that sip.js has, it does not wait for the
 * browser to give a dead connection up, which takes minutes: it asks for signs of life (RFC 5626 §4.4.1)
 * and leaves a connection that shows none at once. A server that has never answered a keep-alive is not
 * judged by it.
 */
export class FlowTransport implements Transport {
  readonly stateChange = new StateEmitter();
  onConnect: (() => void) | undefined;
  onDisconnect: ((error?: Error) => void) | undefined;
  onMessage: ((message: string) => void) | undefined;
  /** Where the next connection goes. */
  server: string;
  #state = TransportState.Disconnected;
  #socket: WebSocket | undefined;
  #opening: { resolve(): void; reject(error: Error): void } | undefined;
  #timer: number | undefined;
  #deadline: number | undefined;
  #answersKeepAlives = false;
  #busy = false;

  constructor(_logger: unknown, options: { server: string }) {
    this.server = options.server;
  }

  get protocol(): string {
    return this.server.startsWith('wss:') ? 'WSS' : 'WS';
  }
  get state(): TransportState {
    return this.#state;
  }
  isConnected(): boolean {
    return this.#state === TransportState.Connected;
  }

  /** Opens a new connection; one that is open or opening is left. */
  connect(): Promise<void> {
    this.#leave(new Error('another connection is opened'));
    return new Promise((resolve, reject) => {
      let socket: WebSocket;
      try {
        socket = new WebSocket(this.server, 'sip');
      } catch (error) {
        reject(error instanceof Error ? error : new Error('the address cannot be opened'));
        return;
      }
      this.#opening = { resolve, reject };
      this.#socket = socket;
      this.#become(TransportState.Connecting);
      this.#deadline = window.setTimeout(() => this.#leave(new Error('no connection in time')), OPEN_MS);
      socket.binaryType = 'arraybuffer';
      socket.onopen = () => {
        if (socket === this.#socket) this.#opened();
      };
      socket.onmessage = ({ data }) => {
        if (socket === this.#socket) this.#heard(data);
      };
      socket.onclose = ({ code }) => {
        if (socket === this.#socket) this.#leave(new Error(`the connection was closed (${code})`));
      };
    });
  }

  disconnect(): Promise<void> {
    this.#leave(undefined);
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    return this.disconnect();
  }

  send(message: string): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || socket.readyState !== WebSocket.OPEN)
      return Promise.reject(new Error('not connected'));
    socket.send(message);
    return Promise.resolve();
  }

  /** Whether a call is up, so that signs of life are wanted more often. */
  set busy(on: boolean) {
    if (this.#busy === on) return;
    this.#busy = on;
    if (this.isConnected()) this.#rest();
  }

  /** Asks for a sign of life now: the network has changed, or the computer has slept. */
  probe(): void {
    if (!this.isConnected() || this.#deadline !== undefined) return;
    this.send(KEEP_ALIVE).catch(() => this.#leave(new Error('the connection cannot be written to')));
    if (this.#answersKeepAlives)
      this.#deadline = window.setTimeout(() => this.#leave(new Error('no sign of life')), ANSWER_MS);
  }

  #opened(): void {
    window.clearTimeout(this.#deadline);
    this.#deadline = undefined;
    this.#answersKeepAlives = false;
    const opening = this.#opening;
    this.#opening = undefined;
    this.#become(TransportState.Connected);
    this.probe();
    this.#rest();
    this.onConnect?.();
    opening?.resolve();
  }

  #heard(data: unknown): void {
    window.clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const text = typeof data === 'string' ? data : data instanceof ArrayBuffer ? decode(data) : '';
    if (/^[\r\n]*$/.test(text)) this.#answersKeepAlives = true;
    else this.onMessage?.(withBestChallenge(text));
  }

  #rest(): void {
    window.clearInterval(this.#timer);
    this.#timer = window.setInterval(() => this.probe(), this.#busy ? BUSY_MS : IDLE_MS);
  }

  /** Gives the connection up; undefined when that was wanted. */
  #leave(error: Error | undefined): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#socket = undefined;
    window.clearTimeout(this.#deadline);
    window.clearInterval(this.#timer);
    this.#deadline = undefined;
    const opening = this.#opening;
    this.#opening = undefined;
    const wasConnected = this.isConnected();
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(1000);
    this.#become(TransportState.Disconnected);
    if (wasConnected) this.onDisconnect?.(error);
    opening?.reject(error ?? new Error('not wanted any more'));
  }

  #become(state: TransportState): void {
    this.#state = state;
    this.stateChange.emit(state);
  }
}

const decode = (data: ArrayBuffer) => new TextDecoder().decode(data);
