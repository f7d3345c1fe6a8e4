import type { MediaCapability } from '../../domain';
import type { Plan } from '../../dialplan';
import { needsOf } from '../../dialplan';
import type { MediaEngine } from '../../media';
import type { SessionServices } from '../session-services';

const needs = new WeakMap<Plan, ReadonlySet<MediaCapability>>();

/** Of a plan that is in force for many calls, once. */
function needsOfPlan(plan: Plan): ReadonlySet<MediaCapability> {
  const known = needs.get(plan);
  if (known) return known;
  const found = new Set<MediaCapability>(Object.values(plan.steps).flatMap((step) => needsOf(step)));
  needs.set(plan, found);
  return found;
}

/** The engine for a plan: the one it names, else the first that can do all that its steps need. */
export function engineFor(
  plan: Plan,
  { media, engineNamed }: Pick<SessionServices, 'media' | 'engineNamed'>,
): MediaEngine | undefined {
  const wanted = needsOfPlan(plan);
  const engines =
    plan.engine === 'any'
      ? [media, engineNamed('mediasoup'), engineNamed('freeswitch')]
      : [engineNamed(plan.engine)];
  return engines.find((engine) => engine && [...wanted].every((need) => engine.capabilities.has(need)));
}
