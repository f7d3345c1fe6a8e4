import type { Zone } from '../domain';
import { zoneOf } from '../domain';
import { STATES_WITH_HOURS } from './calling-hours';
import { NPA_ROWS, ZONE_NAMES } from './data/npa';
import type { NumberClass } from './numbering';

/** Where a person may be: rules of every state and the clock of every zone count. */
export interface ConsumerPlace {
  /** ISO 3166 code; undefined when the number is of a country that is not told from its digits. */
  readonly country: string | undefined;
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
  /** The one state that bids target: claimed by the trunk, or else the area code's; undefined when unknown. */
  readonly state: string | undefined;
  /** True when the claimed state is none of those the area code serves. */
  readonly contradicted: boolean;
}

const NOWHERE: ConsumerPlace = {
  country: undefined,
  states: [],
  zones: [],
  state: undefined,
  contradicted: false,
};

/** A North American number whose place is unknown may be in any state with the strictest rules. */
const ANYWHERE: ConsumerPlace = {
  country: 'US',
  states: STATES_WITH_HOURS,
  zones: ['E', 'C', 'M', 'Z', 'P', 'AK', 'AD', 'H'].map((short) => zoneOf(ZONE_NAMES[short] as string)),
  state: undefined,
  contradicted: false,
};

const ZONES_BY_STATE = zonesByState();
/** Places that have been asked for, by area-code place and claim: there are few. */
const known = new Map<string, ConsumerPlace>();
const MAX_KNOWN = 20_000;

/**
 * The place of a caller from its number and from the state the trunk claims for it. A claim adds to
 * what the number says and takes nothing away: the strictest of all applies.
 *
 * @param claim - two-letter state or province, any case
 */
export function placeOf(caller: NumberClass | undefined, claim: string | undefined): ConsumerPlace {
  const state = claim?.trim().toUpperCase();
  const claimed = state === undefined ? undefined : ZONES_BY_STATE.get(state);
  if (!claimed || state === undefined) return placeOfNumber(caller);
  const byNumber = placeOfNumber(caller);
  if (byNumber === NOWHERE || byNumber === ANYWHERE || byNumber.country !== claimed.country) {
    return remember(
      `${byNumber.country ?? ''}/${byNumber === ANYWHERE ? '*' : byNumber.states.join()}/${state}`,
      () => ({
        // Abroad stays abroad: no table covers it, whatever is claimed.
        country: byNumber === NOWHERE && caller?.kind === 'foreign' ? undefined : claimed.country,
        states: [state],
        zones: [...new Set([...(byNumber === ANYWHERE ? [] : byNumber.zones), ...claimed.zones])],
        state,
        contradicted: byNumber !== NOWHERE && byNumber !== ANYWHERE,
      }),
    );
  }
  const zoneNames = byNumber.zones.map(({ name }) => name).join();
  return remember(`${byNumber.states.join()}/${zoneNames}/${state}`, () => ({
    country: byNumber.country,
    states: [...new Set([...byNumber.states, state])],
    zones: byNumber.states.includes(state)
      ? byNumber.zones
      : [...new Set([...byNumber.zones, ...claimed.zones])],
    state,
    contradicted: !byNumber.states.includes(state),
  }));
}

const byNumberPlace = new Map<unknown, ConsumerPlace>();

function placeOfNumber(caller: NumberClass | undefined): ConsumerPlace {
  if (!caller || caller.kind === 'foreign' || caller.kind === 'impossible') return NOWHERE;
  if (caller.kind !== 'geographic') return ANYWHERE;
  const { place } = caller;
  let found = byNumberPlace.get(place);
  if (!found) {
    found = { ...place, state: place.states[0], contradicted: false };
    byNumberPlace.set(place, found);
  }
  return found;
}

function remember(key: string, make: () => ConsumerPlace): ConsumerPlace {
  let place = known.get(key);
  if (!place) {
    place = make();
    if (known.size < MAX_KNOWN) known.set(key, place);
  }
  return place;
}

function zonesByState(): ReadonlyMap<string, { country: string; zones: readonly Zone[] }> {
  const byState = new Map<string, { country: string; zones: Zone[] }>();
  for (const [country, states, zones] of NPA_ROWS) {
    for (const state of states === '' ? [] : states.split(' ')) {
      const entry = byState.get(state) ?? { country, zones: [] };
      for (const short of zones.split(' ')) {
        const zone = zoneOf(ZONE_NAMES[short] as string);
        if (!entry.zones.includes(zone)) entry.zones.push(zone);
      }
      byState.set(state, entry);
    }
  }
  return byState;
}
