import type { Bid, Currency, Micros, RatePlan } from '../domain';
import { scalePlan } from '../rating';
import { bidReplySchema } from './bid-reply';
import { decimalToMicros } from './decimal-micros';
import type { DestinationRules } from './destination';
import { numberDestination, sipDestination } from './destination';
import { describeNoBid } from './no-bid';
import type { PlannedPing } from './ping-plan';
import { readJson } from './read-json';

/** What is asked of replies. */
export interface ReplyRules {
  readonly destinations: DestinationRules;
  /** Seconds an offer stands that does not say how long, and the most that is believed. */
  readonly defaultExpirySeconds: number;
  readonly maxExpirySeconds: number;
  /** Connected seconds that a buyer may ask for before it pays; more than its standing bid asks for and than this is refused. */
  readonly maxMinDurationSeconds: number;
}

/** What a reply turned out to be. */
export type Reading =
  | {
      readonly ok: true;
      readonly price: Micros;
      readonly plan: RatePlan;
      readonly reference: string;
      readonly uri: string | undefined;
      /** Milliseconds from the reply on that the offer stands. */
      readonly expiresInMs: number;
    }
  | { readonly ok: false; readonly why: 'rtb_no_bid' | 'rtb_invalid' | 'rtb_error'; readonly detail: string };

/** A reply as it came. */
export interface RawReply {
  readonly status: number;
  readonly body: Buffer;
}

const MAX_DEPTH = 16;

/** Reads a buyer's reply, believing nothing of it. Pure; never throws, whatever it is given. */
export function readReply(
  reply: RawReply,
  asked: {
    readonly id: string;
    readonly currency: Currency;
    readonly ping: Pick<PlannedPing, 'bid' | 'target'>;
  },
  rules: ReplyRules,
): Reading {
  const { status, body } = reply;
  if (status === 204) return noBid('HTTP 204');
  if (status < 200 || status > 299) return { ok: false, why: 'rtb_error', detail: `HTTP ${status}` };
  const json = readJson(body, MAX_DEPTH);
  if (!json.ok) return invalid(json.problem);
  const parsed = bidReplySchema.safeParse(json.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return invalid(
      `${issue?.path.join('.') || 'the reply'}: ${issue?.message ?? 'not as agreed'}`.slice(0, 200),
    );
  }
  const { id, bidid, price: told, cur, exp, min_duration_s: duration, dest, nbr } = parsed.data;
  if (id !== undefined && id !== asked.id) return invalid('id: a reply to another request');
  if (told === undefined) return noBid(nbr === undefined ? 'no price' : describeNoBid(nbr));
  const price = decimalToMicros(told);
  if (price === undefined) return invalid('price: no amount of money');
  if (price === 0) return noBid(nbr === undefined ? 'price 0' : describeNoBid(nbr));
  if (price < 0) return invalid('price: below zero');
  if (cur !== undefined && cur !== asked.currency) return invalid(`cur: ${asked.currency} was asked for`);
  const { bid, target } = asked.ping;
  if (price > bid.price) return invalid('price: more than the standing bid allows');
  const mostSeconds = Math.max(rules.maxMinDurationSeconds, bid.plan.afterMs / 1000);
  if (duration !== undefined && duration > mostSeconds) {
    return invalid(`min_duration_s: more than ${mostSeconds}`);
  }
  if (exp === 0) return invalid('exp: the offer is over already');
  const place =
    dest?.sip !== undefined
      ? sipDestination(dest.sip, target, rules.destinations)
      : dest?.e164 !== undefined
        ? numberDestination(dest.e164, target, rules.destinations)
        : { ok: true as const, uri: undefined };
  if (!place.ok) return invalid(place.problem);
  return {
    ok: true,
    price,
    plan: pricedPlan(bid, price, duration === undefined ? bid.plan.afterMs : duration * 1000),
    reference: bidid ?? asked.id,
    uri: place.uri,
    expiresInMs: Math.min(exp ?? rules.defaultExpirySeconds, rules.maxExpirySeconds) * 1000,
  };
}

/** The bid's own plan at another price: its amounts and rates in proportion. */
function pricedPlan({ plan, price: standing }: Bid, price: Micros, afterMs: number): RatePlan {
  return { ...scalePlan(plan, standing, price), afterMs };
}

function noBid(detail: string): Reading {
  return { ok: false, why: 'rtb_no_bid', detail };
}

function invalid(detail: string): Reading {
  return { ok: false, why: 'rtb_invalid', detail };
}
