import type { Presence } from '../../../../src/domain';
import { makeCertificate } from '../../../support/browser/certificate';
import type { BrowserKind } from '../../../support/browser/open-browser';
import type { TestBrowser } from '../../../support/browser/open-browser';
import { openBrowser } from '../../../support/browser/open-browser';
import { Leftovers } from '../../../support/leftovers';
import { TcpProxy } from '../../../support/tcp-proxy';
import { testDatabase } from '../../../support/test-database';
import { ownTestRedis } from '../../../support/test-redis';
import { Exchange } from '../../support/exchange';
import { addBuyer, openMarket } from '../../support/market';
import { freePort, until } from '../../support/processes';
import type { CarrierOptions } from './carrier';
import { Carrier } from './carrier';
import { PhonePage } from './phone-page';

/** Milliseconds without media after which a browser's call is over, here. */
export const WEBRTC_TIMEOUT_MS = 12_000;
/** Milliseconds that a test may take on a machine that has ten other things to do. */
export const PATIENCE_MS = 180_000;
const PRESENT_MS = 30_000;
const OVER_MS = 30_000;

export interface TestAgent {
  readonly id: string;
  readonly wrapUpMs?: number;
}

export interface PhoneBuyer {
  readonly id: string;
  readonly price: number;
  /** What its calls cost; a fixed price by default. */
  readonly plan?: Record<string, unknown>;
  /** Of one, the agent is the target; of several, their team is. */
  readonly agents: readonly TestAgent[];
  /** Others of the buyer, who are no target's. */
  readonly colleagues?: readonly TestAgent[];
  readonly team?: Record<string, unknown>;
  readonly ringTimeoutMs?: number;
}

/** What is stored of a call. */
export interface PhoneCall {
  readonly id: string;
  readonly node_id: string;
  readonly state: string;
  readonly end_reason: string;
  readonly buyer_id: string | null;
  readonly agent_id: string | null;
  readonly connected_ms: number;
  readonly attempts: readonly { readonly buyerId: string; readonly outcome: string }[];
  /** UTC epoch milliseconds. */
  readonly answered_at: number;
  readonly ended_at: number;
  /** Micro-units; null when nothing was sold. */
  readonly revenue: string | null;
  readonly payout: string | null;
}

const passwordOf = (agentId: string): string => `the password of ${agentId}`;

/** An exchange whose buyers answer in browsers, with all that a test opens on it. */
export class PhoneExchange {
  /** One for each kind and tone: an agent is a user of it, and leaves it to the next. */
  readonly #browsers = new Map<string, Promise<TestBrowser>>();
  readonly #carriers: Carrier[] = [];
  /** Phone sessions by which the test looks in. */
  readonly #tokens = new Map<string, string>();
  #nextCaller = 4_000;

  private constructor(
    readonly exchange: Exchange,
    /** Between the pages and the secure WebSocket of the switch. */
    readonly network: TcpProxy,
    private readonly leftovers: Leftovers,
  ) {}

  /** An exchange with a database and a Redis of its own, and a market without buyers. */
  static async open(env: Readonly<Record<string, string>> = {}): Promise<PhoneExchange> {
    const leftovers = new Leftovers();
    try {
      const [database, redis] = await Promise.all([testDatabase(), ownTestRedis()]);
      leftovers.add(() => Promise.all([database.drop(), redis.drop()]));
      const services = { DCE_DATABASE_URL: database.url, DCE_REDIS_URL: redis.url };
      const phones = await PhoneExchange.#start(leftovers, { ...services, ...env });
      await openMarket(phones.exchange);
      return phones;
    } catch (error) {
      await leftovers.end();
      throw error;
    }
  }

