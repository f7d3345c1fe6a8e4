import { z } from 'zod';
import { AppError } from '../../domain';
import type { Route } from '../route';
import { instant, text } from '../schemas';
import { entityRoutes } from './entity-resource';

const schema = z.strictObject({
  place: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .describe('State or province, or `US` for all of the United States'),
  effect: z
    .enum(['forbid', 'allow'])
    .describe('An emergency that forbids calls, or an order that allows them'),
  startsAt: instant.describe('UTC epoch milliseconds'),
  endsAt: instant.describe('UTC epoch milliseconds, exclusive'),
  citation: text.describe('The order it rests on'),
});

/** Calling hours set aside for a time. */
export function hoursOverrideRoutes(): Route[] {
  return entityRoutes({
    entity: 'override',
    path: 'hours-overrides',
    scope: 'hours',
    singular: 'HoursOverride',
    plural: 'HoursOverrides',
    schema,
    filters: ['place', 'effect'],
    sortable: { startsAt: 'number', endsAt: 'number' },
    ranges: ['startsAt', 'endsAt'],
    archivedAs: undefined,
    check: ({ startsAt, endsAt }) => {
      if (endsAt > startsAt) return Promise.resolve();
      throw new AppError('unprocessable', 'ends_before_it_starts', 'it ends before it starts', {
        errors: [{ pointer: '/endsAt', message: 'is not after the start' }],
      });
    },
  });
}
