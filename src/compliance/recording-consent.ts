import type { RecordingRule } from './data/recording-consent';
import { RECORDING_DEFAULTS, RECORDING_RULES } from './data/recording-consent';

/** Whose consent a recording needs, and by which rule. */
export interface RecordingVerdict {
  readonly consent: RecordingRule['consent'];
  readonly rule: RecordingRule;
}

const BY_STATE: ReadonlyMap<string, RecordingRule> = new Map(RECORDING_RULES.map((row) => [row.place, row]));
const CANADA = new Set('AB BC MB NB NL NS NT NU ON PE QC SK YT'.split(' '));
const NOWHERE: RecordingRule = {
  place: '*',
  consent: 'all_party',
  citation: 'nothing is known of the place: the strictest rule is taken',
  mark: 'S',
};

/**
 * Whose consent a recording of a call needs, of all states that its parties may be in: everybody's
 * when one of them asks for it, or when none is known.
 *
 * @param states - two-letter states and provinces
 */
export function recordingConsent(states: readonly string[]): RecordingVerdict {
  let found: RecordingRule | undefined;
  for (const state of states) {
    const rule = BY_STATE.get(state) ?? (CANADA.has(state) ? RECORDING_DEFAULTS.CA : RECORDING_DEFAULTS.US);
    if (rule.consent === 'all_party') return { consent: 'all_party', rule };
    found ??= rule;
  }
  const rule = found ?? NOWHERE;
  return { consent: rule.consent, rule };
}
