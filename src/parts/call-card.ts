import { classifyNumber, placeOf } from '../compliance';
import type { CallAttempt, CallCard, CallCardPolicy } from '../domain';
import { defined } from '../domain';
import type { Market } from '../market';

/** Of a campaign that says nothing: who answers may know who calls. */
const USUAL: CallCardPolicy = { number: 'answered', price: false, tags: [] };
const MAX_TAGS = 20;
/** So many digits at the end tell who a number is; fewer do not. */
const TELLING_DIGITS = 7;

/** What is read of a call for its card. */
export type CardSource = Pick<CallAttempt, 'callId' | 'from' | 'tags'>;

/**
 * What an agent may know of a call, as its campaign allows.
 *
 * @param target - whose bid tells the campaign, and what the call costs, where that is known
 * @param answered - whether the agent has taken the call
 */
export function callCard(
  market: Market,
  { callId, from, tags }: CardSource,
  target: { readonly bidId: string; readonly price: number | undefined },
  answered: boolean,
): CallCard {
  const campaign = market.campaign(market.bid(target.bidId)?.campaignId ?? '');
  const policy = campaign?.card ?? USUAL;
  const shown = policy.number === 'ringing' || (policy.number === 'answered' && answered);
  const known = (key: string): string | undefined => (Object.hasOwn(tags, key) ? tags[key] : undefined);
  const { state } = placeOf(from && classifyNumber(from), known('state'), known('zip'));
  const hidden = shown ? undefined : from;
  const told = policy.tags.slice(0, MAX_TAGS).flatMap((key): [string, string][] => {
    const value = known(key);
    return value === undefined || tells(value, hidden) ? [] : [[key, value]];
  });
  return {
    callId,
    campaign: campaign?.name ?? '',
    ...defined({ state }),
    ...(shown && from !== undefined ? { number: from } : {}),
    ...(policy.price && campaign && target.price !== undefined
      ? { price: target.price, currency: campaign.currency }
      : {}),
    ...(told.length > 0 ? { tags: Object.fromEntries(told) } : {}),
  };
}

/**
 * Senders repeat the caller's number in tags, in one notation or another: what is hidden is not told by them
 * either. The last digits are the subscriber's, wherever prefixes begin.
 */
function tells(value: string, number: string | undefined): boolean {
  return number !== undefined && value.replace(/\D/g, '').includes(number.slice(-TELLING_DIGITS));
}
