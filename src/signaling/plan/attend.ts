import type { CallerSide } from '../caller-side';
import type { MidCall } from '../mid-call';
import type { DialogHandlers } from '../sip/sip-stack';
import type { Keys } from './keys';
import { keyOfInfo } from './keys';

/** `bad_offer`: with the caller's description there is nothing to be done. `lost`: it could not be answered. */
export type Attended =
  { readonly kind: 'attended' | 'over' } | { readonly kind: 'bad_offer' | 'lost'; readonly reason: string };

/** A phone that offered nothing answers our offer with its ACK: so long it is waited for. */
const ACK_SDP_MS = 4_000;

/** Answers the caller with the exchange's own media. */
export async function answerCaller(caller: CallerSide, isOver: () => boolean): Promise<Attended> {
  const sdp = await caller.describe();
  if (isOver()) return { kind: 'over' };
  if (!sdp.ok) return { kind: 'bad_offer', reason: sdp.reason };
  const answer = await caller.answer(sdp.sdp);
  if (isOver()) {
    // The caller gave up in the same instant: whichever dialog stands is ended.
    if (answer.ok) answer.dialog.bye();
    return { kind: 'over' };
  }
  if (!answer.ok) return { kind: 'lost', reason: answer.reason };
  caller.answered(answer.dialog);
  return { kind: 'attended' };
}

/**
 * Listens to a caller with whom nobody speaks: its INFO are keys (RFC 6086 names no package for them; phones send
 * `application/dtmf-relay`). Resolves when its media is known.
 */
export function listenToCaller(
  caller: CallerSide,
  midCall: MidCall,
  keys: Keys,
  onEnd: DialogHandlers['onEnd'],
): Promise<void> {
  const { dialog, leg, offersNothing } = caller;
  if (!dialog) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = offersNothing ? setTimeout(resolve, ACK_SDP_MS) : undefined;
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const onInfo = (contentType: string, body: string): number => {
      const key = keyOfInfo(contentType, body);
      if (key !== undefined) keys.pressed(leg, key);
      return key === undefined ? 415 : 200;
    };
    const ended: DialogHandlers['onEnd'] = (cause) => {
      done();
      onEnd(cause);
    };
    midCall.attach('caller', dialog, leg, ended, { onInfo, onAnswered: done });
    if (!offersNothing) done();
  });
}
