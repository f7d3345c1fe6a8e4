/** Where the console lies on its host. */
export const BASE = '/console';

/** A place within the console. */
export interface Place {
  /** Begins with `/`, without the base: `/calls/123`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

export type Params = Readonly<Record<string, string>>;

/**
 * What a path says to a pattern such as `/calls/:id`.
 * @returns its parameters, decoded; undefined when the path is another one
 */
export function matchPath(pattern: string, path: string): Params | undefined {
  const wanted = segmentsOf(pattern);
  const given = segmentsOf(path);
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, want] of wanted.entries()) {
    const have = given[at] ?? '';
    if (want.startsWith(':')) {
      const value = decoded(have);
      if (value === undefined) return undefined;
      params[want.slice(1)] = value;
    } else if (want !== have) return undefined;
  }
  return params;
}

/** The place of an address; undefined when it lies outside the console. */
export function placeOf(address: string, origin: string): Place | undefined {
  if (!URL.canParse(address, origin)) return undefined;
  const url = new URL(address, origin);
  if (url.origin !== origin) return undefined;
  if (url.pathname !== BASE && !url.pathname.startsWith(`${BASE}/`)) return undefined;
  const path = url.pathname.slice(BASE.length).replace(/\/+$/, '');
  return { path: path === '' ? '/' : path, query: Object.fromEntries(url.searchParams) };
}

/** The address of a place. Values that are undefined or empty are left out. */
export function hrefOf(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') search.set(name, value);
  }
  const text = search.toString();
  return `${BASE}${path === '/' ? '' : path}${text === '' ? '' : `?${text}`}`;
}

/** Where somebody goes after the sign-in: a place of the console that is no sign-in itself, else its start. */
export function placeAfterSignIn(next: string | undefined, origin: string): string {
  const place = next === undefined ? undefined : placeOf(next, origin);
  return place === undefined || place.path === '/sign-in' ? hrefOf('/') : hrefOf(place.path, place.query);
}

const segmentsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
