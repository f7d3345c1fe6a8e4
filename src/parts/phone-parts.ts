import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { PhoneNews, PhoneServices, ReachedBy } from '../api';
import { Realtime } from '../api';
import type { RealtimeServices } from '../api';
import { callCard } from './call-card';
import type { CallNewsHub } from './call-news';
import type { Config } from '../config';
import type { Clock } from '../domain';
import type { Market } from '../market';
import type { Phones } from './open-phones';
import { PresenceBus } from '../presence';
import type { CallEvent } from '../signaling';
import { mintCredentials } from '../signaling';
import type { Database } from '../storage';
import { noteTransfer, SignInLockout } from '../storage';

export interface PhoneApiParts {
  readonly config: Config;
  readonly database: Database;
  readonly redis: Redis;
  readonly market: Market;
  readonly phones: Pick<Phones, 'states' | 'bindings' | 'desk' | 'secret'>;
  readonly news: Pick<CallNewsHub, 'attend'>;
  /** Who is on a call of this node. */
  readonly agentOfCall: (callId: string) => string | undefined;
  /** `proto/address:port` of every SIP listener. */
  readonly listening: () => readonly string[];
  readonly clock: Clock;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
}

/** What the API needs of phones. */
export interface PhoneApi {
  readonly services: PhoneServices & { readonly pageFolder: string };
  /** Serves `/ws/v1` on the server of the API. */
  attach(server: Server, more?: RealtimeMore): Realtime;
  close(): void;
}

/** What is told there besides what agents do. */
export type RealtimeMore = Pick<RealtimeServices, 'authenticates' | 'events' | 'board' | 'rate' | 'nodes'>;

const QUALITY_CHANNEL = 'dce:phone:quality';
/** Below the folder of the product, whether it runs compiled or from its sources. */
const PAGE_FOLDER = join(__dirname, '../../dist/web/phone');

/** Puts together what phone pages are told, and by which rules. */
export function openPhoneApi(parts: PhoneApiParts): PhoneApi {
  const { config, database, redis, market, phones, clock, warn } = parts;
  const { domain } = config.sip;
  const urlsFor = (by: ReachedBy): readonly string[] => websocketUrls(config, parts.listening(), by);
  const bus = new PresenceBus(redis, warn('the quality of a call is not told'));
  let realtime: Realtime | undefined;
  parts.news.attend((told) => {
    const event = told as CallEvent;
    if (event.type !== 'call.transferred') return;
    noteTransfer(database, event.callId, event.transfer).catch(
      warn('who was handed a call does not see it before its end'),
    );
  });
  const services: PhoneApi['services'] = {
    pageFolder: PAGE_FOLDER,
    market,
    presences: phones.states,
    news: qualityNews(parts, bus),
    lockout: new SignInLockout(redis, () => clock.monotonic()),
    domain,
    sessionMs: config.phone.sessionHours * 3_600_000,
    dispositions: config.phone.dispositions,
    websocketUrls: urlsFor,
    credentials: ({ id, username, signedOutAt }, by) => {
      const issuedAt = issuedAfter(signedOutAt, clock.now());
      const expiresAt = issuedAt + config.phone.credentialSeconds;
      return {
        sip: {
          uri: `sip:${username}@${domain}`,
          ...mintCredentials(phones.secret, id, issuedAt, expiresAt),
          expiresAt: expiresAt * 1_000,
          websocketUrls: urlsFor(by),
        },
        iceServers: iceServers(config, id, expiresAt),
        iceTransportPolicy: config.phone.relayOnly ? 'relay' : 'all',
      };
    },
    card: (call, sold, answered) => callCard(market, call, sold, answered),
    signedOut: (agentId) => {
      realtime?.signedOut(agentId);
      letGo(parts, agentId).catch(warn('phones of an agent who is signed out are not let go'));
    },
  };
  return {
    services,
    attach: (server, more = {}) => {
      realtime = new Realtime(server, {
        ...more,
        database,
        phone: services,
        trustedProxies: config.api.trustedProxies,
        corsOrigins: config.api.corsOrigins,
        now: () => clock.monotonic(),
        onError: warn('somebody cannot be told what happens'),
      });
      return realtime;
    },
    close: () => {
      realtime?.close();
      bus.close();
    },
  };
}

/**
 * When credentials are issued that are to be good after a sign-out, in the same second as well.
 * @param signedOutAt - UTC epoch milliseconds, as `now`
 * @returns UTC epoch seconds
 */
export function issuedAfter(signedOutAt: number | undefined, now: number): number {
  return Math.max(Math.floor(now / 1_000), Math.ceil((signedOutAt ?? 0) / 1_000));
}

/** What registered so far is not rung any more. */
async function letGo({ phones, clock }: PhoneApiParts, agentId: string): Promise<void> {
  for (const binding of await phones.bindings.of(agentId, clock.now())) await phones.bindings.drop(binding);
}

/** News of queues are those of all nodes; of calls, each node tells the others. */
function qualityNews({ redis, news, agentOfCall, phones }: PhoneApiParts, bus: PresenceBus): PhoneNews {
  return {
    onQueue: (handler) => phones.desk.onQueue(handler),
    onQuality: (handler) => {
      bus.listen(
        QUALITY_CHANNEL,
        (text) => handler(JSON.parse(text) as Parameters<typeof handler>[0]),
        () => undefined,
      );
      news.attend((told) => {
        const event = told as CallEvent;
        if (event.type !== 'call.quality') return;
        const { callId, legs } = event;
        const agentId = agentOfCall(callId);
        if (agentId === undefined) return;
        const quality = { agentId, callId, legs };
        // Without Redis, who is connected to this node is told by it.
        redis.publish(QUALITY_CHANNEL, JSON.stringify(quality)).catch(() => handler(quality));
      });
    },
  };
}

/**
 * Where pages reach SIP: as configured, else the listeners at the host that the page was loaded from. A page
 * of HTTPS reaches WSS alone.
 */
export function websocketUrls(
  config: Pick<Config, 'phone'>,
  listening: readonly string[],
  { host, secure }: ReachedBy,
): readonly string[] {
  const { websocketUrls: configured } = config.phone;
  if (configured.length > 0) return configured;
  const urls = listening.flatMap((listener) => {
    const [, protocol = '', port = ''] = /^(wss?)\/.*:(\d+)$/i.exec(listener) ?? [];
    return protocol === '' ? [] : [`${protocol.toLowerCase()}://${host}:${port}`];
  });
  // `wss` sorts behind `ws`, and goes before it.
  return [...new Set(urls)]
    .filter((url) => !secure || url.startsWith('wss:'))
    .sort((a, b) => (a < b ? 1 : -1));
}

/**
 * STUN and TURN servers for an agent. TURN servers know who made the credentials by a secret that they share
 * (draft-uberti-behave-turn-rest-00: user `EXPIRY:NAME`, password its HMAC-SHA-1 in base64).
 * @param expiresAt - UTC epoch seconds
 */
export function iceServers(
  { phone: { stunUrls, turn } }: Pick<Config, 'phone'>,
  agentId: string,
  expiresAt: number,
): PhoneServices['credentials'] extends (...args: never) => { iceServers: infer Servers } ? Servers : never {
  const username = `${expiresAt}:${agentId}`;
  return [
    ...(stunUrls.length > 0 ? [{ urls: stunUrls }] : []),
    ...(turn.urls.length > 0 && turn.secret !== undefined
      ? [
          {
            urls: turn.urls,
            username,
            credential: createHmac('sha1', turn.secret).update(username).digest('base64'),
          },
        ]
      : []),
  ];
}
