import type { Currency, Micros } from '../../domain';
import { addMicros, negateMicros, subtractMicros, ZERO_MICROS } from '../../domain';
import type { RatedLine } from '../../rating';
import { splitMicros } from '../../rating';

/** What a revision changes: like a rated line, but the amount is a difference and may be negative. */
export type ChangedLine = RatedLine;

/** One thing that a call costs or earns somebody, as it stands. */
export interface StandingLine extends RatedLine {
  /** What was given away of it or on top of it, whatever rating says: negative when it was taken back. */
  readonly conceded: Micros;
}

/** What was booked for a call at one time. */
export interface BookedLines {
  readonly lines: readonly ChangedLine[];
  /** True of what does not follow from rating: parts that were given back, and awards. */
  readonly concession: boolean;
}

/** Who pays a call, and in which currency. */
export interface CallParties {
  readonly buyerAccountId: string;
  readonly sellerId: string;
  readonly currency: Currency;
}

/**
 * Lines are the same whatever rule decided their amount: a price by another rule is a change of the price.
 * Fees and taxes are told apart by their codes, carriers' legs by their directions.
 */
function keyOf({ kind, accountId, code, currency }: RatedLine): string {
  const which = kind === 'revenue' || kind === 'payout' ? '' : code;
  return [kind, currency, accountId, which].join(' ');
}

/** Everything that was booked, the first first, in sums. Lines of which nothing is left stay, with what they were. */
export function standingLines(bookings: readonly BookedLines[]): StandingLine[] {
  const standing = new Map<string, StandingLine>();
  for (const { lines, concession } of bookings) {
    for (const line of lines) {
      const key = keyOf(line);
      const before = standing.get(key);
      // The latest rating names the rule that holds; what is given back follows it.
      const named = concession && before ? before : line;
      standing.set(key, {
        ...named,
        amount: addMicros(before?.amount ?? ZERO_MICROS, line.amount),
        conceded: addMicros(before?.conceded ?? ZERO_MICROS, concession ? line.amount : ZERO_MICROS),
      });
    }
  }
  return [...standing.values()];
}

/**
 * What is to be booked so that a call stands as it is rated now. What was given back of a line stays given
 * back, yet nobody is asked for less than nothing, so that no order of ratings and concessions takes or
 * gives more than there was.
 *
 * @param carriers - whether carriers' legs are rated anew as well; otherwise they stay as they are
 */
export function ratingChanges(
  standing: readonly StandingLine[],
  rated: readonly RatedLine[],
  carriers: boolean,
): ChangedLine[] {
  const changes: ChangedLine[] = [];
  const wanted = new Map<string, RatedLine>();
  for (const line of rated) {
    if (!carriers && line.kind === 'carrier_cost') continue;
    const before = wanted.get(keyOf(line));
    wanted.set(keyOf(line), { ...line, amount: addMicros(before?.amount ?? ZERO_MICROS, line.amount) });
  }
  for (const line of standing) {
    if (!carriers && line.kind === 'carrier_cost') continue;
    const key = keyOf(line);
    const now = wanted.get(key);
    wanted.delete(key);
    const due = addMicros(now?.amount ?? ZERO_MICROS, line.conceded);
    const { conceded: _, ...named } = line;
    const amount = subtractMicros(due > 0 ? due : ZERO_MICROS, line.amount);
    if (amount !== 0) changes.push({ ...named, ...now, amount });
  }
  return [...changes, ...[...wanted.values()].filter(({ amount }) => amount !== 0)];
}

const BUYER_KINDS: ReadonlySet<RatedLine['kind']> = new Set(['revenue', 'fee', 'tax']);

/** What the buyer is charged: its price, its fees and its taxes. */
export function buyerLines(standing: readonly StandingLine[], parties: CallParties): StandingLine[] {
  const { buyerAccountId, currency } = parties;
  return standing.filter(
    (line) =>
      line.accountId === buyerAccountId &&
      line.currency === currency &&
      line.amount > 0 &&
      BUYER_KINDS.has(line.kind),
  );
}

/** Micro-units that the buyer pays and has not been given back. */
export function chargedOf(call: CallParties & { readonly standing: readonly StandingLine[] }): Micros {
  return sumOf(buyerLines(call.standing, call));
}

