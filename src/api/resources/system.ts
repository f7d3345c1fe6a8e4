import { z } from 'zod';
import type { Route } from '../route';
import { route } from '../route';

/** What is in use in this process. */
export interface SystemStats {
  stats(): Promise<unknown>;
}

/** What operators look at when they look inside. */
export function systemRoutes(system: SystemStats): Route[] {
  return [
    route({
      method: 'get',
      path: '/system/stats',
      operationId: 'getSystemStats',
      tag: 'system',
      summary: 'Calls, media legs, ports, reservations, transactions and dialogs in use on this node',
      scope: 'system:read',
      reply: z.object({}).loose(),
      handle: async () => ({ body: (await system.stats()) as Record<string, unknown> }),
    }),
  ];
}
