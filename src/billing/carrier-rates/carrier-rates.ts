import type { Currency, Micros, RingTarget, Sale } from '../../domain';
import { groupBy, parsePhoneNumber } from '../../domain';
import type { CarrierDirection, CarrierLeg } from '../../rating';
import type { Queryable } from '../../storage';

/** A call over the trunks of carriers. */
export interface CarriedCall {
  readonly callId: string;
  /** UTC epoch milliseconds at which rates are looked up: its answer. */
  readonly at: number;
  /** Over which it came in. */
  readonly trunkId: string;
  /** The number that was called, in E.164. */
  readonly dialled: string;
  readonly sale: Pick<Sale, 'target'> | null;
}

/** A leg that a carrier may have to be paid for. */
export interface WantedLeg {
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  /** In E.164. */
  readonly number: string;
  readonly at: number;
}

interface RatedLeg {
  readonly place: number;
  readonly accountId: string;
  readonly trunkId: string;
  readonly direction: CarrierDirection;
  readonly currency: Currency;
  readonly prefix: string;
  readonly ratePerMinute: Micros;
  readonly connectFee: Micros;
  readonly firstIncrementMs: number;
  readonly nextIncrementMs: number;
}

/** What carriers are paid, by the rates that were in force when a call was answered. */
export class CarrierRates {
  /**
   * The legs of calls that carriers are paid for, in one statement for all of them: the way in over its trunk
   * and the number that was dialled, the way out over the trunk of its target and the number in its address.
   * A leg over a trunk without rates, or to a number without one, is left out.
   */
  async legsOf(db: Queryable, calls: readonly CarriedCall[]): Promise<ReadonlyMap<string, CarrierLeg[]>> {
    const wanted = calls.flatMap(wantedLegs);
    return groupBy(
      await this.#find(db, wanted),
      ({ place }) => (wanted[place] as WantedLeg & { readonly callId: string }).callId,
      ({ leg }) => leg,
    );
  }

  /** What is paid for one number, in E.164; undefined when nothing. */
  async rateOf(db: Queryable, leg: WantedLeg): Promise<CarrierLeg | undefined> {
    const number = leg.number.replace(/^\+/, '');
    return (await this.#find(db, [{ ...leg, number }]))[0]?.leg;
  }

  async #find(db: Queryable, wanted: readonly WantedLeg[]): Promise<{ place: number; leg: CarrierLeg }[]> {
    if (wanted.length === 0) return [];
    const { rows } = await db.query<RatedLeg>(
      `select place, account_id as "accountId", trunk_id as "trunkId", direction, currency, prefix,
         rate_per_minute as "ratePerMinute", connect_fee as "connectFee",
         first_increment_ms as "firstIncrementMs", next_increment_ms as "nextIncrementMs"
       from carrier_rates_of($1, $2, $3, $4, $5) order by place`,
      [
        wanted.map((_leg, place) => place),
        wanted.map(({ trunkId }) => trunkId),
        wanted.map(({ direction }) => direction),
        wanted.map(({ number }) => number),
        wanted.map(({ at }) => at),
      ],
    );
    return rows.map((row) => ({ place: row.place, leg: legOf(row) }));
  }
}

function wantedLegs({
  callId,
  at,
  trunkId,
  dialled,
  sale,
}: CarriedCall): (WantedLeg & { readonly callId: string })[] {
  const legs: (WantedLeg & { readonly callId: string })[] = [];
  const inbound = digitsOf(dialled);
  if (inbound !== undefined) legs.push({ callId, trunkId, direction: 'inbound', number: inbound, at });
  const target = sale?.target;
  const outbound = target?.trunkId === undefined ? undefined : numberIn(target);
  if (target?.trunkId !== undefined && outbound !== undefined) {
    legs.push({ callId, trunkId: target.trunkId, direction: 'outbound', number: outbound, at });
  }
  return legs;
}

/** The number that a SIP address stands for: its user part, without what carriers append to it. */
function numberIn({ uri }: Pick<RingTarget, 'uri'>): string | undefined {
  const user = /^(?:sips?|tel):([^@;?]+)/i.exec(uri)?.[1];
  return user === undefined ? undefined : digitsOf(user);
}

function digitsOf(text: string): string | undefined {
  const parsed = parsePhoneNumber(text);
  return parsed.ok ? parsed.number.slice(1) : undefined;
}

function legOf(row: RatedLeg): CarrierLeg {
  const { accountId, trunkId, direction, prefix, currency } = row;
  const { ratePerMinute, connectFee, firstIncrementMs, nextIncrementMs } = row;
  const plan = { kind: 'per_minute', ratePerMinute, firstIncrementMs, nextIncrementMs, afterMs: 0 } as const;
  return {
    accountId,
    trunkId,
    direction,
    prefix,
    currency,
    plan: connectFee > 0 ? { ...plan, connectFee } : plan,
  };
}
