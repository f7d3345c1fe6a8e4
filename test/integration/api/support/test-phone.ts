import type { PhoneServices, Presences } from '../../../../src/api';
import type { Presence } from '../../../../src/domain';
import { Market } from '../../../../src/market';

type Change = Parameters<Parameters<Presences['onChange']>[0]>[0];
type News = PhoneServices['news'];

/** The phones of a switch, without a switch: tests turn its knobs. */
export interface TestPhone {
  readonly services: PhoneServices & { readonly presences: { of: Presences['of'] } };
  readonly market: Market;
  readonly states: Map<string, { state: Presence; since: number }>;
  /** Agents whose phones were let go. */
  readonly signedOut: string[];
  /** Milliseconds that whoever signs in is told to wait. */
  waitMs: number;
  /** From where sign-ins were right, or given back. */
  readonly tries: [address: string, how: string][];
  /** Users whose failures were forgotten. */
  readonly forgotten: string[];
  /** An agent does something else from now on. */
  tell(change: Change): void;
  tellQueue: Parameters<News['onQueue']>[0];
  tellQuality: Parameters<News['onQuality']>[0];
}

export const DOMAIN = 'phones.example';

export function testPhone(more: Partial<PhoneServices> = {}): TestPhone {
  const market = new Market();
  const handlers: ((change: Change) => void)[] = [];
  const phone: TestPhone = {
    market,
    states: new Map(),
    signedOut: [],
    waitMs: 0,
    tries: [],
    forgotten: [],
    tell: (change) => {
      phone.states.set(change.agentId, { state: change.state, since: change.since });
      for (const handler of handlers) handler(change);
    },
    tellQueue: () => undefined,
    tellQuality: () => undefined,
    services: {
      market,
      presences: {
        of: (ids) => Promise.resolve(new Map([...phone.states].filter(([id]) => ids.includes(id)))),
        choose: (agentId, state) => {
          phone.tell({ agentId, state, since: 1_000 });
          return Promise.resolve();
        },
        onChange: (handler) => {
          handlers.push(handler);
          return () => handlers.splice(handlers.indexOf(handler), 1);
        },
      },
      news: {
        onQueue: (handler) => (phone.tellQueue = handler),
        onQuality: (handler) => (phone.tellQuality = handler),
      },
      lockout: {
        take: (attempt) => {
          const told = (how: string) => () => Promise.resolve(void phone.tries.push([attempt.address, how]));
          return Promise.resolve({ waitMs: phone.waitMs, right: told('right'), giveBack: told('back') });
        },
        forget: (username) => Promise.resolve(void phone.forgotten.push(username)),
      },
      domain: DOMAIN,
      sessionMs: 3_600_000,
      dispositions: [
        { code: 'sale', label: 'Sale' },
        { code: 'call_back', label: 'Call back' },
      ],
      credentials: ({ id, username, signedOutAt }, { host, secure }) => ({
        sip: {
          uri: `sip:${username}@${DOMAIN}`,
          username: `${id}.1`,
          password: 'p',
          expiresAt: 1_000 + (signedOutAt ?? 0),
          websocketUrls: [`${secure ? 'wss' : 'ws'}://${host}:8088`],
        },
        iceServers: [],
        iceTransportPolicy: 'all',
      }),
      websocketUrls: ({ host }) => [`ws://${host}:8088`],
      card: ({ callId, from }, { bidId }, answered) => ({
        callId,
        campaign: `of ${bidId}`,
        ...(answered && from !== undefined ? { number: from } : {}),
      }),
      signedOut: (agentId) => phone.signedOut.push(agentId),
      ...more,
    },
  };
  return phone;
}
