import type { MonitorMode } from '../media-engine';

/** Those of a conversation that is listened to. */
export type Party = 'caller' | 'other' | 'supervisor';

export const PARTIES: readonly Party[] = ['caller', 'other', 'supervisor'];

/**
 * Whom each hears in place of the other alone. The two of the call are not here while they hear nobody else: they
 * keep their direct way.
 */
export const HEARS: Readonly<Record<MonitorMode, ReadonlyMap<Party, readonly Party[]>>> = {
  listen: new Map([['supervisor', ['caller', 'other']]]),
  whisper: new Map([
    ['supervisor', ['caller', 'other']],
    ['other', ['caller', 'supervisor']],
  ]),
  barge: new Map([
    ['supervisor', ['caller', 'other']],
    ['other', ['caller', 'supervisor']],
    ['caller', ['other', 'supervisor']],
  ]),
};
