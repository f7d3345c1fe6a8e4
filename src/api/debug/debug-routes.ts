import { getActiveResourcesInfo } from 'node:process';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getHeapSnapshot, getHeapStatistics } from 'node:v8';
import type { Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../domain';
import type { LiveCalls } from '../resources/calls';
import { beginStream } from '../middleware/request-context';
import type { Route } from '../route';
import { route } from '../route';
import { profileCpu } from './profiler';

/** What may be looked at in a process that runs. */
export interface DebugServices {
  /** The configuration, its secrets hidden. */
  readonly config: () => object;
  /** The heap as V8 writes it; of this process by default. */
  readonly heap?: () => Readable;
}

const MAX_SECONDS = 30;
const RESOLUTION_MS = 20;
const WATCHED_MS = 1_000;

const milliseconds = z.number().min(0);
const eventLoop = z.object({
  delayMs: z
    .object({ mean: milliseconds, p50: milliseconds, p99: milliseconds, max: milliseconds })
    .describe('How late turns of the event loop were, watched for a second'),
  utilization: z.number().min(0).max(1).describe('Share of that second in which it was busy'),
  memory: z.object({
    rssBytes: z.number().int(),
    heapUsedBytes: z.number().int(),
    heapLimitBytes: z.number().int(),
    externalBytes: z.number().int(),
  }),
  resources: z.record(z.string(), z.number().int()).describe('What keeps the process up, by kind'),
  uptimeSeconds: z.number(),
});

/**
 * For people who look for what is wrong with a node: its configuration, where its time goes, what is in its
 * memory. For administrators alone, and written to the audit log: a heap holds whatever the process knows.
 */
export function debugRoutes({ config, heap = getHeapSnapshot }: DebugServices, live: LiveCalls): Route[] {
  const [profiling, dumping] = [new OneAtATime('profile_running'), new OneAtATime('heap_running')];
  return [
    route({
      method: 'get',
      path: '/debug/config',
      operationId: 'getDebugConfig',
      tag: 'debug',
      summary: 'The configuration of this node, secrets hidden',
      scope: 'debug:read',
      audited: 'apart',
      reply: z.record(z.string(), z.unknown()),
      handle: () => Promise.resolve({ body: { ...config() } }),
    }),
    route({
      method: 'get',
      path: '/debug/event-loop',
      operationId: 'getDebugEventLoop',
      tag: 'debug',
      summary: 'How late the event loop of this node is, and what it holds',
      scope: 'debug:read',
      reply: eventLoop,
      handle: async () => ({ body: await watchEventLoop() }),
    }),
    route({
      method: 'post',
      path: '/debug/profile',
      operationId: 'profileCpu',
      tag: 'debug',
      summary: 'A CPU profile of this node (`.cpuprofile`), taken while it works; one at a time',
      scope: 'debug:write',
      body: z.strictObject({ seconds: z.number().min(0.01).max(MAX_SECONDS).default(10) }),
      reply: z.unknown(),
      streams: true,
      produces: 'application/json',
      handle: async ({ body, response }) => {
        await profiling.while(async () => {
          begin(response, 'profile.cpuprofile');
          const gone = new AbortController();
          response.once('close', () => gone.abort());
          response.end(JSON.stringify(await profileCpu(body.seconds * 1_000, gone.signal)));
        });
        return { body: undefined };
      },
    }),
    route({
      method: 'post',
      path: '/debug/heap',
      operationId: 'dumpHeap',
      tag: 'debug',
      summary:
        'What is in the memory of this node (`.heapsnapshot`). It stands still meanwhile, so not while calls are up, but for `force`',
      scope: 'debug:write',
      body: z.strictObject({ force: z.boolean().default(false) }),
      reply: z.unknown(),
      streams: true,
      produces: 'application/json',
      handle: async ({ body, response }) => {
        const calls = live.list().length;
        if (calls > 0 && !body.force) {
          throw new AppError(
            'conflict',
            'calls_are_up',
            `${calls} calls are up, and would hear nothing for seconds`,
            {
              errors: [{ pointer: '/force', message: 'must be true to do it all the same' }],
            },
          );
        }
        await dumping.while(async () => {
          const snapshot = heap();
          begin(response, 'heap.heapsnapshot');
          // Who goes away ends it.
          await pipeline(snapshot, response).catch(() => undefined);
        });
        return { body: undefined };
      },
    }),
  ];
}

function begin(response: Response, name: string): void {
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Disposition': `attachment; filename="${name}"`,
  });
  beginStream(response);
  response.flushHeaders();
}

/** Work that two at once would make worthless, or too much. */
class OneAtATime {
  readonly #code: string;
  #busy = false;

  constructor(code: string) {
    this.#code = code;
  }

  /** @throws AppError `conflict` while somebody else does it */
  async while(work: () => Promise<void>): Promise<void> {
    if (this.#busy) throw new AppError('conflict', this.#code, 'somebody else does that just now: wait');
    this.#busy = true;
    try {
      await work();
    } finally {
      this.#busy = false;
    }
  }
}

async function watchEventLoop(): Promise<z.input<typeof eventLoop>> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const before = performance.eventLoopUtilization();
  histogram.enable();
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS));
  histogram.disable();
  const inMs = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, Math.round(nanoseconds / 1e4) / 100 - RESOLUTION_MS) : 0;
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return {
    delayMs: {
      mean: inMs(histogram.mean),
      p50: inMs(histogram.percentile(50)),
      p99: inMs(histogram.percentile(99)),
      max: inMs(histogram.max),
    },
    utilization: performance.eventLoopUtilization(before).utilization,
    memory: {
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      heapLimitBytes: getHeapStatistics().heap_size_limit,
      externalBytes: external,
    },
    resources,
    uptimeSeconds: Math.round(process.uptime()),
  };
}
