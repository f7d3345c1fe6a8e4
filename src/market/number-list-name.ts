import type { NumberList } from '../domain';
import { NUMBER_LISTS } from '../domain';

/** A list as it is named in storage and on the command line: its kind, and for a state's its state. */
export type NumberListName = Exclude<NumberList, 'state'> | `state:${string}`;

export interface NumberListParts {
  readonly list: NumberList;
  /** Two letters, of a state's list. */
  readonly state?: string;
}

/** `national`, `litigator`, `reassigned`, `internal` or `state:TX`; undefined for anything else. */
export function parseListName(text: string): NumberListName | undefined {
  if (text === 'state') return undefined;
  return /^state:[A-Z]{2}$/.test(text) || NUMBER_LISTS.includes(text as NumberList)
    ? (text as NumberListName)
    : undefined;
}

export function partsOfListName(name: NumberListName): NumberListParts {
  const [list, state] = name.split(':') as [NumberList, string?];
  return state === undefined ? { list } : { list, state };
}

/** The order in which lists are looked at and named: by kind, then by state. */
export function compareListNames(a: NumberListName, b: NumberListName): number {
  const byKind =
    NUMBER_LISTS.indexOf(partsOfListName(a).list) - NUMBER_LISTS.indexOf(partsOfListName(b).list);
  return byKind || (a < b ? -1 : Number(a > b));
}
