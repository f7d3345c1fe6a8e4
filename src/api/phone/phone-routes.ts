import { z } from 'zod';
import type { Agent, CallCard, E164 } from '../../domain';
import { AppError, defined, notFound, PRESENCES, zoneOf } from '../../domain';
import type { AgentCallRow, Queryable } from '../../storage';
import {
  agentDay,
  dispositionOf,
  EntityStore,
  getAgentCall,
  getCall,
  listAgentCalls,
  putDisposition,
} from '../../storage';
import type { ClientAddress } from '../client-address';
import { agentOf } from '../middleware/phone-session';
import type { MoneyServices } from '../money-rules';
import type { Route } from '../route';
import { route } from '../route';
import { id, milliseconds, name, text } from '../schemas';
import type { CallControlDesk } from '../resources/call-control';
import { takeSignal } from '../take-postback';
import { colleaguesOf } from './colleagues';
import type { Passwords } from './passwords';
import { phoneRecordingRoutes } from './phone-recording';
import { phoneSessionRoutes } from './phone-sessions';
import { reachedBy } from './reached-by';
import type { AgentPresence, PhoneServices } from './services';

/** Of today's calls so many are shown. */
const MAX_CALLS = 200;
/** An answer is stored some milliseconds after it: who asks for the card of a call that is up is waited for. */
const STORED_WITHIN_MS = [100, 200, 400, 800] as const;

