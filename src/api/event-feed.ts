import { setTimeout as pause } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type { Principal } from '../domain';
import { AppError } from '../domain';
import type { EventHub, StreamedEvent, Topic } from '../events';
import { eventType, toldTo } from '../events';
import type { EventStreamLimits } from './event-streams';
import { STREAM_LIMITS } from './event-streams';
import { stillKnown } from './middleware/authenticate';
import { beginStream } from './middleware/request-context';

interface Reader {
  readonly request: Request;
  readonly caller: Principal;
  readonly topics: ReadonlySet<Topic>;
}

/** Events that are read for who comes back. */
const MAX_MISSED = 20_000;
/** Milliseconds that who comes back may take to read a page of what was missed. */
const PAGE_MS = 10_000;
const LOOK_MS = 20;

/**
 * What happens, as Server-Sent Events (WHATWG HTML §9.2). Whoever comes back with `Last-Event-ID` is told what
 * was missed first; where that is not possible there is an event `gap`, and everything is to be read anew. Who
 * does not read is let go, and comes back.
 */
export class EventFeed {
  readonly #hub: Pick<EventHub, 'listen' | 'resume' | 'position' | 'degraded'> | undefined;
  readonly #limits: EventStreamLimits;
  readonly #readers = new Map<Response, Reader>();
  #open = 0;
  #stop: (() => void) | undefined;
  #clock: NodeJS.Timeout | undefined;

  /** @param hub - without it nothing is told */
  constructor(
    hub: Pick<EventHub, 'listen' | 'resume' | 'position' | 'degraded'> | undefined,
    limits: EventStreamLimits = STREAM_LIMITS,
  ) {
    this.#hub = hub;
    this.#limits = limits;
  }

  /**
   * Answers a request with the events of some topics.
   * @param after - the last event that the reader knows
   * @throws AppError `unavailable` when there are too many readers, or there is nothing to read
   */
  open(
    request: Request,
    response: Response,
    caller: Principal,
    topics: readonly Topic[],
    after?: string,
  ): void {
    if (!this.#hub) throw new AppError('unavailable', 'no_events', 'events are not told here');
    if (this.#open >= this.#limits.maxClients) {
      throw new AppError('unavailable', 'too_many_streams', 'too many clients watch: try again later');
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    beginStream(response);
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    this.#open++;
    response.on('error', () => response.destroy());
    response.once('close', () => this.#forget(response));
    response.write(': listening\n\n');
    if (this.#hub.degraded) response.write(statusFrame(true));
    this.#stop ??= this.#hub.listen({
      onEvent: (event) => this.#event(event),
      onGap: ({ from, to }) => this.#everybody(gapFrame(from, to)),
      onStatus: (degraded) => this.#everybody(statusFrame(degraded)),
    });
    this.#clock ??= setInterval(() => void this.#tick(), this.#limits.keepAliveMs);
    const reader = { request, caller, topics: new Set(topics) };
    if (after === undefined) this.#readers.set(response, reader);
    else void this.#resume(response, reader, after);
  }

  async #resume(response: Response, reader: Reader, after: string): Promise<void> {
    const join = (): void => {
      if (!response.destroyed) this.#readers.set(response, reader);
    };
    const refusal = await this.#hub?.resume({
      after,
      most: MAX_MISSED,
      tell: (event) => response.write(frameFor(reader, event) ?? ''),
      ready: async () => {
        for (let waited = 0; !response.destroyed; waited += LOOK_MS) {
          if (response.writableLength === 0) return true;
          if (waited >= PAGE_MS) response.destroy();
          else await pause(LOOK_MS, undefined, { ref: false });
        }
        return false;
      },
      joined: join,
    });
    if (refusal === undefined) return;
    join();
    response.write(gapFrame(after, this.#hub?.position));
  }

  #event(event: StreamedEvent): void {
    // Everybody here sees the same: it is written once for each choice of topics.
    let frame: string | undefined;
    for (const [response, reader] of this.#readers) {
      if (!reader.topics.has(eventType(event.event.type).topic as Topic)) continue;
      frame ??= frameFor(reader, event);
      if (frame !== undefined) this.#send(response, frame);
    }
  }

  #everybody(frame: string): void {
    for (const response of this.#readers.keys()) this.#send(response, frame);
  }

  #send(response: Response, frame: string): void {
    if (response.writableLength > this.#limits.maxBuffered) response.destroy();
    else response.write(frame);
  }

  async #tick(): Promise<void> {
    this.#everybody(': still here\n\n');
    for (const [response, { request }] of [...this.#readers]) {
      // Who cannot be asked about, while the database is away, may stay.
      if (!(await stillKnown(request).catch(() => true))) response.end();
    }
  }

  #forget(response: Response): void {
    this.#readers.delete(response);
    this.#open--;
    if (this.#open > 0) return;
    this.#stop?.();
    this.#stop = undefined;
    clearInterval(this.#clock);
    this.#clock = undefined;
  }
}

function frameFor({ caller, topics }: Reader, event: StreamedEvent): string | undefined {
  if (!topics.has(eventType(event.event.type).topic)) return undefined;
  const told = toldTo(caller, event);
  if (!told) return undefined;
  const place = event.id === undefined ? '' : `id: ${event.id}\n`;
  return `${place}event: ${told.type}\ndata: ${JSON.stringify(told)}\n\n`;
}

function statusFrame(degraded: boolean): string {
  return `event: status\ndata: ${JSON.stringify({ degraded })}\n\n`;
}

function gapFrame(from: string | undefined, to: string | undefined): string {
  const place = to === undefined ? '' : `id: ${to}\n`;
  return `${place}event: gap\ndata: ${JSON.stringify({ from: from ?? null, to: to ?? null })}\n\n`;
}
