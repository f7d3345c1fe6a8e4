import type { Call } from '../api/types';
import { durationText, wordsOf } from './format';

/** Something that happened to a call. */
export interface Moment {
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly title: string;
  readonly detail?: string;
  readonly tone: 'plain' | 'good' | 'bad' | 'accent';
  /** Of the target that it is about. */
  readonly targetId?: string;
  readonly buyerId?: string;
}

/** What happened to a call, in its order. */
export function timelineOf(call: Call): readonly Moment[] {
  const moments: Moment[] = [{ at: call.receivedAt, title: 'Call received', tone: 'plain' }];
  for (const { startedAt, durationMs, outcome, sipStatus, targetId, buyerId } of call.attempts ?? []) {
    moments.push({ at: startedAt, title: 'Rang', targetId, buyerId, tone: 'accent' });
    const status = sipStatus > 0 ? `SIP ${sipStatus}, ` : '';
    const detail = `${status}after ${durationText(durationMs)}`;
    const took = outcome === 'answered';
    moments.push({
      at: startedAt + durationMs,
      title: took ? 'Answered' : wordsOf(outcome),
      detail,
      targetId,
      buyerId,
      tone: took ? 'good' : 'bad',
    });
  }
  if (typeof call.attendedAt === 'number') {
    moments.push({ at: call.attendedAt, title: 'Answered by the exchange', tone: 'accent' });
  }
  for (const { at, step, after } of call.plan?.steps ?? []) {
    const detail = after === undefined ? {} : { detail: `after ${after}` };
    moments.push({ at, title: `Plan: ${step}`, ...detail, tone: 'plain' });
  }
  for (const { at, how, outcome, takenAt } of call.transfers ?? []) {
    moments.push({ at, title: `Transfer (${how})`, detail: wordsOf(outcome), tone: 'accent' });
    if (takenAt !== undefined) moments.push({ at: takenAt, title: 'Transfer taken', tone: 'good' });
  }
  if (call.endedAt !== null) {
    const parts = [
      call.detail ?? undefined,
      call.connectedMs > 0 ? `${durationText(call.connectedMs)} connected` : undefined,
    ].filter((part) => part !== undefined);
    moments.push({
      at: call.endedAt,
      title: wordsOf(call.endReason ?? call.state),
      ...(parts.length > 0 ? { detail: parts.join('; ') } : {}),
      tone: call.state === 'completed' ? 'plain' : 'bad',
    });
  }
  return moments.sort((a, b) => a.at - b.at);
}
