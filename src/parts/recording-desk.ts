import { randomUUID } from 'node:crypto';
import { classifyNumber, placeOf, recordingConsent } from '../compliance';
import type { CallAttempt, Clock, RecordedParty, RecordingConsent, RingTarget } from '../domain';
import { asError, parsePhoneNumber } from '../domain';
import type { Market } from '../market';
import type { Studio } from '../recordings';
import type { OpenRecording, RecordingDesk, RecordingRequest } from '../signaling';

export interface RecordingDeskParts {
  readonly nodeId: string;
  readonly market: Pick<Market, 'numberByE164' | 'campaign' | 'buyer'>;
  readonly studio: Pick<Studio, 'record'>;
  /** Days that recordings are kept whose campaign says nothing. */
  readonly keepDays: number;
  readonly clock: Clock;
  /** One was refused: for figures. */
  readonly onRefused: (why: 'forbidden' | 'consent' | 'room' | 'bug') => void;
}

/** Says whether a call may be recorded, by law and by those whose call it is, and opens what takes the recording. */
export class LawfulRecordings implements RecordingDesk {
  readonly #parts: RecordingDeskParts;

  constructor(parts: RecordingDeskParts) {
    this.#parts = parts;
  }

  policyOf(attempt: CallAttempt): { readonly announce: string | undefined } | undefined {
    const policy = this.#campaignOf(attempt)?.recording;
    return policy?.mode === 'always' ? { announce: policy.announce } : undefined;
  }

  open(request: RecordingRequest): OpenRecording | { readonly refused: string } {
    try {
      return this.#open(request);
    } catch (error) {
      this.#parts.onRefused('bug');
      return { refused: asError(error).message };
    }
  }

  mayMonitor({ attempt, target, announcedAt }: Omit<RecordingRequest, 'kind'>): string | undefined {
    return lawfully(consentFor(attempt, target, announcedAt));
  }

  #open({ attempt, kind, target, announcedAt }: RecordingRequest): OpenRecording | { refused: string } {
    const { market, studio, nodeId, keepDays, clock, onRefused } = this.#parts;
    const buyer = target && market.buyer(target.buyerId);
    if (buyer?.recording === 'forbidden') {
      onRefused('forbidden');
      return { refused: 'the buyer does not want its conversations recorded' };
    }
    const consent = consentFor(attempt, target, announcedAt);
    // Who leaves a message wants it recorded, and is told so by being asked for one.
    const unlawful = kind === 'conversation' ? lawfully(consent) : undefined;
    if (unlawful !== undefined) {
      onRefused('consent');
      return { refused: unlawful };
    }
    const recordingId = randomUUID();
    const campaign = this.#campaignOf(attempt);
    const sink = studio.record({
      id: recordingId,
      callId: attempt.callId,
      kind,
      nodeId,
      campaignId: campaign?.id ?? null,
      sellerId: market.numberByE164(attempt.to)?.sellerId ?? null,
      buyerId: target?.buyerId ?? null,
      buyerAccountId: target?.buyerAccountId ?? null,
      targetId: target?.targetId ?? null,
      startedAt: clock.now(),
      keepDays: campaign?.recording?.keepDays ?? keepDays,
      consent,
    });
    if (!('refused' in sink)) return { recordingId, sink };
    onRefused('room');
    return sink;
  }

  #campaignOf({ to }: CallAttempt): ReturnType<Market['campaign']> {
    const number = this.#parts.market.numberByE164(to);
    return number && this.#parts.market.campaign(number.campaignId);
  }
}

/**
 * Whose consent a recording needs: of all states that the parties may be in, the strictest decides. Where nothing
 * is known of the caller everybody's is needed. A buyer's place is known where it answers on a telephone number;
 * else it is bound by its contract, and its state asks for nothing more.
 */
function consentFor(
  { from, tags }: CallAttempt,
  target: RingTarget | undefined,
  announcedAt: number | undefined,
): RecordingConsent {
  const place = placeOf(from === undefined ? undefined : classifyNumber(from), tags['state'], tags['zip']);
  const caller: RecordedParty = { states: place.states, by: place.by };
  const other = target && partyOf(target);
  // Together they would hide that nothing is known of the caller.
  const ofCaller = recordingConsent(caller.states);
  const ofOther = other && other.states.length > 0 ? recordingConsent(other.states) : ofCaller;
  const { consent: needs, rule } = ofCaller.consent === 'all_party' ? ofCaller : ofOther;
  return {
    needs,
    citation: rule.citation,
    announcedAt: announcedAt ?? null,
    caller,
    other: other ?? null,
  };
}

/** Why what rests on this consent may not be done; undefined when it may. */
function lawfully({ needs, announcedAt, citation }: RecordingConsent): string | undefined {
  return needs === 'all_party' && announcedAt === null
    ? `everybody must have been told first: ${citation}`
    : undefined;
}

function partyOf({ uri }: RingTarget): RecordedParty {
  const [, user = ''] = /^(?:sips?|tel):(\+?\d[\d.()-]*)(?:[@;]|$)/i.exec(uri) ?? [];
  const parsed = user === '' ? undefined : parsePhoneNumber(user);
  if (!parsed?.ok) return { states: [], by: 'nothing' };
  const place = placeOf(classifyNumber(parsed.number), undefined, undefined);
  return { states: place.states, by: place.by };
}
