import { PRESENCE_STATES } from '../api/api-types';
import type { Presence, PresenceState } from '../api/api-types';
import { isRecord } from '../../shared/is-record';
import type { LegQuality } from './quality';

/** A state of presence, be it said alone or with its time; undefined when it is none. */
export function presenceOf(value: unknown): PresenceState | undefined {
  const state: unknown = isRecord(value) ? value['state'] : value;
  return PRESENCE_STATES.find((known) => known === state);
}

/** Presences of agents: one, or a list. What is none is left out. */
export function readPresences(data: unknown): readonly (Presence & { readonly agentId: string })[] {
  return (Array.isArray(data) ? data : [data]).flatMap((entry: unknown) => {
    const state = presenceOf(entry);
    if (state === undefined || !isRecord(entry) || typeof entry['agentId'] !== 'string') return [];
    const since = entry['since'];
    return [
      {
        agentId: entry['agentId'],
        state,
        since: typeof since === 'string' || typeof since === 'number' ? since : Date.now(),
      },
    ];
  });
}

export function readQueue(data: unknown): { readonly teamId: string; readonly waiting: number } | undefined {
  if (!isRecord(data) || typeof data['teamId'] !== 'string' || typeof data['waiting'] !== 'number')
    return undefined;
  return { teamId: data['teamId'], waiting: data['waiting'] };
}

/** How the legs of a call do, by their roles. */
export function readQuality(
  data: unknown,
): { readonly callId: string; readonly legs: Readonly<Record<string, LegQuality>> } | undefined {
  if (!isRecord(data) || typeof data['callId'] !== 'string' || !isRecord(data['legs'])) return undefined;
  const legs = Object.entries(data['legs']).flatMap(([role, leg]) => {
    if (!isRecord(leg)) return [];
    const figure = (name: string) => {
      const value = leg[name];
      return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
    };
    const quality: LegQuality = {
      lossPercent: figure('lossPercent'),
      jitterMs: figure('jitterMs'),
      rttMs: figure('rttMs'),
      mos: figure('mos'),
    };
    return [[role, quality] as const];
  });
  return { callId: data['callId'], legs: Object.fromEntries(legs) };
}
