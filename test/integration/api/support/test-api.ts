import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { LiveCounters } from '../../../../src/analytics';
import { createApi, listen } from '../../../../src/api';
import type { Access, ApiServices, ClientLimits, HealthCheck } from '../../../../src/api';
import { PortPolicy, PostbackTester } from '../../../../src/billing';
import { AddressPolicy } from '../../../../src/domain';
import { NumberLists } from '../../../../src/market';
import { createApiKey, Database } from '../../../../src/storage';
import { TEST_VAULT } from '../../../support/consents';
import { testDatabase } from '../../../support/test-database';
import type { TestDatabase } from '../../../support/test-database';
import { PROBLEM_CODES } from '../../../support/problem-codes';
import { assertOneAtATime, watchConnections } from './one-at-a-time';
import { busy, knowing, obedient } from './test-control';
import { recordingShelf } from './test-recordings';

/** Webhooks of tests may go nowhere but here. */
const HERE = {
  addresses: new AddressPolicy(['127.0.0.0/8']),
  ports: new PortPolicy(['1024-65535']),
  allowHttp: ['127.0.0.1'],
};

/** Tests ask faster than anybody may; those of limits give limits of their own. */
const MANY = { count: 1_000_000, seconds: 60, burst: 1_000_000 };
const UNLIMITED = {
  callsWrite: MANY,
  callsRead: MANY,
  bidsWrite: MANY,
  analytics: MANY,
  admin: MANY,
  phone: MANY,
  unproven: MANY,
};

/** What Stripe signs with. */
export const WEBHOOK_SECRET = 'whsec_of_a_test';
/** The one reservation that waits. */
export const RESERVATION = `r${'0'.repeat(30)}`;

/** An answer of the API, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the text; undefined when it is none. */
  readonly body: Record<string, unknown>;
}

export interface Ask {
  /** The administrator's by default; null for none. */
  readonly key?: string | null;
  readonly body?: unknown;
  /** A body that is sent as it is. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What stands in for the rest of the switch; tests turn its knobs. */
export interface TestSwitch {
  readonly calls: Record<string, unknown>[];
  readonly hungUp: string[];
  readonly listeners: Set<(event: unknown) => void>;
  readonly bugs: unknown[];
  readonly reports: { method: string; endpoint: string; status: number; seconds: number }[];
  checks: () => Promise<Readonly<Record<string, HealthCheck>>>;
  ready: boolean;
  tell(event: unknown): void;
}

/** The API on a free port, with a database of its own. */
export interface TestApi {
  readonly url: string;
  readonly admin: string;
  readonly database: TestDatabase;
  readonly pool: Database;
  readonly switch: TestSwitch;
  readonly server: Server;
  /** A key that may do so much and no more. */
  keyWith(...scopes: string[]): Promise<string>;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Starts it; `more` replaces services.
 * @param accessOf - how people sign in; without it there are keys alone
 * @param limits - of connections
 */
export async function startTestApi(
  more: Partial<ApiServices> = {},
  accessOf?: (pool: Database) => Access,
  limits: Partial<ClientLimits> = {},
): Promise<TestApi> {
  watchConnections();
  const database = await testDatabase();
  const pool = new Database({
    url: database.url,
    poolSize: 8,
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
  });
  const parts = testSwitch();
  const tester = new PostbackTester(TEST_VAULT, {
    places: HERE,
    timeoutMs: 2_000,
    now: () => Date.now(),
    monotonic: () => performance.now(),
  });
  const server = await listen(
    createApi({
      database: pool,
      live: {
        list: () => parts.calls as never,
        hangup: (id) => {
          if (!parts.calls.some((call) => call['callId'] === id)) return false;
          parts.hungUp.push(id);
          return true;
        },
      },
      callControl: obedient(parts.calls),
      testCalls: busy(pool),
      recordings: recordingShelf.library,
      ...knowing(),
      liveFigures: new LiveCounters({ nodeId: 'n1', now: () => Date.now(), carrierOf: () => undefined }),
      news: {
        subscribe: (listener) => {
          parts.listeners.add(listener);
          return () => parts.listeners.delete(listener);
        },
      },
      bidRequests: {
        answer: () => Promise.resolve({ accepted: false, code: 1007, reason: 'seller_closed' }),
        cancel: (id) => Promise.resolve(id === RESERVATION),
      },
      persons: { vault: TEST_VAULT, now: () => Date.now() },
      numberLists: { lists: new NumberLists(), now: () => Date.now() },
      system: { stats: () => Promise.resolve({ calls: parts.calls.length }) },
      webhooks: { places: HERE, tester },
      payments: { enabled: true, stripeWebhookSecret: WEBHOOK_SECRET },
      requestsPerMinute: 1_000_000,
      limits: UNLIMITED,
      debug: { config: () => ({}), heap: () => Readable.from(['{}']) },
      trustedProxies: ['127.0.0.1', '10.0.0.0/8'],
      now: () => performance.now(),
      onBug: (error) => parts.bugs.push(error),
      onRequest: (report) => parts.reports.push(report),
      health: {
        checks: () => parts.checks(),
        ready: () => parts.ready,
        metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
      },
      ...(accessOf ? { access: accessOf(pool) } : {}),
      ...more,
    }),
    '127.0.0.1',
    0,
    { limits },
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const admin = await createApiKey(pool, 'operator', 'admin', ['*']);
  return {
    url,
    admin,
    database,
    pool,
    server,
    switch: parts,
    keyWith: (...scopes) => createApiKey(pool, 'operator', scopes.join(), scopes),
    ask: (method, path, ask) => send(url, admin, method, path, ask),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
      tester.close();
      await pool.close();
      await database.drop();
      assertOneAtATime();
    },
  };
}

function testSwitch(): TestSwitch {
  const listeners = new Set<(event: unknown) => void>();
  return {
    calls: [],
    hungUp: [],
    listeners,
    bugs: [],
    reports: [],
    checks: () => Promise.resolve({ database: { status: 'ok' } }),
    ready: true,
    tell: (event) => {
      for (const listener of listeners) listener(event);
    },
  };
}

async function send(
  url: string,
  admin: string,
  method: string,
  path: string,
  ask: Ask = {},
): Promise<Answer> {
  const { key = admin, body, raw, headers = {} } = ask;
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === null ? {} : { 'X-API-Key': key }),
      ...(payload === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(payload === undefined ? {} : { body: payload }),
    redirect: 'manual',
  });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, text, body: readJson(text) };
  if (isProblem(answer)) assertDocumented(answer);
  return answer;
}

function isProblem({ headers, text }: Answer): boolean {
  return text !== '' && headers.get('Content-Type')?.startsWith('application/problem+json') === true;
}

/** Every code that programs may meet is in docs/problems.md. */
function assertDocumented({ status, body }: Answer): void {
  const code = String(body['code']);
  if (PROBLEM_CODES.has(code)) return;
  throw new Error(`the problem ${code} with ${status} is not documented`);
}

function readJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined as never;
  }
}
