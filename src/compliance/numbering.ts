import type { E164, Zone } from '../domain';
import { isNanp, zoneOf } from '../domain';
import { NON_GEOGRAPHIC_NPAS, NPA_ROWS, ZONE_NAMES } from './data/npa';
import { EXCHANGE_ROWS } from './data/npa-nxx';

/** Where numbers of one area code, or of one of its exchanges, may be. More than one of a kind means: any of them. */
export interface NpaPlace {
  readonly country: string;
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
  /** What told it: the exchange tells the clock where the area code straddles zones. */
  readonly by: 'area code' | 'exchange';
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
const WRONG_LENGTH = impossible('a +1 number has ten more digits');
const NPA_FROM_TWO = impossible('an area code begins with 2 … 9');
const NPA_N9X = impossible('area codes N9X are kept for expansion');
const NPA_N11 = impossible('N11 is a service code, not an area code');
const NXX_FROM_TWO = impossible('an exchange begins with 2 … 9');
const NXX_N11 = impossible('N11 is a service code, not an exchange');
const ONE_DIGIT = impossible('one digit repeated');

const ZERO = 48;
/** By area code. */
const CLASSES = compileClasses();
/** By area code and, in it, by exchange: only those of which the table says more than of their area code. */
const EXCHANGES = compileExchanges();

/** Every area code with a place. */
export function geographicNpas(): readonly string[] {
  return CLASSES.flatMap((found, npa) => (found?.kind === 'geographic' ? [`${npa}`] : []));
}

/** Reads a number by the rules of the North American Numbering Plan (ATIS-0300051). Makes nothing new. */
export function classifyNumber(number: E164): NumberClass {
  // Country code 1 has ten digits after it and no other length.
  if (!isNanp(number)) return number.charCodeAt(1) === ZERO + 1 ? WRONG_LENGTH : FOREIGN;
  const npa = threeDigits(number, 2);
  const nxx = threeDigits(number, 5);
  if (npa < 200) return NPA_FROM_TWO;
  if (number.charCodeAt(3) === ZERO + 9) return NPA_N9X;
  if (npa % 100 === 11) return NPA_N11;
  if (nxx < 200) return NXX_FROM_TWO;
  if (nxx % 100 === 11) return NXX_N11;
  if (isOneDigitRepeated(number)) return ONE_DIGIT;
  return EXCHANGES[npa]?.[nxx] ?? CLASSES[npa] ?? UNASSIGNED;
}

/** True for 555-0100 … 555-0199, which are kept for fiction. */
export function isFictional(number: E164): boolean {
  return (
    isNanp(number) &&
    threeDigits(number, 5) === 555 &&
    number.charCodeAt(8) === ZERO &&
    number.charCodeAt(9) === ZERO + 1
  );
}

function impossible(why: string): NumberClass {
  return { kind: 'impossible', why };
}

function threeDigits(number: string, at: number): number {
  return (
    (number.charCodeAt(at) - ZERO) * 100 +
    (number.charCodeAt(at + 1) - ZERO) * 10 +
    number.charCodeAt(at + 2) -
    ZERO
  );
}

function isOneDigitRepeated(number: E164): boolean {
  for (let i = 3; i < number.length; i++) if (number.charCodeAt(i) !== number.charCodeAt(2)) return false;
  return true;
}

function compileClasses(): readonly (NumberClass | undefined)[] {
  const classes = new Array<NumberClass | undefined>(1_000).fill(undefined);
  for (const [country, states, zones, npas] of NPA_ROWS) {
    const place: NpaPlace = { country, states: words(states), zones: zonesOf(zones), by: 'area code' };
    for (const npa of words(npas)) classes[Number(npa)] = { kind: 'geographic', place };
  }
  for (const [use, npas] of Object.entries(NON_GEOGRAPHIC_NPAS)) {
    for (const npa of words(npas)) {
      classes[Number(npa)] = { kind: 'non_geographic', use: use as keyof typeof NON_GEOGRAPHIC_NPAS };
    }
  }
  return classes;
}

function compileExchanges(): readonly (readonly (NumberClass | undefined)[] | undefined)[] {
  const byNpa = new Array<(NumberClass | undefined)[] | undefined>(1_000).fill(undefined);
  for (const [npa, zones, exchanges] of EXCHANGE_ROWS) {
    const code = CLASSES[Number(npa)];
    if (code?.kind !== 'geographic') throw new Error(`exchanges of ${npa}, which has no place`);
    const found: NumberClass = {
      kind: 'geographic',
      place: { ...code.place, zones: zonesOf(zones), by: 'exchange' },
    };
    const byNxx = (byNpa[Number(npa)] ??= new Array<NumberClass | undefined>(1_000).fill(undefined));
    for (const range of words(exchanges)) {
      const [first, last = first] = range.split('-').map(Number) as [number, number?];
      byNxx.fill(found, first, last + 1);
    }
  }
  return byNpa;
}

function zonesOf(shorts: string): readonly Zone[] {
  return words(shorts).map((short) => zoneOf(ZONE_NAMES[short] as string));
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}
