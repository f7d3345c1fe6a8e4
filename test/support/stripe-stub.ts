import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happens to the next request that would move money:
 * - `decline:<code>`: the card is refused; `confirm`: its owner would have to confirm; `processing`: later.
 * - `cut`, `hang`, `500`, `429`, `401`: there is no answer, or none that says anything; nothing was done.
 * - `made, cut`, `made, hang`, `made, 500`: it was done, and nobody is told.
 */
export type Fate =
  | `decline:${string}`
  | 'confirm'
  | 'processing'
  | 'cut'
  | 'hang'
  | '500'
  | '429'
  | '401'
  | 'made, cut'
  | 'made, hang'
  | 'made, 500';

/** A payment intent or a refund, as far as the exchange reads it. */
export interface StripeThing {
  readonly id: string;
  readonly object: 'payment_intent' | 'refund';
  readonly amount: number;
  readonly currency: string;
  readonly created: number;
  readonly customer: string | null;
  readonly payment_intent: string | null;
  readonly metadata: Record<string, string>;
  status: string;
  failure_reason?: string;
  last_payment_error?: object | null;
}

interface Reply {
  readonly status: number;
  readonly body: object;
}

/** Stands in for Stripe's HTTP API: the few endpoints that are used, with their idempotency keys. */
export class StripeStub {
  readonly intents: StripeThing[] = [];
  readonly refunds: StripeThing[] = [];
  /** `<method> <path>` of every request, as it came. */
  readonly requests: string[] = [];
  /** Authorization headers that came. */
  readonly keys = new Set<string>();
  /** What happens to the next requests that would move money; nothing particular when it is empty. */
  readonly fates: Fate[] = [];
  /** Looking something up fails so often. */
  blind = 0;
  /** Lists do not have what was made lately. */
  lagging = false;
  readonly #answers = new Map<string, { readonly asked: string; readonly reply: Reply | undefined }>();
  /** Keys whose requests are cut off once more: clients ask again at once when a connection closes. */
  readonly #cutAgain = new Set<string>();
  #server: Server | undefined;
  #count = 0;

