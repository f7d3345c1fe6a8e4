import type { PostbackEvent } from './events';
import type { CallPersons, EventFields } from './fields';
import { isoOf, shownFields } from './fields';

/** One event, as one account may know it. */
export interface ToldEvent {
  /** The same in every attempt and every replay: receivers know doubles by it. */
  readonly eventId: string;
  readonly event: PostbackEvent;
  /** UTC epoch milliseconds. */
  readonly happenedAt: number;
  readonly fields: EventFields;
  /** Of a call, as far as its listener may know them; undefined of what is none. */
  readonly persons: CallPersons | undefined;
  readonly webhookId: string;
}

/** The event as JSON: what is sent where there is no template of one's own. */
export function eventBody(told: ToldEvent): string {
  const { persons } = told;
  return JSON.stringify({
    id: told.eventId,
    event: told.event,
    at: isoOf(told.happenedAt),
    data: {
      ...shownFields(told.fields),
      ...(persons?.caller === undefined ? {} : { caller: persons.caller }),
      ...(persons?.dialled === undefined ? {} : { dialled: persons.dialled }),
    },
  });
}
