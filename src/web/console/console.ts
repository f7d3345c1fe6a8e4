import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { ApiClient } from './api/client';
import type { User } from './api/types';
import { may } from './core/rights';
import type { Place } from './core/router';

export interface Toast {
  readonly id: number;
  readonly kind: 'good' | 'bad';
  readonly text: string;
}

/** What every page of somebody who is signed in has at hand. */
export interface Console {
  readonly api: ApiClient;
  readonly user: User;
  readonly place: Place;
  /** Goes to an address of the console. */
  go(href: string, replace?: boolean): void;
  /** The exchange does not answer for now. */
  readonly away: boolean;
  /** Tells, for a moment, what came of something. */
  toast(kind: Toast['kind'], text: string): void;
  /** Who is signed in has changed something of themselves. */
  reloadUser(): Promise<void>;
  signOut(): Promise<void>;
}

export const ConsoleContext = createContext<Console | undefined>(undefined);

/** @throws Error outside of the signed-in part */
export function useConsole(): Console {
  const found = useContext(ConsoleContext);
  if (found === undefined) throw new Error('nobody is signed in here');
  return found;
}

/** Whether who is signed in may do what needs this scope. */
export function useMay(scope: string): boolean {
  return may(useConsole().user, scope);
}
