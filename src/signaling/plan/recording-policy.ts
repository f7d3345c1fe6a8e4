import type { Plan } from '../../dialplan';
import { planSchema } from '../../dialplan';

/** Plans of announcements that were asked for: there are few. */
const plans = new Map<string, Plan>();
const MOST_PLANS = 1_000;

/**
 * What is done with a call that was sold without a plan of its own, where its campaign wants conversations recorded:
 * announced, rung, recorded. Where it could not be announced it is not recorded.
 * @param announce - the prompt that says so; undefined: nothing is said, where the law asks for nothing
 */
export function planOfPolicy(announce: string | undefined): Plan {
  const name = announce ?? '';
  const known = plans.get(name);
  if (known) return known;
  if (plans.size >= MOST_PLANS) plans.clear();
  const ring = { do: 'ring', exhausted: 'bye' };
  const plan = planSchema.parse({
    dialplan: 1,
    name: 'recorded',
    start: announce === undefined ? 'ring' : 'announce',
    steps: {
      ...(announce === undefined
        ? {}
        : {
            announce: {
              do: 'announce',
              play: [announce],
              tells: 'recording',
              next: 'ring',
              otherwise: 'ring-unrecorded',
            },
            'ring-unrecorded': ring,
          }),
      ring: { ...ring, record: true },
      bye: { do: 'hangup', code: 480 },
    },
  });
  plans.set(name, plan);
  return plan;
}
