import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { LoadMethods } from './load';

/** Asks the peers' process. */
export class Peers {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #next = 0;
  #gone: Error | undefined;

  constructor() {
    this.#child = fork(join(__dirname, 'load.js'));
    this.#child.on('message', (reply: { id: number; result?: unknown; error?: string }) => {
      const waiter = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiter?.resolve(reply.result);
      else waiter?.reject(new Error(reply.error));
    });
    this.#child.once('exit', (code, signal) => {
      this.#gone = new Error(`the process of the peers ended: ${signal ?? code}`);
      for (const { reject } of this.#waiting.values()) reject(this.#gone);
      this.#waiting.clear();
    });
  }

  ask<Method extends keyof LoadMethods>(
    method: Method,
    ...[argument]: Parameters<LoadMethods[Method]>
  ): Promise<Awaited<ReturnType<LoadMethods[Method]>>> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = this.#next++;
    return new Promise((done, reject) => {
      this.#waiting.set(id, { resolve: (result) => done(result as never), reject });
      this.#child.send({ id, method, argument });
    });
  }

  async stop(): Promise<void> {
    if (this.#gone) return;
    await this.ask('stop');
    this.#child.disconnect();
  }
}
