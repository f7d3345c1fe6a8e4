/** What comes from the exchange is looked at before it is believed: a field may be new, or missing. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
