import type { Currency, Micros } from '../../domain';
import { groupBy, parsePhoneNumber } from '../../domain';
import type { CarrierDirection, CarrierLeg, CarrierLegRate } from '../../rating';
import type { Queryable } from '../../storage';
import type { CarriedCall } from './carried-call';
import { carriedLegs } from './carried-call';

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

/** A leg of a call, to be found its rate. */
interface MeteredLeg extends WantedLeg, Pick<CarrierLeg, 'nth' | 'durationMs'> {
  readonly callId: string;
}

/** What carriers are paid, by the rates that were in force when each leg was answered. */
export class CarrierRates {
  /**
   * The legs of calls that carriers are paid for, in one statement for all of them: see {@link carriedLegs}. A leg
   * over a trunk without rates, or to a number without one, is left out.
   */
  async legsOf(db: Queryable, calls: readonly CarriedCall[]): Promise<ReadonlyMap<string, CarrierLeg[]>> {
    const wanted = calls.flatMap(meteredLegs);
    const metered = (place: number): MeteredLeg => wanted[place] as MeteredLeg;
    return groupBy(
      await this.#find(db, wanted),
      ({ place }) => metered(place).callId,
      ({ place, leg }) => ({ ...leg, nth: metered(place).nth, durationMs: metered(place).durationMs }),
    );
  }

  /** What is paid for one number, in E.164; undefined when nothing. */
  async rateOf(db: Queryable, leg: WantedLeg): Promise<CarrierLegRate | undefined> {
    const number = leg.number.replace(/^\+/, '');
    return (await this.#find(db, [{ ...leg, number }]))[0]?.leg;
  }

  async #find(
    db: Queryable,
    wanted: readonly WantedLeg[],
  ): Promise<{ place: number; leg: CarrierLegRate }[]> {
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

function meteredLegs(call: CarriedCall): MeteredLeg[] {
  const { callId } = call;
  const seen: Record<CarrierDirection, number> = { inbound: 0, outbound: 0 };
  return carriedLegs(call).flatMap(({ direction, trunkId, number, answeredAt: at, durationMs }) => {
    const nth = ++seen[direction];
    const digits = digitsOf(number);
    return digits === undefined ? [] : [{ callId, trunkId, direction, number: digits, at, nth, durationMs }];
  });
}

function digitsOf(text: string): string | undefined {
  const parsed = parsePhoneNumber(text);
  return parsed.ok ? parsed.number.slice(1) : undefined;
}

function legOf(row: RatedLeg): CarrierLegRate {
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
