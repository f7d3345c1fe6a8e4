import type { Bid, Micros } from '../../../src/domain';
import { bidOf, campaignOf, marketFor, PLACES, scheduleOf } from './bench-market';
import type { Load } from './measure-decisions';

/** Four states, a quarter of the list apart. */
function statesFrom(n: number): string[] {
  return [0, 5, 10, 15].map((step) => (PLACES[(n + step) % PLACES.length] as (typeof PLACES)[number])[0]);
}

/**
 * Bids such that every caller finds just `eligible` of them: each wants four of twenty states, and of
 * those for a state most ask for an area code, a schedule, a tag or a price that no call meets.
 */
export function regionalBids(eligible: number, standing: number): Bid[] {
  return Array.from({ length: standing }, (_, n): Bid => {
    const nth = Math.floor(n / PLACES.length);
    const taken = standing === eligible || nth < eligible / 4;
    const flaw = taken ? -1 : nth % 4;
    return bidOf(n, {
      ...(flaw === 3 ? { price: 500_000 as Micros } : {}),
      targeting: {
        ...(standing === eligible ? {} : { states: statesFrom(n) }),
        ...(flaw === 0 ? { npas: ['907'] } : {}),
        ...(flaw === 1 ? { tags: { vertical: 'roofing' } } : {}),
        schedule: scheduleOf(flaw !== 2),
      },
    });
  });
}

export function regional(eligible: number, standing: number, decisions: number): Load {
  return { market: marketFor(regionalBids(eligible, standing), campaignOf()), eligible, decisions };
}

/**
 * Bids that want calls from all twenty states and list their area codes, attestations, two values of a
 * tag and hours: all of them meet every question but the price, which all but `eligible` are under.
 */
export function national(eligible: number, standing: number, decisions: number): Load {
  const states = PLACES.map(([state]) => state);
  const npas = PLACES.flatMap(([, each]) => each);
  const bids = Array.from({ length: standing }, (_, n) =>
    bidOf(n, {
      ...(n < eligible ? {} : { price: 500_000 as Micros }),
      targeting: {
        states,
        npas,
        attestation: ['A', 'B'],
        tags: { vertical: ['solar', 'roofing'] },
        schedule: scheduleOf(true),
      },
    }),
  );
  const belowReserve = standing - eligible;
  return { market: marketFor(bids, campaignOf()), eligible, decisions, belowReserve };
}

/** Bids that all may take every call: each is priced, weighed by its record and ranked. */
export function everybody(bids: number, decisions: number): Load {
  const standing = Array.from({ length: bids }, (_, n) => bidOf(n));
  return { market: marketFor(standing, campaignOf()), eligible: bids, decisions };
}

/** The same with two modifiers a bid, one of which fits. */
export function everybodyModified(bids: number, decisions: number): Load {
  const standing = Array.from({ length: bids }, (_, n) =>
    bidOf(n, {
      modifiers: [
        { factorBp: 12_000, tags: { vertical: 'solar' } },
        { factorBp: 9_000, states: ['HI'] },
      ],
    }),
  );
  return { market: marketFor(standing, campaignOf()), eligible: bids, decisions };
}
