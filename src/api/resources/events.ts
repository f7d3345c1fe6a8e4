import { z } from 'zod';
import type { Topic } from '../../events';
import { describeEvents, TOPICS } from '../../events';
import type { EventFeed } from '../event-feed';
import type { Route } from '../route';
import { route } from '../route';

/** Topics of the stream: presence and the board are asked for, or watched at `/ws/v1`. */
const STREAMED = TOPICS.filter((topic) => topic !== 'presence' && topic !== 'board');

const topics = z
  .string()
  .max(100)
  .default(STREAMED.join())
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(STREAMED)).min(1))
  .describe('Topics, separated by commas; all by default');

/** What happens in the exchange, for programs. */
export function eventRoutes(feed: EventFeed): Route[] {
  return [
    route({
      method: 'get',
      path: '/events',
      operationId: 'watchEvents',
      tag: 'events',
      summary: 'What happens, as it happens (Server-Sent Events); goes on behind Last-Event-ID',
      scope: 'events:read',
      query: z.strictObject({ topics }),
      reply: z.unknown(),
      streams: true,
      handle: ({ request, response, caller, query }) => {
        feed.open(request, response, caller, query.topics as Topic[], request.get('Last-Event-ID'));
        return Promise.resolve({ body: undefined });
      },
    }),
    route({
      method: 'get',
      path: '/events/schema',
      operationId: 'listEventTypes',
      tag: 'events',
      summary: 'Every type of event, with its version, its JSON Schema, and who sees what of it',
      scope: 'events:read',
      reply: z.object({
        items: z.array(
          z.object({
            type: z.string(),
            version: z.number().int(),
            topic: z.string(),
            about: z.string(),
            source: z.enum(['outbox', 'live', 'state']),
            views: z.record(z.string(), z.array(z.string())),
            schema: z.unknown(),
          }),
        ),
      }),
      handle: () =>
        Promise.resolve({
          body: {
            items: describeEvents().map(({ views, ...type }) => ({
              ...type,
              views: Object.fromEntries(Object.entries(views).map(([role, fields]) => [role, [...fields]])),
            })),
          },
        }),
    }),
  ];
}
