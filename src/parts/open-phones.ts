import type { Redis } from 'ioredis';
import type { Config } from '../config';
import type { Clock } from '../domain';
import type { Market } from '../market';
import type { PresenceDesk, RouteVia } from '../presence';
import { AgentStates, createAgentDesk, PresenceBus, RedisBindings } from '../presence';
import type { Registrar } from '../signaling';
import { createRegistrar } from '../signaling';
import { SipPasswords } from './sip-passwords';
import type { Database } from '../storage';
import { findAgentSecret, phoneSecret } from '../storage';

export interface PhonesParts {
  readonly config: Config;
  readonly bootId: string;
  readonly database: Database;
  readonly redis: Redis;
  readonly market: Market;
  readonly clock: Clock;
  /** How a phone is reached whose connection another node holds. */
  readonly routeVia: RouteVia;
  /** Redis went away, or is back. */
  readonly onDegraded: (degraded: boolean, error?: Error) => void;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
}

/** The phones of agents: who registers, who is free, and who waits for them. */
export interface Phones {
  readonly registrar: Registrar;
  readonly states: AgentStates;
  readonly bindings: RedisBindings;
  readonly desk: PresenceDesk;
  /** Of short-lived credentials; the same on every node. */
  readonly secret: Buffer;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** Puts together what rings agents. @throws Error when the database is away */
export async function openPhones(parts: PhonesParts): Promise<Phones> {
  const { config, bootId, database, redis, market, clock, routeVia, onDegraded, warn } = parts;
  const { domain, digest, registrar: expiry } = config.sip;
  const nodeId = config.node.id;
  const now = (): number => clock.now();
  const secret = await phoneSecret(database);
  const onError = warn('what agents do is not kept up');
  const bus = new PresenceBus(redis, onError);
  const degraded = degradedTogether(onDegraded);
  const bindings = new RedisBindings(redis, {
    nodeId,
    origin: bootId,
    bus,
    now,
    onDegraded: degraded('bindings'),
    onError,
  });
  const { missedBeforeAway } = config.phone;
  const states = new AgentStates({
    redis,
    bus,
    bindings,
    nodeId,
    now,
    missedBeforeAway,
    onDegraded: degraded('states'),
    onError,
  });
  const desk = createAgentDesk({
    redis,
    states,
    bindings,
    directory: market,
    nodeId,
    routeVia,
    now,
    onError,
  });
  const passwords = new SipPasswords({
    find: (agentId) => findAgentSecret(database, agentId),
    agent: (agentId) => market.agent(agentId),
    domain,
    now,
    monotonic: () => clock.monotonic(),
  });
  const registrar = createRegistrar({
    store: bindings,
    directory: {
      agent: (id) => market.agent(id),
      byUsername: (username) => market.agentByUsername(username),
      ha1: (agentId, algorithm) => passwords.ha1(agentId, algorithm),
    },
    secret,
    domain,
    algorithms: digest,
    nodeId,
    expiry,
    keepAliveSeconds: expiry.keepAliveSeconds,
    // A drachtio-server knows the connection of a phone by the user and host that it registered, by nothing else.
    gruus: config.sip.drachtio.host === undefined,
    clock,
    warn: (fields, message) => warn(message)(new Error(JSON.stringify(fields))),
  });
  return {
    ...{ registrar, states, bindings, desk, secret },
    start: async () => {
      await bindings.start();
      await states.start();
    },
    close: async () => {
      await desk.close();
      await states.close();
      bindings.close();
      bus.close();
    },
  };
}

/** Tells of several parts as of one, which is in its fallback while any of them is. */
function degradedTogether(tell: PhonesParts['onDegraded']): (part: string) => PhonesParts['onDegraded'] {
  const away = new Set<string>();
  return (part) => (degraded, error) => {
    const before = away.size > 0;
    if (degraded) away.add(part);
    else away.delete(part);
    if (away.size > 0 !== before) tell(!before, error);
  };
}
