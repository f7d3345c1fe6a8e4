import type { AccessRules } from '../../../../src/api';
import { Access } from '../../../../src/api';
import type { Database, SignInTurn } from '../../../../src/storage';
import { TEST_VAULT } from '../../../support/consents';
import type { Answer, Ask, TestApi } from './test-api';

export const PUBLIC_URL = 'https://exchange.example';
export const PASSWORD = 'four horses in the rain';

/** Rules as they are by default, with hashes that cost next to nothing. */
export const RULES: AccessRules = {
  publicUrl: PUBLIC_URL,
  audience: 'dce',
  tokenMs: 86_400_000,
  cookieMs: 43_200_000,
  refreshMs: 7 * 86_400_000,
  sessionMs: 30 * 86_400_000,
  sessionsPerUser: 20,
  keyMs: 90 * 86_400_000,
  invitationMs: 7 * 86_400_000,
  resetMs: 3_600_000,
  argon2: { memoryCost: 8, timeCost: 1, parallelism: 1 },
  oidc: [],
};

/** Time and lock-out of tests. */
export interface AccessKnobs {
  /** Milliseconds by which all clocks are ahead. */
  skewMs: number;
  /** Milliseconds that whoever signs in is told to wait. */
  waitMs: number;
  /** Tries that were right, wrong, or none. */
  readonly tries: [username: string, how: 'right' | 'given back' | 'wrong'][];
  /** Users whose failures were forgotten. */
  readonly forgotten: string[];
}

export function accessKnobs(): AccessKnobs {
  return { skewMs: 0, waitMs: 0, tries: [], forgotten: [] };
}

/** Access over a database of a test. */
export function testAccess(
  database: Database,
  knobs = accessKnobs(),
  rules: Partial<AccessRules> = {},
): Access {
  return new Access({
    database,
    vault: TEST_VAULT,
    rules: { ...RULES, ...rules },
    trustedProxies: ['127.0.0.1'],
    now: () => Date.now() + knobs.skewMs,
    monotonic: () => performance.now() + knobs.skewMs,
    hashesApartMs: 0,
    lockout: {
      take: ({ username }): Promise<SignInTurn> => {
        const entry: AccessKnobs['tries'][number] = [username, 'wrong'];
        knobs.tries.push(entry);
        const end = (how: 'right' | 'given back') => (): Promise<void> => {
          entry[1] = how;
          return Promise.resolve();
        };
        return Promise.resolve({ waitMs: knobs.waitMs, right: end('right'), giveBack: end('given back') });
      },
      forget: (username) => {
        knobs.forgotten.push(username);
        return Promise.resolve();
      },
    },
  });
}

let count = 0;

export interface TestUser {
  readonly id: string;
  readonly email: string;
}

/** Somebody who may sign in with {@link PASSWORD}. */
export async function newUser(api: TestApi, body: Record<string, unknown> = {}): Promise<TestUser> {
  const email = `user-${++count}@people.example`;
  const made = await api.ask('POST', '/api/v1/users', { body: { email, name: `User ${count}`, ...body } });
  if (made.status !== 201) throw new Error(`${made.status} ${made.text}`);
  const token = tokenOf(made.body['link']);
  const set = await open(api, '/auth/links', { token, password: PASSWORD });
  if (set.status !== 204) throw new Error(`${set.status} ${set.text}`);
  return { id: String(made.body['id']), email };
}

/** The token of a link. */
export function tokenOf(link: unknown): string {
  return new URL((link as { url: string }).url).hash.replace('#token=', '');
}

/** Asks for what is open to anybody. */
export function open(api: TestApi, path: string, body?: unknown, more: Ask = {}): Promise<Answer> {
  return api.ask('POST', `/api/v1${path}`, { key: null, ...(body === undefined ? {} : { body }), ...more });
}

export function signIn(api: TestApi, email: string, more: Record<string, unknown> = {}): Promise<Answer> {
  return open(api, '/auth/sign-in', { email, password: PASSWORD, ...more });
}

/** Tokens of somebody who signs in now. */
export async function signedIn(
  api: TestApi,
  email: string,
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const { status, text, body } = await signIn(api, email);
  if (status !== 200) throw new Error(`${status} ${text}`);
  return body as never;
}

/** Asks as whoever has a token. */
export function askWith(
  api: TestApi,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  return api.ask(method, `/api/v1${path}`, {
    key: null,
    headers: { Authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body }),
  });
}
