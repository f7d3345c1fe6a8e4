import type { MediaCapability } from '../domain';
import type { Plan, Step } from './plan';

/** What a plan may ask of the engine that carries the audio. */
const CAPABILITIES = [
  'play',
  'gather',
  'record',
  'whisper',
  'voicemail',
  'machine_detection',
] as const satisfies readonly MediaCapability[];
export type Capability = (typeof CAPABILITIES)[number];

export type EngineName = Exclude<Plan['engine'], 'any'>;

/**
 * Engines as {@link PlanWorld} has them: of each that carries out plans, what of its capabilities plans ask for.
 * @param engines - by their names, as they are configured
 */
export function enginesOf(
  engines: Readonly<Partial<Record<string, Iterable<MediaCapability>>>>,
): Readonly<Partial<Record<EngineName, readonly Capability[]>>> {
  const able: Partial<Record<EngineName, readonly Capability[]>> = {};
  for (const name of ['mediasoup', 'freeswitch'] as const) {
    const has = new Set(engines[name]);
    if (engines[name]) able[name] = CAPABILITIES.filter((capability) => has.has(capability));
  }
  return able;
}

/** What a step asks for. */
export function needsOf(step: Step): readonly Capability[] {
  switch (step.do) {
    case 'announce':
      return ['play'];
    case 'menu':
    case 'gather':
      return ['play', 'gather'];
    case 'record':
      return ['record'];
    case 'voicemail':
      return ['play', 'voicemail'];
    case 'callback':
      return step.play ? ['play'] : [];
    case 'ring':
    case 'queue':
      return ringNeeds(step);
    default:
      return [];
  }
}

function ringNeeds(step: Extract<Step, { do: 'ring' | 'queue' }>): readonly Capability[] {
  const needs: Capability[] = [];
  if (step.do === 'queue') needs.push('play');
  if (step.whisper) needs.push('whisper');
  if (step.accept) needs.push('whisper', 'gather');
  if (step.record) needs.push('record');
  if (step.do === 'ring' && step.detectMachine) needs.push('machine_detection');
  return needs;
}
