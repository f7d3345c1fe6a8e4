/** What an agent sees of a call. Fields are absent where the campaign does not show them. */
export interface CallCard {
  readonly callId: string;
  readonly campaign: string;
  readonly state?: string | undefined;
  readonly number?: string | undefined;
  /** What the call costs, in micro-units, and in which currency. */
  readonly price?: number | undefined;
  readonly currency?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** It is a call that its holder only listens in to, and how. */
  readonly monitoring?: 'listen' | 'whisper' | 'barge' | undefined;
}
