import type { Zone } from '../domain';
import { zoneOf } from '../domain';
import type { ZipArea } from '../market';
import { zipArea } from '../market';
import { STATES_WITH_HOURS } from './calling-hours';
import { NPA_ROWS, ZONE_NAMES } from './data/npa';
import type { NpaPlace, NumberClass } from './numbering';

/**
 * Where a person may be: the rules of every country and state and the clock of every zone count.
 * There is one object for each place, so that what is worked out of a place can be kept by it.
 */
export interface ConsumerPlace {
  /** ISO 3166 codes, or `abroad` for a number of another numbering plan; empty when nothing is known. */
  readonly countries: readonly string[];
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
  /** The one state that bids target: claimed by the trunk, or else the area code's; undefined when unknown. */
  readonly state: string | undefined;
  /** True when the claimed state is none of those the number may be of. */
  readonly contradicted: boolean;
  /** The facts that decided, e.g. `area code and ZIP code`. */
  readonly by: string;
}

/** A claim that was understood. */
interface Claim {
  readonly countries: readonly string[];
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
  /** A ZIP code tells the clock; of a state's name every clock of the state may be meant. */
  readonly exact: boolean;
  readonly by: string;
}

const silent = { state: undefined, contradicted: false } as const;
/** A number that says nothing: withheld, or one that cannot be. */
const NOWHERE: ConsumerPlace = { countries: [], states: [], zones: [], ...silent, by: 'nothing' };
const ABROAD: ConsumerPlace = {
  countries: ['abroad'],
  states: [],
  zones: [],
  ...silent,
  by: 'country code',
};
/** A North American number without a place may be in any state of the Union. */
const ANYWHERE: ConsumerPlace = {
  countries: ['US'],
  states: STATES_WITH_HOURS,
  zones: ['E', 'C', 'M', 'Z', 'P', 'AK', 'AD', 'H'].map(zoneByShortName),
  ...silent,
  by: 'a number without a place',
};

const STATE_CLAIMS = claimableStates();
/*
 * Places and claims made so far. There are as many as the tables have rows, and as they have pairs of
 * a row and a claim: what a sender writes makes no new ones.
 */
const byNpaPlace = new WeakMap<NpaPlace, ConsumerPlace>();
const byZipArea = new WeakMap<ZipArea, Claim>();
const bothClaims = new WeakMap<Claim, Map<Claim, Claim>>();
const claimedPlaces = new WeakMap<Claim, ConsumerPlace>();
const byClaim = new WeakMap<ConsumerPlace, Map<Claim, ConsumerPlace>>();

/**
 * The place of a caller from its number and from what is claimed of it. A claim adds to what the
 * number says, so that the strictest of all applies; it stands alone where the number says nothing.
 * It takes away in one case only: a ZIP code within the area code's own states tells which of the
 * area code's clocks is meant. Claims that name no place are ignored.
 *
 * @param state - two-letter state or province, any case
 * @param zip - ZIP code of five or nine digits
 */
export function placeOf(
  caller: NumberClass | undefined,
  state: string | undefined,
  zip: string | undefined,
): ConsumerPlace {
  const byNumber = placeOfNumber(caller);
  if (state === undefined && zip === undefined) return byNumber;
  const claim = readClaim(state, zip);
  if (!claim) return byNumber;
  if (byNumber === NOWHERE || byNumber === ANYWHERE) return placeOfClaim(claim);
  const known = byClaim.get(byNumber)?.get(claim);
  if (known) return known;
  const made = unionOf(byNumber, claim);
  remember(byClaim, byNumber, claim, made);
  return made;
}

/** Whether two letters, as they are written, are a state or province of the North American numbering plan. */
export function isStateCode(text: string): boolean {
  return STATE_CLAIMS.has(text);
}

function placeOfNumber(caller: NumberClass | undefined): ConsumerPlace {
  if (!caller || caller.kind === 'impossible') return NOWHERE;
  if (caller.kind === 'foreign') return ABROAD;
  if (caller.kind !== 'geographic') return ANYWHERE;
  let place = byNpaPlace.get(caller.place);
  if (!place) {
    const { country, states, zones, by } = caller.place;
    place = { countries: [country], states, zones, state: states[0], contradicted: false, by };
    byNpaPlace.set(caller.place, place);
  }
  return place;
}

function placeOfClaim(claim: Claim): ConsumerPlace {
  let place = claimedPlaces.get(claim);
  if (!place) {
    const { countries, states, zones, by } = claim;
    place = { countries, states, zones, state: states[0], contradicted: false, by: `${by} claimed` };
    claimedPlaces.set(claim, place);
  }
  return place;
}

function unionOf(byNumber: ConsumerPlace, claim: Claim): ConsumerPlace {
  const agrees = claim.states.some((state) => byNumber.states.includes(state));
  const narrows = agrees && claim.exact && isSubset(claim.zones, byNumber.zones);
  let zones = byNumber.zones;
  if (narrows) zones = claim.zones;
  // Within a state that the area code serves, the area code knows the clock better than the state does.
  else if (claim.exact || !isSubset(claim.states, byNumber.states)) zones = union(zones, claim.zones);
  return {
    countries: union(byNumber.countries, claim.countries),
    states: union(byNumber.states, claim.states),
    zones,
    state: claim.states[0],
    contradicted: !agrees,
    by: `${byNumber.by} and ${claim.by} claimed`,
  };
}

function readClaim(state: string | undefined, zip: string | undefined): Claim | undefined {
  const byState = state === undefined ? undefined : stateClaim(state);
  const area = zip === undefined ? undefined : zipArea(zip);
  if (!area) return byState;
  const byZip = zipClaim(area);
  if (!byState || area.states.includes(byState.states[0] as string)) return byZip;
  const known = bothClaims.get(byZip)?.get(byState);
  if (known) return known;
  const both: Claim = {
    countries: union(byZip.countries, byState.countries),
    states: union(byZip.states, byState.states),
    zones: union(byZip.zones, byState.zones),
    exact: false,
    by: 'ZIP code and another state',
  };
  remember(bothClaims, byZip, byState, both);
  return both;
}

function stateClaim(text: string): Claim | undefined {
  return (
    STATE_CLAIMS.get(text) ?? (text.length > 16 ? undefined : STATE_CLAIMS.get(text.trim().toUpperCase()))
  );
}

function zipClaim(area: ZipArea): Claim {
  let claim = byZipArea.get(area);
  if (!claim) {
    claim = { countries: ['US'], states: area.states, zones: area.zones, exact: true, by: 'ZIP code' };
    byZipArea.set(area, claim);
  }
  return claim;
}

function claimableStates(): ReadonlyMap<string, Claim> {
  const claims = new Map<string, Claim>();
  for (const [country, states, zones] of NPA_ROWS) {
    for (const state of states === '' ? [] : states.split(' ')) {
      const before = claims.get(state)?.zones ?? [];
      claims.set(state, {
        countries: [country],
        states: [state],
        zones: union(before, zones.split(' ').map(zoneByShortName)),
        exact: false,
        by: 'state',
      });
    }
  }
  return claims;
}

function remember<K extends object, C, V>(of: WeakMap<K, Map<C, V>>, key: K, claim: C, value: V): void {
  const known = of.get(key);
  if (known) known.set(claim, value);
  else of.set(key, new Map([[claim, value]]));
}

function union<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return isSubset(b, a) ? a : [...new Set([...a, ...b])];
}

function isSubset<T>(some: readonly T[], all: readonly T[]): boolean {
  return some.every((one) => all.includes(one));
}

function zoneByShortName(short: string): Zone {
  return zoneOf(ZONE_NAMES[short] as string);
}
