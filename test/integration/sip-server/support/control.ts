import type { Socket } from 'node:net';
import { until } from '../../../support/until';
import { SECRET } from './constants';

/** The control protocol by hand, for what drachtio-srf never does. */
export class Control {
  #received = '';
  closed = false;

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (this.#received += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  get received(): string {
    return this.#received;
  }

  frame(payload: string): void {
    this.socket.write(`${payload.length}#${payload}`, 'latin1');
  }

  async authenticate(): Promise<void> {
    this.frame(`a1|authenticate|${SECRET}|`);
    await until('an answer to authenticate', () => this.#received.includes('|response|a1|OK|'));
  }

  close(): void {
    this.socket.destroy();
  }
}
