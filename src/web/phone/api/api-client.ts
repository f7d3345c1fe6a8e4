import type {
  CallEntry,
  CallRecording,
  Colleague,
  Me,
  PhoneCredentials,
  Presence,
  Session,
} from './api-types';

/** A request that did not get what it wanted. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /**
   * @param status - HTTP status; 0 when there was no answer
   * @param code - the problem's stable name (RFC 9457)
   * @param retryAfterMs - when it is worth asking again, where the answer says so
   */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly retryAfterMs?: number,
  ) {
    super(detail);
  }
}

/** What requests go through; `fetch`, but for tests. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const ANSWER_MS = 10_000;

/** The phone's part of the API. Every method rejects with {@link ApiError} alone. */
export class ApiClient {
  readonly #base: string;
  readonly #fetch: Fetch;
  /** Told when the session's token is refused. */
  onUnauthorized: (() => void) | undefined;
  token: string | undefined;

  constructor(base: string, fetch: Fetch) {
    this.#base = base;
    this.#fetch = fetch;
  }

  signIn(username: string, password: string): Promise<Session> {
    return this.#ask('POST', '/sessions', { username, password });
  }
  async signOut(): Promise<void> {
    await this.#ask('DELETE', '/sessions/current');
  }
  me(): Promise<Me> {
    return this.#ask('GET', '/me');
  }
  credentials(): Promise<PhoneCredentials> {
    return this.#ask('POST', '/credentials', {});
  }
  choose(status: 'available' | 'away'): Promise<Presence> {
    return this.#ask('PUT', '/status', { status });
  }
  async calls(): Promise<readonly CallEntry[]> {
    return (await this.#ask<{ data: readonly CallEntry[] }>('GET', '/calls')).data;
  }
  card(callId: string): Promise<unknown> {
    return this.#ask('GET', `/calls/${encodeURIComponent(callId)}`);
  }
  /** Whether the call in hand is recorded. */
  recording(callId: string): Promise<CallRecording> {
    return this.#ask('GET', `/calls/${encodeURIComponent(callId)}/recording`);
  }
  pauseRecording(callId: string, action: 'pause' | 'resume'): Promise<CallRecording> {
    return this.#ask('POST', `/calls/${encodeURIComponent(callId)}/recording`, { action });
  }
  async disposition(callId: string, code: string): Promise<void> {
    await this.#ask('PUT', `/calls/${encodeURIComponent(callId)}/disposition`, { code });
  }
  async colleagues(): Promise<readonly Colleague[]> {
    return (await this.#ask<{ data: readonly Colleague[] }>('GET', '/colleagues')).data;
  }

  async #ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const token = this.token;
    const response = await this.#send(method, path, body, token);
    if (response.ok) {
      if (response.status === 204) return undefined as T;
      return (await response.json().catch(() => {
        throw new ApiError(0, 'unreadable', 'The answer of the exchange could not be read');
      })) as T;
    }
    const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
    const wait = Number(response.headers.get('Retry-After') ?? Number.NaN);
    // A token that was changed meanwhile is not refused.
    if (response.status === 401 && token !== undefined && token === this.token) this.onUnauthorized?.();
    throw new ApiError(
      response.status,
      problem.code ?? 'unknown',
      problem.detail ?? `The exchange answered ${response.status}`,
      ...(Number.isFinite(wait) ? [wait * 1000] : []),
    );
  }

  async #send(method: string, path: string, body: unknown, token: string | undefined): Promise<Response> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), ANSWER_MS);
    try {
      return await this.#fetch(`${this.#base}${path}`, {
        method,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: abort.signal,
        headers: {
          Accept: 'application/json',
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(0, 'no_answer', 'The exchange does not answer');
    } finally {
      clearTimeout(timer);
    }
  }
}
