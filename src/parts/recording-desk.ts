import { randomUUID } from 'node:crypto';
import { classifyNumber, isStateCode, placeOf, recordingConsent } from '../compliance';
import type { CallAttempt, Clock, RecordedParty, RecordingConsent, RingTarget } from '../domain';
import { asError, parsePhoneNumber } from '../domain';
import type { Market } from '../market';
import type { Studio } from '../recordings';
import type { OpenRecording, RecordingDesk, RecordingRequest } from '../signaling';

export interface RecordingDeskParts {
  readonly nodeId: string;
  readonly market: Pick<Market, 'numberByE164' | 'campaign' | 'buyer'>;
  readonly studio: Pick<Studio, 'record'>;
  /** What the law is taken to ask of a buyer of whom nobody knows where it is. */
  readonly unknownBuyers: 'all_party' | 'as_caller';
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
    return lawfully(this.#consentFor(attempt, target, announcedAt));
  }

  #open({ attempt, kind, target, announcedAt }: RecordingRequest): OpenRecording | { refused: string } {
    const { market, studio, nodeId, keepDays, clock, onRefused } = this.#parts;
    const buyer = target && market.buyer(target.buyerId);
    if (buyer?.recording === 'forbidden') {
      onRefused('forbidden');
      return { refused: 'the buyer does not want its conversations recorded' };
    }
    const consent = this.#consentFor(attempt, target, announcedAt);
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

  /**
   * Whose consent a recording needs: of all states that the parties may be in, the strictest decides. Where nothing
   * is known of the caller everybody's is needed; where nothing is known of the buyer, unless the configuration says
   * that its contract sees to that.
   */
  #consentFor(
    { from, tags }: CallAttempt,
    target: RingTarget | undefined,
    announcedAt: number | undefined,
  ): RecordingConsent {
    const { market, unknownBuyers } = this.#parts;
    const place = placeOf(from === undefined ? undefined : classifyNumber(from), tags['state'], tags['zip']);
    const caller: RecordedParty = { states: place.states, by: place.by };
    const other = target && partyOf(target, market.buyer(target.buyerId)?.states);
    // Together they would hide that nothing is known of one of them.
    const ofCaller = recordingConsent(caller.states);
    const isLeftOut = other === undefined || (other.states.length === 0 && unknownBuyers === 'as_caller');
    const ofOther = isLeftOut ? ofCaller : recordingConsent(other.states);
    const { consent: needs, rule } = ofCaller.consent === 'all_party' ? ofCaller : ofOther;
    return {
      needs,
      citation: rule.citation,
      announcedAt: announcedAt ?? null,
      caller,
      other: other ?? null,
    };
  }

  #campaignOf({ to }: CallAttempt): ReturnType<Market['campaign']> {
    const number = this.#parts.market.numberByE164(to);
    return number && this.#parts.market.campaign(number.campaignId);
  }
}

/** Why what rests on this consent may not be done; undefined when it may. */
function lawfully({ needs, announcedAt, citation }: RecordingConsent): string | undefined {
  return needs === 'all_party' && announcedAt === null
    ? `everybody must have been told first: ${citation}`
    : undefined;
}

/**
 * Where who answers may be: as was told of the buyer, and as its number says where it answers on one. One that is
 * called from anywhere says nothing beside that.
 */
function partyOf({ uri }: RingTarget, told: readonly string[] = []): RecordedParty {
  const [, user = ''] = /^(?:sips?|tel):(\+?\d[\d.()-]*)(?:[@;]|$)/i.exec(uri) ?? [];
  const parsed = user === '' ? undefined : parsePhoneNumber(user);
  const number = parsed?.ok ? classifyNumber(parsed.number) : undefined;
  const { states, by } = placeOf(number, undefined, undefined);
  // Of what is mistyped it is not known which state was meant.
  if (told.length === 0 || !told.every(isStateCode)) {
    return number ? { states, by } : { states: [], by: 'nothing' };
  }
  return number?.kind === 'geographic'
    ? { states: [...new Set([...states, ...told])], by: `${by} and buyer` }
    : { states: told, by: 'buyer' };
}
