import { useEffect, useState } from 'preact/hooks';
import type { ApiClient, Page } from '../api/client';
import type { Role } from '../api/types';
import { useConsole } from '../console';
import { may } from '../core/rights';

type Named = { readonly id: string } & Readonly<Record<string, unknown>>;

export type Names = ReadonlyMap<string, string>;

const NONE: Names = new Map();
/** Pages of a list that are read for its names: a select of more is none. */
const MOST_PAGES = 5;
const FRESH_MS = 60_000;
/** For an id that was not there a moment ago a list is not asked for again. */
const UNKNOWN_MS = 2_000;

const known = new WeakMap<ApiClient, Map<string, { at: number; names: Promise<Names> }>>();

export interface NamesOf {
  /** Of accounts, where only those of one type are wanted. */
  readonly type?: Role;
  /** Of targets, where only those of one buyer are wanted. */
  readonly buyerId?: string | undefined;
  /** What is wanted of each in place of its name, e.g. its currency. */
  readonly field?: string;
  /** One of them is to be chosen: what was made a moment ago is to be there. */
  readonly fresh?: boolean;
  /** Ids that are shown: one that is not known yet is asked for. */
  readonly wanted?: readonly (string | null | undefined)[];
}

/**
 * Names of a collection by id, e.g. of `/campaigns`. Empty for who may not list it: then ids are shown.
 * @param scope - that the list needs
 */
export function useNames(
  path: string,
  scope: string,
  { type, buyerId, field = 'name', fresh = false, wanted = [] }: NamesOf = {},
): Names {
  const { api, user } = useConsole();
  const [names, setNames] = useState<Names>(NONE);
  const allowed = may(user, scope);
  const missing = [...new Set(wanted)].filter((id) => typeof id === 'string' && !names.has(id)).join(' ');
  useEffect(() => {
    if (!allowed) return;
    let stale = false;
    namesOf(api, { path, type, buyerId, field }, missing === '' && !fresh ? FRESH_MS : UNKNOWN_MS).then(
      (found) => {
        if (!stale) setNames(found);
      },
      () => undefined,
    );
    return () => {
      stale = true;
    };
  }, [api, path, type, buyerId, field, fresh, missing, allowed]);
  return names;
}

interface Asked {
  readonly path: string;
  readonly type: Role | undefined;
  readonly buyerId: string | undefined;
  readonly field: string;
}

function namesOf(api: ApiClient, asked: Asked, freshMs: number): Promise<Names> {
  const key = JSON.stringify(asked);
  let ofApi = known.get(api);
  if (ofApi === undefined) known.set(api, (ofApi = new Map()));
  const before = ofApi.get(key);
  if (before !== undefined && Date.now() - before.at < freshMs) return before.names;
  const names = read(api, asked);
  ofApi.set(key, { at: Date.now(), names });
  names.catch(() => ofApi.delete(key));
  return names;
}

async function read(api: ApiClient, { path, type, buyerId, field }: Asked): Promise<Names> {
  const names = new Map<string, string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const page = await api.get<Page<Named>>(path, { limit: 200, type, buyerId, cursor });
    for (const item of page.items) names.set(item.id, String(item[field] ?? ''));
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  return names;
}

/** Names as the options of a select, in their order. */
export const optionsOf = (names: Names, all: string): readonly (readonly [string, string])[] => [
  ['', all],
  ...[...names].sort(([, a], [, b]) => a.localeCompare(b)).map(([id, name]) => [id, name] as const),
];
