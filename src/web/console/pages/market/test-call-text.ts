/** How a test call stands, as far as the console shows it. */
export interface TestCall {
  readonly id: string;
  readonly state: 'queued' | 'calling' | 'ringing' | 'answered' | 'ended';
  readonly outcome: string | null;
  readonly sipStatus: number;
  readonly detail: string;
  readonly calledAt: number | null;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly audio: {
    readonly codec: string | null;
    readonly packetsReceived: number;
    readonly packetsSent: number;
    readonly mos?: number;
  } | null;
}

export interface Step {
  /** Milliseconds after the INVITE; undefined of what has no instant of its own. */
  readonly at: number | undefined;
  readonly text: string;
}

/** Milliseconds from one look at a test call to the next. */
export const LOOK_MS = 700;

/** What has happened so far, in its order. */
export function stepsOf(call: TestCall): Step[] {
  const { calledAt, ringingAt, answeredAt, endedAt, sipStatus, audio, outcome } = call;
  const step = (text: string, at: number | null): Step[] =>
    at === null || calledAt === null ? [] : [{ text, at: at - calledAt }];
  const status = sipStatus === 0 || outcome === null ? '' : `, SIP status ${sipStatus}`;
  return [
    ...(calledAt === null ? [] : [{ text: 'Called', at: undefined }]),
    ...step('Rang', ringingAt),
    ...step('Answered', answeredAt),
    ...step(`Ended${status}`, endedAt),
    ...(audio === null ? [] : [{ text: heard(audio), at: undefined }]),
  ];
}

function heard({ codec, packetsReceived, packetsSent, mos }: NonNullable<TestCall['audio']>): string {
  if (packetsReceived === 0)
    return `Nothing was heard of it (${packetsSent} packets were sent): audio goes one way`;
  const score = mos === undefined ? '' : `, opinion score ${mos.toFixed(1)}`;
  return `Audio ${codec ?? ''}: ${packetsReceived} packets heard, ${packetsSent} sent${score}`;
}

/** `good` only when somebody answered and was heard. */
export function toneOf({ state, outcome, audio }: TestCall): 'good' | 'bad' | 'accent' {
  if (state !== 'ended') return 'accent';
  return outcome === 'answered' && (audio === null || audio.packetsReceived > 0) ? 'good' : 'bad';
}