  static async start(): Promise<StripeStub> {
    const stub = new StripeStub();
    const server = createServer((request, response) => void stub.#serve(request, response));
    stub.#server = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get port(): number {
    return (this.#server?.address() as AddressInfo).port;
  }

  /** Where {@link StripeProvider} finds it. */
  options(more: { readonly timeoutMs?: number } = {}): {
    readonly apiKey: string;
    readonly host: string;
    readonly port: number;
    readonly protocol: 'http';
    readonly timeoutMs: number;
  } {
    return {
      apiKey: 'sk_test_stub',
      host: '127.0.0.1',
      port: this.port,
      protocol: 'http',
      timeoutMs: 5_000,
      ...more,
    };
  }

  /** Intents that took money. */
  get charged(): StripeThing[] {
    return this.intents.filter(({ status }) => status === 'succeeded');
  }

  /** Forgets idempotency keys, as Stripe does after a day. */
  forgetKeys(): void {
    this.#answers.clear();
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stub');
    this.requests.push(`${request.method} ${url.pathname}`);
    this.keys.add(request.headers.authorization ?? '');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    if (request.method === 'GET') return send(response, this.#look(url));
    const key = request.headers['idempotency-key'];
    if (url.pathname.endsWith('/cancel')) return send(response, this.#cancel(url));
    if (typeof key !== 'string') return send(response, refused(400, { message: 'no idempotency key' }));
    this.#move(response, url, key, body);
  }

  #look(url: URL): Reply {
    if (this.blind > 0) {
      this.blind--;
      return refused(500, { type: 'api_error', message: 'nothing can be seen' });
    }
    const [, , kind, id] = url.pathname.split('/');
    const things = kind === 'refunds' ? this.refunds : this.intents;
    if (id !== undefined) {
      const found = things.find((one) => one.id === id);
      return found
        ? { status: 200, body: found }
        : refused(404, { code: 'resource_missing', message: 'none' });
    }
    const customer = url.searchParams.get('customer');
    const intent = url.searchParams.get('payment_intent');
    const since = Number(url.searchParams.get('created[gte]') ?? 0);
    const data = things.filter(
      (one) =>
        !this.lagging &&
        one.created >= since &&
        (customer === null || one.customer === customer) &&
        (intent === null || one.payment_intent === intent),
    );
    // Newest first, in pages of two, so that pages are really turned.
    const newest = data.reverse();
    const after = url.searchParams.get('starting_after');
    const from = after === null ? 0 : newest.findIndex((one) => one.id === after) + 1;
    const shown = newest.slice(from, from + 2);
    const body = { object: 'list', data: shown, has_more: from + 2 < newest.length, url: url.pathname };
    return { status: 200, body };
  }

  #cancel(url: URL): Reply {
    const intent = this.intents.find((one) => url.pathname.includes(`/${one.id}/`));
    if (!intent) return refused(404, { code: 'resource_missing', message: 'none' });
    intent.status = 'canceled';
    return { status: 200, body: intent };
  }

  #move(response: ServerResponse, url: URL, key: string, body: string): void {
    if (this.#cutAgain.delete(key)) return void response.destroy();
    const before = this.#answers.get(key);
    if (before && before.asked !== url.pathname + body) {
      return send(response, refused(400, { type: 'idempotency_error', message: 'another request' }));
    }
    if (before) {
      const busy = refused(409, { code: 'idempotency_key_in_use', message: 'in use' });
      return send(response, before.reply ?? busy);
    }
    const fate = this.fates.shift();
    if (fate === 'cut' || fate === 'made, cut') this.#cutAgain.add(key);
    if (fate === 'cut') return void response.destroy();
    if (fate === 'hang') return;
    if (fate === '500' || fate === '429' || fate === '401') {
      return send(response, refused(Number(fate), { type: 'api_error', message: `as told: ${fate}` }));
    }
    const reply = url.pathname === '/v1/refunds' ? this.#refund(body, fate) : this.#charge(body, fate);
    const lost = fate?.startsWith('made, ') ? fate.slice(6) : undefined;
    const kept = lost === '500' ? refused(500, { type: 'api_error', message: 'after the fact' }) : reply;
    this.#answers.set(key, { asked: url.pathname + body, reply: kept });
    if (lost === 'cut') response.destroy();
    else if (lost !== 'hang') send(response, kept);
  }

  #charge(body: string, fate: Fate | undefined): Reply {
    const fields = new URLSearchParams(body);
    const intent: StripeThing = {
      ...this.#thing('payment_intent', fields),
      id: `pi_${++this.#count}`,
      status: 'succeeded',
      last_payment_error: null,
    };
    this.intents.push(intent);
    if (fate === 'confirm') intent.status = 'requires_action';
    if (fate === 'processing') intent.status = 'processing';
    if (!fate?.startsWith('decline:')) return { status: 200, body: intent };
    const error = {
      type: 'card_error',
      code: 'card_declined',
      decline_code: fate.slice(8),
      message: 'Your card was declined.',
    };
    intent.status = 'requires_payment_method';
    intent.last_payment_error = error;
    return refused(402, { ...error, payment_intent: intent });
  }

  #refund(body: string, fate: Fate | undefined): Reply {
    const fields = new URLSearchParams(body);
    if (fate?.startsWith('decline:')) return refused(400, { code: fate.slice(8), message: 'not possible' });
    const refund: StripeThing = {
      ...this.#thing('refund', fields),
      id: `re_${++this.#count}`,
      currency: this.intents.find(({ id }) => id === fields.get('payment_intent'))?.currency ?? 'usd',
      status: fate === 'processing' ? 'pending' : 'succeeded',
    };
    this.refunds.push(refund);
    return { status: 200, body: refund };
  }

  #thing(object: StripeThing['object'], fields: URLSearchParams): Omit<StripeThing, 'id' | 'status'> {
    const metadata: Record<string, string> = {};
    for (const [name, value] of fields) {
      const [, key] = /^metadata\[(.+)\]$/.exec(name) ?? [];
      if (key !== undefined) metadata[key] = value;
    }
    return {
      object,
      amount: Number(fields.get('amount')),
      currency: fields.get('currency') ?? '',
      created: Math.floor(Date.now() / 1000),
      customer: fields.get('customer'),
      payment_intent: fields.get('payment_intent'),
      metadata,
    };
  }
}

function refused(status: number, error: object): Reply {
  return { status, body: { error: { type: 'invalid_request_error', ...error } } };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
