import { ApiProblem, problemOf } from './problem';

/** What a request is made of. */
export interface RequestParts {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly cache: 'no-store';
  readonly credentials: 'same-origin';
  readonly signal: AbortSignal;
}

/** What requests go through; `fetch`, but for tests. */
export type Fetch = (url: string, init: RequestParts) => Promise<Response>;

/** Runs work that only one tab of the browser may do at a time. */
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SendOptions {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** A file, in place of a body. */
  readonly csv?: string | undefined;
  /** How long its answer is waited for, where that is longer than usual. */
  readonly waitMs?: number | undefined;
  /** The version that is to be changed, when no other will do. */
  readonly version?: number | undefined;
  /** The same for every attempt at the same thing. */
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A page of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const ANSWER_MS = 20_000;
/** Paths whose 401 says something of what was sent, not of the session. */
const OF_THE_SIGN_IN = ['/auth/sign-in', '/auth/refresh', '/auth/sign-out', '/auth/links', '/auth/reset'];

/**
 * The API as a browser session sees it: cookies that scripts cannot read, and a token against forged requests
 * that goes with every write. Every method rejects with {@link ApiProblem} alone.
 */
export class ApiClient {
  readonly #base: string;
  readonly #fetch: Fetch;
  readonly #oneAtATime: OneAtATime;
  #refreshing: Promise<boolean> | undefined;
  /** Goes with what changes something. */
  csrfToken: string | undefined;
  /** Told when the exchange does not answer, and when it does again. */
  onAway: ((away: boolean) => void) | undefined;
  #away = false;
  /** Told once the session is over and could not be renewed. */
  onSignedOut: (() => void) | undefined;
  readonly #ends = new Set<() => void>();

  constructor(base: string, fetch: Fetch, oneAtATime: OneAtATime = (work) => work()) {
    this.#base = base;
    this.#fetch = fetch;
    this.#oneAtATime = oneAtATime;
  }

  /** What is to be done, once, when the session ends: whatever lives as long as it. */
  atEnd(work: () => void): void {
    this.#ends.add(work);
  }

  /** The session is over: nothing of it is left. */
  end(): void {
    this.csrfToken = undefined;
    for (const work of [...this.#ends]) work();
    this.#ends.clear();
  }

  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    return this.send<T>('GET', path, { query, signal });
  }

  post<T>(path: string, body: unknown = {}, options: SendOptions = {}): Promise<T> {
    return this.send<T>('POST', path, { ...options, body });
  }

  /** Where a file or a page lies that the browser opens by itself. */
  urlOf(path: string, query: Query = {}): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== '') search.set(name, String(value));
    }
    const text = search.toString();
    return `${this.#base}${path}${text === '' ? '' : `?${text}`}`;
  }

  /** Asks; a session whose time is over is renewed once, and the request is made again. */
  async send<T>(method: Method, path: string, options: SendOptions = {}): Promise<T> {
    const first = await this.#once(method, path, options);
    if (first.status !== 401 || OF_THE_SIGN_IN.includes(path)) return read<T>(first);
    if (!(await this.#refresh())) {
      this.onSignedOut?.();
      return read<T>(first);
    }
    const second = await this.#once(method, path, options);
    if (second.status === 401) this.onSignedOut?.();
    return read<T>(second);
  }

  /** Whoever asks meanwhile waits for the same renewal: a refresh token is good for one. */
  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.#oneAtATime(() => this.#renew()).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #renew(): Promise<boolean> {
    // Another tab may have renewed it while this one waited for its turn.
    if (await this.#learnToken()) return true;
    const renewed = await this.#once('POST', '/auth/refresh', { body: {} });
    return renewed.ok && (this.#takeToken(await jsonOf(renewed)) || (await this.#learnToken()));
  }

  async #learnToken(): Promise<boolean> {
    const me = await this.#once('GET', '/auth/me', {});
    if (!me.ok) return false;
    this.#takeToken(await jsonOf(me));
    return true;
  }

  #takeToken(body: unknown): boolean {
    const { csrfToken } = (body ?? {}) as { csrfToken?: unknown };
    if (typeof csrfToken !== 'string') return false;
    this.csrfToken = csrfToken;
    return true;
  }

  #heard(away: boolean): void {
    if (away === this.#away) return;
    this.#away = away;
    this.onAway?.(away);
  }

  async #once(method: Method, path: string, options: SendOptions): Promise<Response> {
    const { query, csv, version, idempotencyKey, signal } = options;
    const body = csv ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const type = csv === undefined ? 'application/json' : 'text/csv';
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), options.waitMs ?? ANSWER_MS);
    const stop = (): void => abort.abort();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const response = await this.#fetch(this.urlOf(path, query), {
        method,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: abort.signal,
        headers: {
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': type }),
          ...(method === 'GET' || this.csrfToken === undefined ? {} : { 'X-CSRF-Token': this.csrfToken }),
          ...(version === undefined ? {} : { 'If-Match': `"${version}"` }),
          ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
        },
        ...(body === undefined ? {} : { body }),
      });
      this.#heard(isAway(response.status));
      return response;
    } catch {
      if (signal?.aborted) throw new ApiProblem(0, 'aborted', 'The request was given up');
      this.#heard(true);
      throw new ApiProblem(
        0,
        'no_answer',
        'The exchange does not answer. Your network or the exchange is away.',
      );
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
  }
}

/** Whether whoever answered did so in place of the exchange, or it cannot work for now. */
export const isAway = (status: number): boolean => status === 0 || (status >= 502 && status <= 504);

async function read<T>(response: Response): Promise<T> {
  if (!response.ok) {
    throw problemOf(response.status, await jsonOf(response), response.headers.get('Retry-After'));
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiProblem(0, 'unreadable', 'The answer of the exchange could not be read');
  }
}

async function jsonOf(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined) as Promise<unknown>;
}
