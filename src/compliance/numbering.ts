import type { E164, Zone } from '../domain';
import { npaOf, nxxOf, zoneOf } from '../domain';
import { NON_GEOGRAPHIC_NPAS, NPA_ROWS, ZONE_NAMES } from './data/npa';

/** Where numbers of one area code may be. More than one state or zone means: any of them. */
export interface NpaPlace {
  readonly country: string;
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
}

/** What a number's digits say of it. */
export type NumberClass =
  /** A geographic number of the numbering plan, with its place. */
  | { readonly kind: 'geographic'; readonly place: NpaPlace }
  | { readonly kind: 'non_geographic'; readonly use: keyof typeof NON_GEOGRAPHIC_NPAS }
  /** Well formed, yet of an area code that this table does not know. */
  | { readonly kind: 'unassigned' }
  /** No telephone can have this number. */
  | { readonly kind: 'impossible'; readonly why: string }
  | { readonly kind: 'foreign' };

const FOREIGN: NumberClass = { kind: 'foreign' };
const UNASSIGNED: NumberClass = { kind: 'unassigned' };

const CLASSES = compileClasses();

/** Every area code with a place. */
export function geographicNpas(): readonly string[] {
  return [...CLASSES].filter(([, { kind }]) => kind === 'geographic').map(([npa]) => npa);
}

/** Reads a number by the rules of the North American Numbering Plan (ATIS-0300051). */
export function classifyNumber(number: E164): NumberClass {
  const npa = npaOf(number);
  const nxx = nxxOf(number);
  // Country code 1 has ten digits after it and no other length.
  if (npa === undefined || nxx === undefined) {
    return number.charCodeAt(1) === 49 ? impossible('a +1 number has ten more digits') : FOREIGN;
  }
  if (npa < '200') return impossible('an area code begins with 2 … 9');
  if (npa.charAt(1) === '9') return impossible('area codes N9X are kept for expansion');
  if (npa.endsWith('11')) return impossible('N11 is a service code, not an area code');
  if (nxx < '200') return impossible('an exchange begins with 2 … 9');
  if (nxx.endsWith('11')) return impossible('N11 is a service code, not an exchange');
  if (isOneDigitRepeated(number)) return impossible('one digit repeated');
  return CLASSES.get(npa) ?? UNASSIGNED;
}

/** True for 555-0100 … 555-0199, which are kept for fiction. */
export function isFictional(number: E164): boolean {
  return nxxOf(number) === '555' && number.slice(8, 10) === '01';
}

function impossible(why: string): NumberClass {
  return { kind: 'impossible', why };
}

function isOneDigitRepeated(number: E164): boolean {
  for (let i = 3; i < number.length; i++) if (number.charCodeAt(i) !== number.charCodeAt(2)) return false;
  return true;
}

function compileClasses(): ReadonlyMap<string, NumberClass> {
  const classes = new Map<string, NumberClass>();
  for (const [country, states, zones, npas] of NPA_ROWS) {
    const place: NpaPlace = {
      country,
      states: words(states),
      zones: words(zones).map((short) => zoneOf(ZONE_NAMES[short] as string)),
    };
    for (const npa of words(npas)) classes.set(npa, { kind: 'geographic', place });
  }
  for (const [use, npas] of Object.entries(NON_GEOGRAPHIC_NPAS)) {
    for (const npa of words(npas)) {
      classes.set(npa, { kind: 'non_geographic', use: use as keyof typeof NON_GEOGRAPHIC_NPAS });
    }
  }
  return classes;
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
