import type { Request, Response } from 'express';
import { AppError } from '../domain';
import { stillKnown } from './middleware/authenticate';
import { beginStream } from './middleware/request-context';

/** Live news of calls. */
export interface CallNews {
  /** @returns how to stop */
  subscribe(listener: (event: unknown) => void): () => void;
}

export interface EventStreamLimits {
  /** Clients at once. */
  readonly maxClients: number;
  /** Bytes that may wait for a client that does not read. */
  readonly maxBuffered: number;
  /** Milliseconds between signs of life, at which keys are looked at again as well. */
  readonly keepAliveMs: number;
}

export const STREAM_LIMITS: EventStreamLimits = {
  maxClients: 100,
  maxBuffered: 1024 * 1024,
  keepAliveMs: 15_000,
};

/**
 * Server-Sent Events (WHATWG HTML §9.2) for any number of clients up to a limit. Each event is
 * written once and handed to all, in order and numbered from 1, so that a client sees a gap. A
 * client that does not read is let go rather than kept in memory.
 */
export class EventStreams {
  readonly #news: CallNews;
  readonly #limits: EventStreamLimits;
  readonly #clients = new Map<Response, Request>();
  #unsubscribe: (() => void) | undefined;
  #keepAlive: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor(news: CallNews, limits: EventStreamLimits = STREAM_LIMITS) {
    this.#news = news;
    this.#limits = limits;
  }

  /**
   * Answers a request with the events from now on.
   * @throws AppError `unavailable` when there are too many clients
   */
  open(request: Request, response: Response): void {
    if (this.#clients.size >= this.#limits.maxClients) {
      throw new AppError('unavailable', 'too_many_streams', 'too many clients watch: try again later');
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    beginStream(response);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.on('error', () => response.destroy());
    response.once('close', () => this.#forget(response));
    response.write(': listening\n\n');
    this.#clients.set(response, request);
    this.#unsubscribe ??= this.#news.subscribe((event) => this.#tell(event));
    this.#keepAlive ??= setInterval(() => void this.#tick(), this.#limits.keepAliveMs);
  }

  #tell(event: unknown): void {
    const id = ++this.#lastId;
    let data: string;
    try {
      data = JSON.stringify(event);
    } catch {
      // One event that cannot be written is a gap; all that follow must not be lost with it.
      return;
    }
    this.#send(`id: ${id}\ndata: ${data}\n\n`);
  }

  #send(frame: string): void {
    for (const response of this.#clients.keys()) {
      if (response.writableLength > this.#limits.maxBuffered) response.destroy();
      else response.write(frame);
    }
  }

  async #tick(): Promise<void> {
    this.#send(': still here\n\n');
    for (const [response, request] of [...this.#clients]) {
      // Who cannot be asked about, while the database is away, may stay.
      if (!(await stillKnown(request).catch(() => true))) response.end();
    }
  }

  #forget(response: Response): void {
    this.#clients.delete(response);
    if (this.#clients.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
  }
}