/** What the seller and those who share with it earn, and what they are charged of that. */
export function sellerLines(standing: readonly StandingLine[], parties: CallParties): StandingLine[] {
  const buyers = new Set(buyerLines(standing, parties));
  return standing.filter(
    (line) =>
      line.kind !== 'carrier_cost' &&
      line.kind !== 'revenue' &&
      line.currency === parties.currency &&
      line.amount > 0 &&
      !buyers.has(line),
  );
}

export function sumOf(lines: readonly RatedLine[]): Micros {
  return lines.reduce((sum, { amount }) => addMicros(sum, amount), ZERO_MICROS);
}

/** Who bears what a buyer gets back. */
export const BEARERS = ['seller', 'exchange'] as const;
export type Bearer = (typeof BEARERS)[number];

/** What of a call's money is given back. */
export interface GivenBack {
  readonly lines: readonly ChangedLine[];
  /** Micro-units of which the seller bears no part. */
  readonly borne: Micros;
}

/**
 * Gives a part of what the buyer is charged back: of its price, its fees and its taxes in exact proportion.
 * Where the seller bears it, the matching part of what it and those who share with it earned is taken back,
 * and of what they were charged of that. What the exchange bore before is no part of that: giving back 20
 * of 100 without the seller and then the other 80 with it takes 80 % of the payout.
 *
 * @param amount - micro-units, above 0 and no more than is charged
 * @param borneBefore - micro-units given back before of which the seller bore no part
 * @throws RangeError for another amount
 */
export function giveBack(
  standing: readonly StandingLine[],
  parties: CallParties,
  { amount, bearer, borneBefore }: { amount: Micros; bearer: Bearer; borneBefore: Micros },
): GivenBack {
  const charged = buyerLines(standing, parties);
  const whole = sumOf(charged);
  if (amount <= 0 || amount > whole) throw new RangeError(`${amount} of ${whole} cannot be given back`);
  const parts = splitMicros(
    amount,
    charged.map((line) => line.amount),
  );
  const lines = charged.map((line, n) => taken(line, parts[n] ?? ZERO_MICROS));
  if (bearer === 'seller') {
    const rest = subtractMicros(addMicros(whole, borneBefore), amount);
    lines.push(...matchingPart(standing, parties, amount, rest).map((line) => taken(line, line.amount)));
  }
  return {
    lines: lines.filter((line) => line.amount !== 0),
    borne: bearer === 'exchange' ? amount : ZERO_MICROS,
  };
}

/** The part of each of the seller's lines that `amount` is of `amount + rest`. */
export function matchingPart(
  standing: readonly StandingLine[],
  parties: CallParties,
  amount: Micros,
  rest: Micros,
): RatedLine[] {
  const lines = sellerLines(standing, parties);
  const payouts = lines.filter((line) => line.kind === 'payout');
  const others = lines.filter((line) => line.kind !== 'payout');
  const part = (whole: Micros): Micros => splitMicros(whole, [amount, rest])[0] ?? ZERO_MICROS;
  const shares = splitAmong(payouts, part(sumOf(payouts)));
  return [...shares, ...others.map((line) => ({ ...line, amount: part(line.amount) }))].filter(
    (line) => line.amount !== 0,
  );
}

function splitAmong(lines: readonly StandingLine[], total: Micros): RatedLine[] {
  if (lines.length === 0) return [];
  const parts = splitMicros(
    total,
    lines.map((line) => line.amount),
  );
  return lines.map((line, n) => ({ ...line, amount: parts[n] ?? ZERO_MICROS }));
}

function taken({ kind, accountId, code, text, currency }: RatedLine, amount: Micros): ChangedLine {
  return { kind, accountId, code, text, currency, amount: negateMicros(amount) };
}

/** What each account would have to give back of what it earned by such lines; accounts that would not are left out. */
export function owedBy(lines: readonly RatedLine[]): Map<string, Micros> {
  const owed = new Map<string, Micros>();
  for (const { kind, accountId, amount } of lines) {
    const before = owed.get(accountId) ?? ZERO_MICROS;
    owed.set(accountId, (kind === 'payout' ? addMicros : subtractMicros)(before, amount));
  }
  return new Map([...owed].filter(([, amount]) => amount > 0));
}
