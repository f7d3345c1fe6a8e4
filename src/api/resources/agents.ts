import { z } from 'zod';
import type { Agent, Team } from '../../domain';
import { AppError, DISTRIBUTIONS, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { asExchange, EntityStore, putAgentSecret, revokePhoneSessionsOf } from '../../storage';
import type { Passwords } from '../phone/passwords';
import type { PhoneServices } from '../phone/services';
import type { Route } from '../route';
import { route } from '../route';
import { id, milliseconds, name, printable, ringTimeoutMs, skills } from '../schemas';
import { entityRoutes } from './entity-resource';
import { rolesOf, sightOf } from './entity-tenancy';
import { agentTenancy, teamTenancy } from './views/market-views';

/** What `sip:` addresses and digest user names can hold. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

const username = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{1,63}$/,
    '2 to 64 lower-case letters, digits, . _ -, the first a letter or digit',
  )
  .refine((text) => !/\.\d{9,}$/.test(text), 'must not end like the name of a short-lived credential')
  .describe('Signs in with it; the user part of its SIP address. Over all buyers unique, and never changed');

const status = z.enum(['active', 'disabled']).default('active');

const agentSchema = z.strictObject({
  buyerId: id.describe('Never changed'),
  name,
  username,
  status: status.describe('A disabled agent is signed out, and its phones are let go'),
  skills: skills.optional(),
  maxContacts: z
    .number()
    .int()
    .min(1)
    .max(10)
    .default(3)
    .describe('Phones registered at once; the one registered longest ago gives way'),
  wrapUpMs: milliseconds.max(3_600_000).default(0).describe('After a call, until the next may come'),
});

const teamSchema = z.strictObject({
  buyerId: id.describe('Never changed'),
  name,
  status,
  agentIds: z
    .array(id)
    .max(500)
    .default([])
    .refine((ids) => new Set(ids).size === ids.length, 'names an agent twice')
    .describe('Agents of the same buyer'),
  distribution: z
    .enum(DISTRIBUTIONS)
    .default('longest_idle')
    .describe('Who is rung: all, or one after the other'),
  ringMs: ringTimeoutMs.default(15_000).describe('One agent, before the next is tried'),
  queue: z
    .strictObject({
      maxWaitMs: milliseconds.min(1_000).max(3_600_000),
      maxLength: z.number().int().min(1).max(1_000),
    })
    .optional()
    .describe('Where callers wait while nobody is free; without it the next buyer is rung'),
});

/**
 * People of buyers who answer calls, and their teams. Without the phones of a switch they have no passwords.
 * @param now - UTC epoch milliseconds
 */
export function agentRoutes(
  phone: PhoneServices | undefined,
  passwords: Passwords,
  now: () => number,
): Route[] {
  return [
    ...entityRoutes({
      entity: 'agent',
      path: 'agents',
      singular: 'Agent',
      plural: 'Agents',
      schema: agentSchema,
      replySchema: agentSchema.extend({
        signedOutAt: z
          .number()
          .int()
          .optional()
          .describe('When the agent was last signed out everywhere, UTC epoch milliseconds'),
      }),
      filters: ['buyerId', 'status', 'username'],
      sortable: { name: 'text', username: 'text' },
      search: { field: 'name', how: 'holds' },
      archivedAs: 'disabled',
      tenancy: agentTenancy,
      resolve: (changes, before) => ({
        ...keep(changes, before, ['buyerId', 'username']),
        ...(isDisabled(changes, before) ? { signedOutAt: Math.ceil(now()) } : {}),
      }),
      check: (agent) => Promise.resolve(assertId(agent)),
      changed: async (agent, before, tx) => {
        if (!isDisabled(agent, before)) return;
        await asExchange(tx, (all) => revokePhoneSessionsOf(all, agent.id));
      },
      told: (agent, before) => {
        if (isDisabled(agent, before)) phone?.signedOut(agent.id);
      },
    }),
    ...entityRoutes({
      entity: 'team',
      path: 'teams',
      singular: 'Team',
      plural: 'Teams',
      schema: teamSchema,
      filters: ['buyerId', 'status'],
      sortable: { name: 'text' },
      search: { field: 'name', how: 'holds' },
      archivedAs: 'disabled',
      tenancy: teamTenancy,
      resolve: (changes, before) => keep(changes, before, ['buyerId']),
      check: checkTeam,
    }),
    ...(phone ? [passwordRoute(phone, passwords, now)] : []),
  ];
}

function passwordRoute(phone: PhoneServices, passwords: Passwords, now: () => number): Route {
  return route({
    method: 'put',
    path: '/agents/:id/password',
    operationId: 'setAgentPassword',
    tag: 'agents',
    summary:
      'Set what an agent signs in with, here and by SIP; whoever is signed in as the agent is signed out',
    scope: 'agents:write',
    tenants: rolesOf(agentTenancy).change,
    params: z.strictObject({ id }),
    body: z.strictObject({
      password: printable(z.string().min(12).max(256)).describe('Kept as hashes alone'),
    }),
    reply: z.unknown(),
    status: 204,
    handle: async ({ db, params: { id: wanted }, body: { password }, caller, own }) => {
      const agent = await new EntityStore(db, 'agent', sightOf(agentTenancy, caller, own)).get(wanted);
      if (!agent) throw notFound('agent', wanted);
      const secret = await passwords.secretOf(agent.username, phone.domain, password);
      await asExchange(db, (all) => putAgentSecret(all, agent.id, secret, now()));
      await phone.lockout.forget(agent.username);
      phone.signedOut(agent.id);
      return { body: undefined };
    },
  });
}

function isDisabled(after: Partial<Agent>, before: Agent | undefined): boolean {
  return before?.status === 'active' && after.status === 'disabled';
}

/** @throws AppError `validation` for a change of what others go by */
function keep<T extends object>(changes: T, before: T | undefined, fixed: readonly (keyof T & string)[]): T {
  const moved = before ? fixed.filter((field) => field in changes && changes[field] !== before[field]) : [];
  if (moved.length === 0) return changes;
  throw invalid(moved.map((field) => ({ pointer: `/${field}`, message: 'cannot be changed' })));
}

function assertId({ id: given }: Agent | Team): void {
  if (!ID.test(given)) throw invalid([{ pointer: '/id', message: 'letters, digits, _ . -' }]);
}

/** @throws AppError `validation` when it names somebody who is no agent of its buyer */
async function checkTeam(team: Team, db: Queryable): Promise<void> {
  assertId(team);
  const agents = await new EntityStore(db, 'agent').byIds(team.agentIds);
  const own = new Set(agents.filter(({ buyerId }) => buyerId === team.buyerId).map((agent) => agent.id));
  const errors = team.agentIds.flatMap((agentId, index) =>
    own.has(agentId) ? [] : [{ pointer: `/agentIds/${index}`, message: 'names no agent of the buyer' }],
  );
  if (errors.length > 0) throw invalid(errors.slice(0, 50));
}

function invalid(errors: readonly { pointer: string; message: string }[]): AppError {
  return new AppError('validation', 'invalid_request', 'the body is not acceptable', {
    errors: errors.map((error) => ({ in: 'body', ...error })),
  });
}
