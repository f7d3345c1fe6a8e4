import type { Request } from 'express';
import { AppError } from '../domain';
import type { Access, Route } from './route';

/**
 * Who may come to a place of the API: people and programs of accounts, agents who are signed in, or anybody.
 * `page`: outside the operations, with rules of its own (health, documentation, pages, signed webhooks).
 */
export type Area = Access | 'page';

/** Where a request is going. */
export interface Place {
  readonly area: Area;
  readonly route?: Route;
  /** Pattern of the path: one of what is known, whatever is asked. */
  readonly pattern?: string;
  /** What stands for the names in the path, as it was sent. */
  readonly values?: readonly string[];
  /** Methods there are, where the one that was asked for is none of them. */
  readonly allowed?: string;
}

const ROOT = '/api/v1';
const PHONES = 'phone';
const PAGE: Place = { area: 'page' };
const NOWHERE: Place = { area: 'account' };
const NO_PHONE: Place = { area: 'phone' };

interface Leaf {
  readonly pattern: string;
  readonly routes: Map<string, Route>;
}

class Branch {
  readonly words = new Map<string, Branch>();
  /** Below whatever stands here. */
  any: Branch | undefined;
  leaf: Leaf | undefined;
}

/**
 * Which operation a request is for. It is known before anything else is, so that every step may ask what
 * the operation demands; and found by the segments of its path, however many operations there are.
 */
export class RouteTable {
  readonly #root = new Branch();
  readonly #isPage: (request: Request) => boolean;

  /** @param isPage - whether a request below `/api/v1` is for something that is no operation */
  constructor(routes: readonly Route[], isPage: (request: Request) => boolean) {
    this.#isPage = isPage;
    for (const route of routes) this.#put(route);
  }

  find(request: Request): Place {
    const { path, method } = request;
    if (!path.startsWith(`${ROOT}/`) || this.#isPage(request)) return PAGE;
    const words = path.slice(ROOT.length + 1).split('/');
    if (words.length > 1 && words.at(-1) === '') words.pop();
    const values: string[] = [];
    const leaf = find(this.#root, words, 0, values);
    if (!leaf) return words[0] === PHONES ? NO_PHONE : NOWHERE;
    const { pattern, routes } = leaf;
    const route = routes.get(method === 'HEAD' ? 'GET' : method);
    if (route) return { area: route.access, route, pattern, values };
    const areas = new Set([...routes.values()].map(({ access }) => access));
    const [area = 'account'] = areas.has('account') ? ['account' as const] : areas;
    return { area, pattern, allowed: methodsOf(routes) };
  }

  #put(route: Route): void {
    let at = this.#root;
    for (const word of route.path.slice(1).split('/')) {
      if (word.startsWith(':')) at = at.any ??= new Branch();
      else {
        const next = at.words.get(word) ?? new Branch();
        at.words.set(word, next);
        at = next;
      }
    }
    at.leaf ??= { pattern: `${ROOT}${route.path}`, routes: new Map() };
    const method = route.method.toUpperCase();
    if (at.leaf.routes.has(method)) throw new Error(`${method} ${route.path} is there twice`);
    at.leaf.routes.set(method, route);
  }
}

/** What stands for the names in the path of a route. @throws AppError `validation` */
export function paramsOf(route: Route, values: readonly string[]): Record<string, string> {
  if (values.length === 0) return {};
  const names = route.path.match(/:\w+/g) ?? [];
  return Object.fromEntries(names.map((name, index) => [name.slice(1), decoded(values[index] ?? '')]));
}

/** A word that is written in the path goes before whatever may stand there. */
function find(branch: Branch, words: readonly string[], at: number, values: string[]): Leaf | undefined {
  const word = words[at];
  if (word === undefined) return branch.leaf;
  const named = branch.words.get(word);
  const found = named && find(named, words, at + 1, values);
  if (found || !branch.any || word === '') return found;
  values.push(word);
  const other = find(branch.any, words, at + 1, values);
  if (!other) values.pop();
  return other;
}

function methodsOf(routes: ReadonlyMap<string, Route>): string {
  const methods = [...routes.keys()];
  return (methods.includes('GET') ? [...methods, 'HEAD'] : methods).join(', ');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new AppError('validation', 'malformed_request', 'the path cannot be read');
  }
}
