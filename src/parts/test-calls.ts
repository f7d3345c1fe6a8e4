import type { TestCallDesk } from '../api';
import { AppError, asError } from '../domain';
import type { TestCallOrder, TestCallServices } from '../signaling';
import { TestCall } from '../signaling';
import type { Queryable } from '../storage';
import { keepTestCalls, saveTestCall } from '../storage';

export interface TestCallParts {
  readonly nodeId: string;
  readonly database: Queryable;
  readonly services: TestCallServices;
  readonly onError: (error: Error) => void;
  /** Milliseconds between two words to the others that test calls are up, and looks whether they are to end. */
  readonly everyMs?: number;
}

/** A test call that is up, or whose end is not written down yet. */
interface Kept {
  readonly call: TestCall;
  /** It stands otherwise than is written. */
  unwritten: boolean;
  writing: Promise<void> | undefined;
  /** How often its end could not be written. */
  failed: number;
}

const EVERY_MS = 1_000;
/** After so many tries it is left to be taken for lost. */
const MAX_FAILED = 60;

/**
 * The test calls of this node. How they stand is in the database, where any node shows them and asks for their end;
 * this one says there that it is alive, so that those of a node that was killed are lost after a while.
 */
export class TestCalls implements TestCallDesk {
  readonly nodeId: string;
  readonly #parts: TestCallParts;
  readonly #up = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #closed = false;

  constructor(parts: TestCallParts) {
    this.#parts = parts;
    this.nodeId = parts.nodeId;
    parts.services.stack.onLost(() => this.#endAll('the SIP server went away'));
  }

  get size(): number {
    return this.#up.size;
  }

  assertReady(): void {
    if (this.#closed)
      throw new AppError('unavailable', 'shutting_down', 'the node is going down: ask another');
    if (this.#parts.services.media.name !== 'passthrough') return;
    throw new AppError(
      'not_implemented',
      'media_cannot',
      'no audio passes the exchange: it has none of its own to send',
    );
  }

  start(order: TestCallOrder): void {
    // Going down meanwhile, it rings nobody: what was written is taken for lost.
    if (this.#closed) return;
    const call: TestCall = new TestCall(this.#parts.services, order, () => this.#changed(kept));
    const kept: Kept = { call, unwritten: false, writing: undefined, failed: 0 };
    this.#up.set(call.id, kept);
    this.#timer ??= setInterval(() => void this.#look(), this.#parts.everyMs ?? EVERY_MS);
    void call.run();
  }

  hangUp(id: string, detail: string): void {
    this.#up.get(id)?.call.hangUp(detail);
  }

  /** Ends all of them, and writes how; makes no more. */
  async close(): Promise<void> {
    this.#closed = true;
    const kept = [...this.#up.values()];
    this.#endAll('the node is going down');
    await Promise.all(kept.map(({ call }) => call.over));
    await Promise.all(kept.map((one) => one.writing));
    clearInterval(this.#timer);
  }

  #endAll(detail: string): void {
    for (const { call } of [...this.#up.values()]) call.hangUp(detail);
  }

  #changed(kept: Kept): void {
    kept.unwritten = true;
    kept.writing ??= this.#write(kept).finally(() => {
      kept.writing = undefined;
    });
  }

  /** One after the other, and the last word wins. */
  async #write(kept: Kept): Promise<void> {
    const { call } = kept;
    while (kept.unwritten) {
      kept.unwritten = false;
      const { standing } = call;
      const over = standing.state === 'ended';
      try {
        await saveTestCall(this.#parts.database, call.id, standing);
        if (over) this.#forget(call.id);
      } catch (error) {
        this.#parts.onError(asError(error));
        kept.unwritten = true;
        if (over && ++kept.failed > MAX_FAILED) this.#forget(call.id);
        // The next look tries again.
        return;
      }
    }
  }

  #forget(id: string): void {
    this.#up.delete(id);
    if (this.#up.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Tells that they are up, and hears which are to end. */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const kept of this.#up.values()) if (kept.unwritten) this.#changed(kept);
      const asked = await keepTestCalls(this.#parts.database, [...this.#up.keys()]);
      for (const id of asked) this.hangUp(id, 'ended by request');
    } catch (error) {
      this.#parts.onError(asError(error));
    } finally {
      this.#looking = false;
    }
  }
}