const instant = z.number().int().describe('UTC epoch milliseconds');
const presence = z.object({ state: z.enum(PRESENCES), since: instant });
const disposition = z.object({ code: z.string(), label: z.string() });
const callParams = z.strictObject({ callId: id });
const card = z.object({
  callId: z.string(),
  campaign: z.string(),
  state: z.string().optional().describe('Of the caller'),
  number: z.string().optional(),
  price: z.number().int().optional().describe('Micro-units'),
  currency: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
const call = z.object({
  callId: z.string(),
  at: instant,
  outcome: z.enum(['answered', 'missed']),
  talkMs: z.number().int(),
  campaign: z.string(),
  state: z.string().optional(),
  number: z.string().optional(),
  disposition: z.string().optional(),
});

/** What the phone page of an agent asks for. Everything is the agent's own, or its buyer's. */
export function phoneRoutes(
  phone: PhoneServices,
  money: MoneyServices,
  passwords: Passwords,
  addressOf: ClientAddress,
  calls: Pick<CallControlDesk, 'look' | 'control'>,
): Route[] {
  const common = { tag: 'phone', scope: '', access: 'phone' } as const;
  const presenceOf = async (agentId: string): Promise<AgentPresence> =>
    (await phone.presences.of([agentId])).get(agentId) ?? { state: 'offline', since: 0 };
  return [
    ...phoneSessionRoutes(phone, passwords, addressOf),
    ...phoneRecordingRoutes(calls),
    route({
      ...common,
      method: 'get',
      path: '/phone/me',
      operationId: 'getSignedInAgent',
      summary: 'Who is signed in, and what the agent did today',
      reply: z.object({
        agent: z.object({
          id,
          name,
          username: z.string(),
          skills: z.record(z.string(), z.number().int()),
          wrapUpMs: milliseconds,
        }),
        teams: z.array(z.object({ id, name })),
        presence,
        dispositions: z.array(disposition).describe('What may be said of a call'),
        today: z.object({
          answered: z.number().int(),
          missed: z.number().int(),
          talkMs: z.number().int(),
        }),
      }),
      handle: async ({ db, request }) => {
        const { agentId, accountId } = agentOf(request);
        const agent = await agentNow(phone, db, agentId);
        const [now, today] = await Promise.all([
          presenceOf(agentId),
          agentDay(db, agentId, startOfDay(phone, accountId, money.now())),
        ]);
        const teams = phone.market.teamsOf(agentId).filter(({ status }) => status === 'active');
        return {
          body: {
            agent: {
              id: agentId,
              name: agent.name,
              username: agent.username,
              skills: agent.skills ?? {},
              wrapUpMs: agent.wrapUpMs,
            },
            teams: teams.map((team) => ({ id: team.id, name: team.name })),
            presence: now,
            dispositions: [...phone.dispositions],
            today,
          },
        };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/phone/credentials',
      operationId: 'createPhoneCredentials',
      audited: true,
      summary: 'With what the page registers by SIP and reaches media, for a while',
      reply: z.object({
        sip: z.object({
          uri: z.string(),
          username: z.string(),
          password: z.string(),
          expiresAt: instant,
          websocketUrls: z.array(z.string()),
        }),
        iceServers: z.array(
          z.object({
            urls: z.array(z.string()),
            username: z.string().optional(),
            credential: z.string().optional(),
          }),
        ),
        iceTransportPolicy: z.enum(['all', 'relay']),
      }),
      handle: async ({ db, request, audit }) => {
        const { agentId } = agentOf(request);
        // This node's market may not know yet that the agent was signed out.
        const agent = await new EntityStore(db, 'agent').get(agentId);
        if (!agent) throw notFound('agent', agentId);
        const { sip, iceServers, iceTransportPolicy } = phone.credentials(agent, reachedBy(request));
        audit.about('agents', agentId);
        audit.changed(undefined, { username: sip.username, expiresAt: sip.expiresAt });
        return {
          body: {
            sip: { ...sip, websocketUrls: [...sip.websocketUrls] },
            iceServers: iceServers.map((server) => ({ ...server, urls: [...server.urls] })),
            iceTransportPolicy,
          },
        };
      },
    }),
    route({
      ...common,
      method: 'put',
      path: '/phone/status',
      operationId: 'setPhoneStatus',
      audited: 'apart',
      summary: 'Be available, which also ends wrap-up, or away',
      body: z.strictObject({ status: z.enum(['available', 'away']) }),
      reply: presence,
      handle: async ({ request, body }) => {
        const { agentId } = agentOf(request);
        await phone.presences.choose(agentId, body.status);
        return { body: await presenceOf(agentId) };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/phone/calls',
      operationId: 'listPhoneCalls',
      summary: "Today's calls, newest first, 200 at most; the day is that of the buyer's account",
      reply: z.object({ data: z.array(call) }),
      handle: async ({ db, request }) => {
        const { agentId, accountId } = agentOf(request);
        const since = startOfDay(phone, accountId, money.now());
        const rows = await listAgentCalls(db, agentId, since, MAX_CALLS);
        return { body: { data: rows.map((row) => shownCall(phone, row)) } };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/phone/calls/:callId',
      operationId: 'getPhoneCall',
      summary: 'What the agent may know of a call that it took, or missed',
      params: callParams,
      reply: card,
      handle: async ({ db, request, params: { callId } }) => {
        const { agentId } = agentOf(request);
        const row = await storedSoon(db, agentId, callId);
        if (!row) throw notFound('call', callId);
        return { body: cardOf(phone, row) };
      },
    }),
    route({
      ...common,
      method: 'put',
      path: '/phone/calls/:callId/disposition',
      operationId: 'setCallDisposition',
      audited: true,
      summary: 'Say, once, how a call went that the agent took; its money follows, as from any signal',
      params: callParams,
      body: z.strictObject({
        code: z.string().min(1).max(64),
        note: text.optional().describe('For people of the buyer; it goes with the number of the caller'),
      }),
      reply: z.unknown(),
      status: 204,
      handle: async ({ db, request, params: { callId }, body: { code, note }, audit }) => {
        const { agentId, accountId } = agentOf(request);
        assertKnown(phone, code);
        audit.about('calls', callId);
        const row = await getAgentCall(db, agentId, callId);
        if (row?.outcome !== 'answered') throw notFound('call', callId);
        const before = await dispositionOf(db, callId, agentId);
        if (before !== undefined && before !== code) {
          // A signal that was told is not taken back, and may be billed already.
          throw new AppError('unprocessable', 'disposition_told', `it was said already: ${before}`);
        }
        const told = { kind: 'disposition', value: code, source: `agent:${agentId}` } as const;
        await takeSignal(db, money, { call: callId, accountId, ...told });
        await putDisposition(db, { callId, agentId, code, note });
        // Of the note it is told that there is one: it goes with the person.
        audit.changed({ disposition: before }, { disposition: code, hasNote: note !== undefined });
        return { body: undefined };
      },
    }),
    route({
      ...common,
      method: 'get',
      path: '/phone/colleagues',
      operationId: 'listColleagues',
      summary: 'To whom the agent may transfer a call: people, teams and other endpoints of the buyer',
      reply: z.object({
        data: z.array(
          z.object({
            kind: z.enum(['agent', 'team', 'target']),
            id,
            name,
            sipUri: z.string(),
            presence: presence.optional(),
          }),
        ),
      }),
      handle: async ({ request }) => ({ body: { data: await colleaguesOf(phone, agentOf(request)) } }),
    }),
  ];
}

/** An agent, also one whom this node's market does not know yet. */
async function agentNow({ market }: PhoneServices, db: Queryable, agentId: string): Promise<Agent> {
  const agent = market.agent(agentId) ?? (await new EntityStore(db, 'agent').get(agentId));
  if (!agent) throw notFound('agent', agentId);
  return agent;
}

function startOfDay({ market }: PhoneServices, accountId: string, now: number): number {
  const zone = zoneOf(market.account(accountId)?.timezone ?? 'UTC');
  return zone.startOfDay(zone.dayNumber(now));
}

function assertKnown({ dispositions }: PhoneServices, code: string): void {
  if (dispositions.some((known) => known.code === code)) return;
  throw new AppError('validation', 'unknown_disposition', 'there is no such disposition', {
    errors: [{ in: 'body', pointer: '/code', message: 'is none of the dispositions' }],
  });
}

async function storedSoon(db: Queryable, agentId: string, callId: string): Promise<AgentCallRow | undefined> {
  for (const waitMs of [...STORED_WITHIN_MS, undefined]) {
    const row = await getAgentCall(db, agentId, callId);
    if (row || waitMs === undefined) return row;
    const stored = await getCall(db, callId);
    if (!stored || stored.endedAt !== null) return undefined;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return undefined;
}

function cardOf(phone: PhoneServices, row: AgentCallRow): CallCard {
  const { callId, caller, tags, bidId, price, outcome } = row;
  // A call that lost its person has a keyed hash in place of the number.
  const from = caller !== null && /^\+[1-9]\d{6,14}$/.test(caller) ? (caller as E164) : undefined;
  const sold = { bidId: bidId ?? '', price: price ?? undefined };
  return phone.card({ callId, from, tags }, sold, outcome === 'answered');
}

function shownCall(phone: PhoneServices, row: AgentCallRow): z.input<typeof call> {
  const { campaign, state, number } = cardOf(phone, row);
  return {
    callId: row.callId,
    at: row.at,
    outcome: row.outcome,
    talkMs: row.talkMs,
    campaign,
    ...defined({ state, number, disposition: row.disposition ?? undefined }),
  };
}
