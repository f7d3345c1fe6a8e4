import type { Zone } from '../domain';
import { zoneOf } from '../domain';
import { STATES_WITH_HOURS } from './calling-hours';
import { NPA_ROWS, ZONE_NAMES } from './data/npa';
import type { NpaPlace, NumberClass } from './numbering';

/** Where a person may be: the rules of every country and state and the clock of every zone count. */
export interface ConsumerPlace {
  /** ISO 3166 codes, or `abroad` for a number of another numbering plan; empty when nothing is known. */
  readonly countries: readonly string[];
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
  /** The one state that bids target: claimed by the trunk, or else the area code's; undefined when unknown. */
  readonly state: string | undefined;
  /** True when the claimed state is none of those the number may be of. */
  readonly contradicted: boolean;
}

const unknown = { state: undefined, contradicted: false } as const;
/** A number that says nothing: withheld, or one that cannot be. */
const NOWHERE: ConsumerPlace = { countries: [], states: [], zones: [], ...unknown };
const ABROAD: ConsumerPlace = { countries: ['abroad'], states: [], zones: [], ...unknown };
/** A North American number without a place may be in any state of the Union. */
const ANYWHERE: ConsumerPlace = {
  countries: ['US'],
  states: STATES_WITH_HOURS,
  zones: ['E', 'C', 'M', 'Z', 'P', 'AK', 'AD', 'H'].map(zoneByShortName),
  ...unknown,
};

const CLAIMS: ReadonlyMap<string, ConsumerPlace> = claimedPlaces();
/** Places made so far: at most one for each place of the area-code table and each claim. */
const byNpaPlace = new WeakMap<NpaPlace, ConsumerPlace>();
const byClaim = new WeakMap<ConsumerPlace, Map<ConsumerPlace, ConsumerPlace>>();

/**
 * The place of a caller from its number and from the state the trunk claims for it. A claim adds to
 * what the number says and takes nothing away, so that the strictest of all applies; it stands alone
 * where the number says nothing.
 *
 * @param claim - two-letter state or province, any case; an unknown one is ignored
 */
export function placeOf(caller: NumberClass | undefined, claim: string | undefined): ConsumerPlace {
  const byNumber = placeOfNumber(caller);
  const claimed = claim === undefined ? undefined : CLAIMS.get(claim.trim().toUpperCase());
  if (!claimed) return byNumber;
  return byNumber === NOWHERE || byNumber === ANYWHERE ? claimed : unionOf(byNumber, claimed);
}

function placeOfNumber(caller: NumberClass | undefined): ConsumerPlace {
  if (!caller || caller.kind === 'impossible') return NOWHERE;
  if (caller.kind === 'foreign') return ABROAD;
  if (caller.kind !== 'geographic') return ANYWHERE;
  let place = byNpaPlace.get(caller.place);
  if (!place) {
    const { country, states, zones } = caller.place;
    place = { countries: [country], states, zones, state: states[0], contradicted: false };
    byNpaPlace.set(caller.place, place);
  }
  return place;
}

function unionOf(byNumber: ConsumerPlace, claimed: ConsumerPlace): ConsumerPlace {
  let unions = byClaim.get(byNumber);
  if (!unions) {
    unions = new Map();
    byClaim.set(byNumber, unions);
  }
  let place = unions.get(claimed);
  if (!place) {
    const agrees = claimed.states.every((state) => byNumber.states.includes(state));
    place = {
      countries: [...new Set([...byNumber.countries, ...claimed.countries])],
      states: [...new Set([...byNumber.states, ...claimed.states])],
      // Within a state that the area code serves, the area code knows the clock better.
      zones: agrees ? byNumber.zones : [...new Set([...byNumber.zones, ...claimed.zones])],
      state: claimed.state,
      contradicted: !agrees,
    };
    unions.set(claimed, place);
  }
  return place;
}

function claimedPlaces(): ReadonlyMap<string, ConsumerPlace> {
  const places = new Map<string, ConsumerPlace>();
  for (const [country, states, zones] of NPA_ROWS) {
    for (const state of states === '' ? [] : states.split(' ')) {
      const before = places.get(state)?.zones ?? [];
      places.set(state, {
        countries: [country],
        states: [state],
        zones: [...new Set([...before, ...zones.split(' ').map(zoneByShortName)])],
        state,
        contradicted: false,
      });
    }
  }
  return places;
}

function zoneByShortName(short: string): Zone {
  return zoneOf(ZONE_NAMES[short] as string);
}
