/** What can be chosen in the forms of the market. */
export const STATUSES = [
  ['active', 'Active'],
  ['paused', 'Paused'],
  ['archived', 'Archived'],
] as const;

export const ANY_STATUS = [['', 'Active and paused'], ...STATUSES] as const;

export const TARGET_KINDS = [
  ['sip', 'SIP'],
  ['softphone', 'Softphone'],
  ['pstn', 'PSTN'],
] as const;

export const RINGBACKS = [
  ['', 'As the campaign has it'],
  ['local', 'Tones of the caller’s phone'],
  ['early_media', 'The buyer’s early media'],
] as const;
