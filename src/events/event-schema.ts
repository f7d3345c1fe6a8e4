import { z } from 'zod';
import type { EventName } from './event-types';
import { EVENT_NAMES, eventType } from './event-types';

/** One type of event as its readers are told of it. */
export interface EventDescription {
  readonly type: EventName;
  readonly version: number;
  readonly topic: string;
  readonly about: string;
  /** Whether it can be missed: events of the outbox cannot. */
  readonly source: 'outbox' | 'live' | 'state';
  /** Fields of its data that each role of a tenant sees; roles that are not named do not see it. */
  readonly views: Readonly<Record<string, readonly string[]>>;
  /** JSON Schema (draft 2020-12) of the whole event, as the exchange's own people see it. */
  readonly schema: unknown;
}

/** Every type of event. */
export function describeEvents(): EventDescription[] {
  return EVENT_NAMES.map((type) => {
    const { version, topic, about, source, subject, data, views } = eventType(type);
    const whole = z.object({
      id: z
        .string()
        .nullable()
        .describe('Grows from event to event; null where there is nothing to resume behind'),
      topic: z.literal(topic),
      type: z.literal(type),
      version: z.literal(version),
      at: z.number().int().describe('UTC epoch milliseconds'),
      subject: z.object({ kind: z.literal(subject), id: z.string() }),
      data,
    });
    return {
      type,
      version,
      topic,
      about,
      source,
      views: views as EventDescription['views'],
      schema: z.toJSONSchema(whole),
    };
  });
}