  /** Another node of the same exchange; it is closed before this one. */
  async another(env: Readonly<Record<string, string>> = {}): Promise<PhoneExchange> {
    const { databaseUrl, redisUrl } = this.exchange.file;
    const leftovers = new Leftovers();
    this.leftovers.add(() => leftovers.end());
    return PhoneExchange.#start(leftovers, {
      DCE_DATABASE_URL: databaseUrl,
      DCE_REDIS_URL: redisUrl,
      ...env,
    });
  }

  static async #start(leftovers: Leftovers, env: Readonly<Record<string, string>>): Promise<PhoneExchange> {
    const tls = makeCertificate();
    leftovers.add(() => tls.remove());
    const wss = await freePort();
    const network = await TcpProxy.open(`wss://127.0.0.1:${wss}`);
    leftovers.add(() => network.close());
    const exchange = await Exchange.start({
      listen: [`wss:127.0.0.1:${wss}`],
      tls,
      env: {
        DCE_PHONE_WEBSOCKET_URLS: network.url.replace(/\/$/, ''),
        DCE_MEDIA_WEBRTC_TIMEOUT_MS: String(WEBRTC_TIMEOUT_MS),
        ...env,
      },
    });
    leftovers.add(() => exchange.stop());
    return new PhoneExchange(exchange, network, leftovers);
  }

  /** A buyer with a softphone target, its agents, and the team `BUYER-team` where there are several. */
  async addBuyer(buyer: PhoneBuyer): Promise<void> {
    const { exchange } = this;
    const { id, price, plan, agents, colleagues = [], team, ringTimeoutMs = 20_000 } = buyer;
    const uri = 'sip:nobody@127.0.0.1:9';
    await addBuyer(exchange, { id, price, uri, ringTimeoutMs, ...(plan ? { plan } : {}) });
    for (const agent of [...agents, ...colleagues]) {
      await exchange.create('agents', {
        id: agent.id,
        buyerId: id,
        name: agent.id,
        username: agent.id,
        wrapUpMs: agent.wrapUpMs ?? 0,
      });
      const password = passwordOf(agent.id);
      const { status } = await exchange.api('PUT', `/api/v1/agents/${agent.id}/password`, { password });
      if (status !== 204) throw new Error(`no password for ${agent.id}: ${status}`);
    }
    const alone = agents.length === 1 && team === undefined;
    if (!alone) {
      await exchange.create('teams', {
        id: `${id}-team`,
        buyerId: id,
        name: `${id} team`,
        agentIds: agents.map((agent) => agent.id),
        distribution: 'simultaneous',
        ringMs: 5_000,
        ...team,
      });
    }
    const group = alone ? `agent:${agents[0]?.id ?? ''}` : `team:${id}-team`;
    await exchange.change(`targets/${id}-target`, { kind: 'softphone', uri: group });
  }

  /** An agent in a browser whose microphone hears this tone, signed in and available. */
  async phone(agentId: string, hertz: number, kind: BrowserKind = 'chromium'): Promise<PhonePage> {
    const browser = await this.#browser(kind, hertz);
    const page = await browser.newUser();
    const url = `${this.exchange.file.apiUrl}/phone/`;
    const phone = await PhonePage.signIn(browser, url, agentId, passwordOf(agentId), page);
    await this.isAvailable(agentId);
    return phone;
  }

  async #browser(kind: BrowserKind, hertz: number): Promise<TestBrowser> {
    const name = `${kind} ${hertz}`;
    const kept = await this.#browsers.get(name);
    if (kept && !kept.ended) return kept;
    const opened = openBrowser(kind, { fakeMicTone: hertz });
    this.#browsers.set(name, opened);
    return opened;
  }

  /** Waits until calls would be given to the agent. */
  isAvailable(agentId: string): Promise<void> {
    return this.isPresent(agentId, 'available');
  }

  async isPresent(agentId: string, presence: Presence): Promise<void> {
    let state = '';
    await until(
      `${agentId} to be ${presence}`,
      async () => (state = await this.#presence(agentId)) === presence,
      PRESENT_MS,
      50,
    ).catch((error: unknown) => {
      throw new Error(`${agentId} is ${state}, not ${presence}`, { cause: error });
    });
  }

  async #presence(agentId: string): Promise<string> {
    const url = `${this.exchange.file.apiUrl}/api/v1/phone`;
    let token = this.#tokens.get(agentId);
    if (token === undefined) {
      const response = await fetch(`${url}/sessions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ username: agentId, password: passwordOf(agentId) }),
      });
      if (response.status !== 201) throw new Error(`${agentId} cannot sign in: ${await response.text()}`);
      ({ token } = (await response.json()) as { token: string });
      this.#tokens.set(agentId, token);
    }
    const me = await fetch(`${url}/me`, { headers: { Authorization: `Bearer ${token}` } });
    return ((await me.json()) as { presence: { state: string } }).presence.state;
  }

  /** A call of a fresh caller. */
  async call(hertz: number, more: Partial<CarrierOptions> = {}): Promise<Carrier> {
    const caller = String(this.#nextCaller++);
    const carrier = await Carrier.call({ remote: this.exchange.sip, hertz, caller, ...more });
    this.#carriers.push(carrier);
    return carrier;
  }

  /** A call of a fresh caller that the phone answers: each hears the other's tone. */
  async talk(phone: PhonePage, tones: { caller: number; agent: number }): Promise<Carrier> {
    const carrier = await this.call(tones.caller);
    await phone.rings();
    await phone.answer();
    await carrier.isUp();
    await Promise.all([phone.hears(tones.caller), carrier.voice.hears(tones.agent)]);
    return carrier;
  }

  /** The call that came last, when it has ended and, if it was sold, is settled. */
  async lastCall(): Promise<PhoneCall> {
    let call: PhoneCall | undefined;
    await until(
      'the last call to be done with',
      async () => (call = await this.#lastCall()) !== undefined,
      OVER_MS,
    );
    if (!call) throw new Error('no call was recorded');
    return call;
  }

  async #lastCall(): Promise<PhoneCall | undefined> {
    if ((await this.exchange.stats()).calls > 0) return undefined;
    const [call] = await this.exchange.sql<PhoneCall & { done: boolean }>(
      `select c.id, c.node_id, c.state, c.end_reason, c.buyer_id, c.agent_id, c.connected_ms::integer, c.attempts,
         c.answered_at::float8, c.ended_at::float8,
         s.revenue, s.payout,
         c.ended_at is not null and (c.sale is null or s.call_id is not null) as done
       from calls c left join settlements s on s.call_id = c.id order by received_at desc limit 1`,
    );
    return call?.done ? call : undefined;
  }

  /** After each test: carriers go, and no call is left. */
  async tidy(): Promise<void> {
    for (const carrier of this.#carriers.splice(0)) await carrier.stop();
    await until('every call to end', async () => (await this.exchange.stats()).calls === 0, OVER_MS);
  }

  /** At last: nothing of all those calls may be held anywhere, the books balance, and everything ends. */
  async close(): Promise<void> {
    try {
      await this.exchange.isClean();
    } finally {
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    for (const browser of this.#browsers.values()) await (await browser.catch(() => undefined))?.close();
    await this.leftovers.end();
  }
}
