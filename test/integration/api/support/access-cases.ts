import { randomUUID } from 'node:crypto';
import type { HappyPath } from './happy-path';
import type { TestApi } from './test-api';

const KEY = { name: 'CRM', scopes: ['calls:read'] };

/** Users, keys and clients: operations that need a scope. */
export function accessCases(api: () => TestApi): [string, HappyPath][] {
  const made = (path: string, body: () => object) => async (): Promise<string> =>
    String((await api().ask('POST', `/api/v1/${path}`, { body: body() })).body['id']);
  const user = made('users', () => ({ email: `${randomUUID()}@people.example`, name: 'Somebody' }));
  const key = made('keys', () => KEY);
  const client = made('oauth-clients', () => KEY);
  return [
    ['GET /api/v1/users', {}],
    ['POST /api/v1/users', { body: { email: `${randomUUID()}@people.example`, name: 'Somebody' } }],
    ['GET /api/v1/users/{id}', { id: user }],
    ['PATCH /api/v1/users/{id}', { id: user, body: { name: 'Somebody else' } }],
    ['DELETE /api/v1/users/{id}', { id: user }],
    ['POST /api/v1/users/{id}/link', { id: user }],
    ['GET /api/v1/keys', {}],
    ['POST /api/v1/keys', { body: KEY }],
    ['GET /api/v1/keys/{id}', { id: key }],
    ['DELETE /api/v1/keys/{id}', { id: key }],
    ['GET /api/v1/oauth-clients', {}],
    ['POST /api/v1/oauth-clients', { body: KEY }],
    ['GET /api/v1/oauth-clients/{id}', { id: client }],
    ['DELETE /api/v1/oauth-clients/{id}', { id: client }],
  ];
}
