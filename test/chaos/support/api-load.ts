import { randomUUID } from 'node:crypto';
import type { Exchange } from '../../e2e/support/exchange';

/** One request and what it was answered. */
export interface Asked {
  readonly what: 'list' | 'get' | 'create';
  /** Monotonic milliseconds at which it was sent. */
  readonly at: number;
  readonly tookMs: number;
  /** 0 where there was no answer at all. */
  readonly status: number;
  readonly retryAfter: number;
  readonly type: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Something that was to be made, with an Idempotency-Key. */
interface Wanted {
  readonly id: string;
  readonly key: string;
  made: boolean;
}

const PAUSE_MS = 40;

/** Clients that list, get and create buyers one after the other, as long as they may; it remembers every answer. */
export class ApiLoad {
  readonly asked: Asked[] = [];
  readonly wanted: Wanted[] = [];
  readonly #url: string;
  readonly #key: string;
  readonly #lines: Promise<void>[];
  #over = false;

  constructor({ file }: Exchange, clients: number) {
    this.#url = file.apiUrl;
    this.#key = file.apiKey;
    this.#lines = Array.from({ length: clients }, () => this.#line());
  }

  /** Answers to what was sent since an instant. */
  since(at: number): Asked[] {
    return this.asked.filter((one) => one.at >= at);
  }

  /** Ends it, and makes what was not made: with the keys of then. */
  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#lines);
    for (const one of this.wanted.filter(({ made }) => !made)) await this.#create(one);
  }

  async #line(): Promise<void> {
    for (let n = 0; !this.#over; n++) {
      if (n % 3 === 0) await this.#ask('list', 'GET', '/api/v1/accounts?limit=5');
      else if (n % 3 === 1) await this.#ask('get', 'GET', '/api/v1/campaigns/campaign');
      else await this.#create(this.#next());
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #next(): Wanted {
    const one = { id: `made-${this.wanted.length}`, key: randomUUID(), made: false };
    this.wanted.push(one);
    return one;
  }

  async #create(one: Wanted): Promise<void> {
    const body = { id: one.id, accountId: 'buyer-account', name: one.id };
    const { status } = await this.#ask('create', 'POST', '/api/v1/buyers', body, {
      'Idempotency-Key': one.key,
    });
    one.made ||= status === 201;
  }

  async #ask(
    what: Asked['what'],
    method: string,
    path: string,
    body?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Asked> {
    const at = performance.now();
    const answer = await fetch(this.#url + path, {
      method,
      headers: {
        ...headers,
        'X-API-Key': this.#key,
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).then(
      async (response) => ({
        status: response.status,
        retryAfter: Number(response.headers.get('retry-after')),
        type: response.headers.get('content-type') ?? '',
        body: (await response.json()) as Record<string, unknown>,
      }),
      (error: unknown) => ({ status: 0, retryAfter: 0, type: '', body: { error: String(error) } }),
    );
    const one = { what, at, tookMs: performance.now() - at, ...answer };
    this.asked.push(one);
    return one;
  }
}
