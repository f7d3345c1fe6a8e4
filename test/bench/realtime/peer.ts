import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A process that answers each message with one. */
export class Peer<To extends object, From> {
  readonly #child: ChildProcess;
  readonly #name: string;

  constructor(file: string, args: readonly string[]) {
    this.#name = `${file} ${args.at(-1) ?? ''}`;
    const execArgv = ['--max-old-space-size=4096', '--expose-gc'];
    this.#child = fork(join(__dirname, file), args, { execArgv });
    this.#child.on('error', () => undefined);
  }

  /** @throws Error when it ends, or does not answer in time */
  ask(message: To, withinMs: number): Promise<From> {
    const answer = this.answer(withinMs);
    this.#child.send(message);
    return answer;
  }

  /** What it says next. */
  answer(withinMs: number): Promise<From> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void): void => {
        clearTimeout(timer);
        this.#child.off('message', heard);
        this.#child.off('exit', ended);
        act();
      };
      const fail = (why: string) => (): void => done(() => reject(new Error(`${this.#name} ${why}`)));
      const heard = (message: unknown): void => done(() => resolve(message as From));
      const ended = fail('ended');
      const timer = setTimeout(fail('did not answer in time'), withinMs);
      this.#child.once('message', heard);
      this.#child.once('exit', ended);
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
