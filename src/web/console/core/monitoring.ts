export const MODES = ['listen', 'whisper', 'barge'] as const;
export type MonitorMode = (typeof MODES)[number];

const TEXTS: Readonly<Record<MonitorMode, { readonly label: string; readonly heard: string }>> = {
  listen: { label: 'Listen', heard: 'Nobody hears who listens.' },
  whisper: { label: 'Whisper', heard: 'The buyer hears who listens, the caller does not.' },
  barge: { label: 'Barge', heard: 'Caller and buyer both hear who listens.' },
};

export const modeText = (mode: MonitorMode): { readonly label: string; readonly heard: string } =>
  TEXTS[mode];

/** In which ways somebody may listen besides. */
export const otherModes = (mode: MonitorMode): readonly MonitorMode[] => MODES.filter((one) => one !== mode);

/** What is told of who listens in. */
export function monitoringText(monitoring: {
  readonly mode: MonitorMode;
  readonly state: 'ringing' | 'on';
}): string {
  if (monitoring.state === 'ringing') return 'Their phone rings';
  return { listen: 'Somebody listens', whisper: 'Somebody whispers', barge: 'Somebody speaks with both' }[
    monitoring.mode
  ];
}
