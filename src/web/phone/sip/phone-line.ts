import { Inviter, Registerer, RegistererState, UserAgent } from 'sip.js';
import type { Invitation, SessionDescriptionHandlerFactory } from 'sip.js';
import { retryDelayMs } from '../../shared/retry-delay';
import type { PhoneCredentials } from '../api/api-types';
import { connectionReducer, OFFLINE } from '../core/connection-machine';
import type { Connection, ConnectionEvent, ConnectionTrouble } from '../core/connection-machine';
import { instantOf } from '../../shared/format';
import { DigestAnswer } from './digest-answer';
import { failTransactions } from './fail-transactions';
import { FlowTransport } from './flow-transport';

/** Seconds for which the phone registers; refreshed after two thirds. */
const EXPIRES_S = 300;
const REFRESH_PERCENT = 66;
/** Credentials are renewed this long before they end. */
const RENEW_MS = 120_000;
const MIN_RENEW_MS = 15_000;
/** Longer than the switch ever rings: it is the switch that gives up. */
const NO_ANSWER_S = 600;
/** The server may not answer a REGISTER at all. */
const REGISTER_MS = 8_000;

export interface PhoneLineOptions {
  /** Mints credentials. Rejected when the API does not. */
  credentials(): Promise<PhoneCredentials>;
  /** UUID of this browser, so that a page that is loaded again takes its own place (RFC 5626). */
  readonly instanceId: string;
  /** Makes the media of a session. */
  readonly media: SessionDescriptionHandlerFactory;
  onConnection(connection: Connection): void;
  onInvitation(invitation: Invitation): void;
  /** The connection on which calls are up was lost. */
  onFlowLost(): void;
  /** Online again, on a new connection. */
  onFlowRestored(): void;
}

/**
 * The one registration of this page: it connects, registers, keeps its credentials fresh, and comes back
 * by itself after whatever happens, until it is stopped. Dialogs outlive connections.
 */
export class PhoneLine {
  readonly #options: PhoneLineOptions;
  #connection: Connection = OFFLINE;
  #agent: UserAgent | undefined;
  #registerer: Registerer | undefined;
  #credentials: PhoneCredentials | undefined;
  #retryTimer: number | undefined;
  #renewTimer: number | undefined;
  /** Grows with every attempt; what belongs to an earlier one is ignored. */
  #round = 0;
  #flowWasLost = false;

  constructor(options: PhoneLineOptions) {
    this.#options = options;
  }

  /** The address of record; undefined before the first credentials came. */
  get uri(): string | undefined {
    return this.#credentials?.sip.uri;
  }
  get credentials(): PhoneCredentials | undefined {
    return this.#credentials;
  }
  get online(): boolean {
    return this.#connection.phase === 'online';
  }

  start(): void {
    if (this.#connection.phase !== 'offline') return;
    this.#flowWasLost = false;
    this.#step({ type: 'start' });
    void this.#attempt();
  }

  /**
   * Closes the connection. Idempotent.
   * @param unregister - false where the registration is another page's now (RFC 5626 §4.2): what is taken
   *   back would be taken from that page
   */
  async stop(unregister: boolean): Promise<void> {
    if (this.#connection.phase === 'offline') return;
    this.#round++;
    window.clearTimeout(this.#retryTimer);
    window.clearTimeout(this.#renewTimer);
    const agent = this.#agent;
    const registerer = this.#registerer;
    this.#agent = this.#registerer = this.#credentials = undefined;
    this.#step({ type: 'stop' });
    if (agent === undefined) return;
    if (unregister && agent.isConnected() && registerer !== undefined) await unregistered(registerer);
    await agent.stop().catch(() => undefined);
  }

  /** The network has changed, or the computer has woken: waits are cut short, and the connection is tested. */
  kick(): void {
    if (this.#connection.phase === 'waiting') this.#retry();
    else this.#transport()?.probe();
  }

  /** Whether a call is up. */
  set busy(on: boolean) {
    const transport = this.#transport();
    if (transport !== undefined) transport.busy = on;
  }

  /** Prepares a call of our own; undefined when the address is none, or the phone never was online. */
  inviter(address: string, headers: readonly string[]): Inviter | undefined {
    const target = UserAgent.makeURI(address);
    if (this.#agent === undefined || target === undefined) return undefined;
    return new Inviter(this.#agent, target, { extraHeaders: [...headers] });
  }

  async #attempt(): Promise<void> {
    const round = ++this.#round;
    const stale = () => round !== this.#round;
    window.clearTimeout(this.#retryTimer);
    try {
      if (this.#needsCredentials()) {
        const fresh = await this.#options.credentials();
        // Whoever has signed in meanwhile has others.
        if (stale()) return;
        this.#credentials = fresh;
      }
    } catch {
      if (!stale()) this.#failed('api');
      return;
    }
    if (stale()) return;
    const credentials = this.#credentials;
    if (credentials === undefined) return this.#failed('api');
    try {
      await this.#connect(credentials);
    } catch {
      if (!stale()) this.#failed('network');
      return;
    }
    if (stale()) return;
    this.#register(round);
  }

  async #connect(credentials: PhoneCredentials): Promise<void> {
    const urls = credentials.sip.websocketUrls;
    const attempt = this.#connection.phase === 'connecting' ? this.#connection.attempt : 1;
    const server = urls[(attempt - 1) % urls.length];
    if (server === undefined) throw new Error('the exchange has no address for phones');
    if (this.#agent === undefined) {
      const agent = this.#createAgent(credentials, server);
      this.#agent = agent;
      await agent.start();
      return;
    }
    const transport = this.#agent.transport as FlowTransport;
    // A registration was refused on it: the connection itself is good, and calls may be up on it.
    if (transport.isConnected()) return;
    transport.server = server;
    await transport.connect();
  }

  #createAgent(credentials: PhoneCredentials, server: string): UserAgent {
    const uri = UserAgent.makeURI(credentials.sip.uri);
    if (uri === undefined) throw new Error('the address of this phone is malformed');
    const agent = new UserAgent({
      uri,
      transportConstructor: FlowTransport,
      transportOptions: { server },
      instanceId: this.#options.instanceId,
      sessionDescriptionHandlerFactory: this.#options.media,
      noAnswerTimeout: NO_ANSWER_S,
      gracefulShutdown: false,
      logBuiltinEnabled: false,
      userAgentString: 'DCE phone',
      delegate: {
        onInvite: (invitation) => this.#options.onInvitation(invitation),
        onDisconnect: (error) => this.#disconnected(error),
      },
    });
    agent.userAgentCore.configuration.authenticationFactory = () => {
      const sip = this.#credentials?.sip;
      return sip === undefined
        ? undefined
        : (new DigestAnswer(sip.username, sip.password) as unknown as ReturnType<
            typeof agent.userAgentCore.configuration.authenticationFactory
          >);
    };
    return agent;
  }

  #register(round: number): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    this.#registerer ??= this.#createRegisterer(agent);
    const late = window.setTimeout(() => {
      if (round === this.#round && this.#connection.phase === 'connecting') this.#drop();
    }, REGISTER_MS);
    this.#registerer
      .register({
        requestDelegate: {
          onAccept: () => {
            window.clearTimeout(late);
            if (round === this.#round) this.#registered();
          },
          onReject: ({ message }) => {
            window.clearTimeout(late);
            if (round !== this.#round) return;
            const status = message.statusCode ?? 0;
            if (status === 401 || status === 403 || status === 407) this.#credentials = undefined;
            if (status === 408) this.#drop();
            else this.#failed(status === 503 ? 'network' : 'refused');
          },
        },
      })
      // An earlier one still waits for its answer.
      .catch(() => this.#drop());
  }

  #createRegisterer(agent: UserAgent): Registerer {
    const registerer = new Registerer(agent, {
      expires: EXPIRES_S,
      refreshFrequency: REFRESH_PERCENT,
      regId: 1,
      instanceId: this.#options.instanceId,
      logConfiguration: false,
    });
    registerer.stateChange.addListener((state) => {
      // A refresh was refused, or never answered.
      if (state === RegistererState.Unregistered && registerer === this.#registerer && this.online)
        this.#failed('refused');
    });
    return registerer;
  }

  #registered(): void {
    if (this.#connection.phase !== 'connecting') return;
    this.#step({ type: 'registered' });
    this.#planRenewal();
    if (!this.#flowWasLost) return;
    this.#flowWasLost = false;
    this.#options.onFlowRestored();
  }

  /** The REGISTER that follows is made with the new ones; nothing is interrupted. */
  #planRenewal(): void {
    window.clearTimeout(this.#renewTimer);
    const until = this.#credentialsEnd();
    if (until === undefined) return;
    const wait = Math.max(MIN_RENEW_MS, until - Date.now() - RENEW_MS);
    // More than a timer can hold is renewed sooner.
    this.#renewTimer = window.setTimeout(() => void this.#renew(), Math.min(wait, 2 ** 31 - 1));
  }

  async #renew(): Promise<void> {
    const agent = this.#agent;
    try {
      const fresh = await this.#options.credentials();
      if (agent === this.#agent && agent !== undefined) this.#credentials = fresh;
    } catch {
      // Tried again below: there is time left.
    }
    if (agent !== undefined && agent === this.#agent) this.#planRenewal();
  }

  #needsCredentials(): boolean {
    const until = this.#credentialsEnd();
    return this.#credentials === undefined || (until !== undefined && until - Date.now() < RENEW_MS / 2);
  }

  #credentialsEnd(): number | undefined {
    return instantOf(this.#credentials?.sip.expiresAt);
  }

  #disconnected(error: Error | undefined): void {
    const agent = this.#agent;
    if (agent === undefined) return;
    this.#flowWasLost = true;
    this.#failed('network');
    this.#options.onFlowLost();
    failTransactions(agent, error ?? new Error('the connection was closed'));
  }

  /** Nothing comes over this connection: it is left, and another is tried. */
  #drop(): void {
    void this.#transport()?.disconnect();
  }

  #failed(trouble: ConnectionTrouble): void {
    const next = connectionReducer(this.#connection, { type: 'failed', trouble });
    if (next === this.#connection || next.phase !== 'waiting') return;
    this.#round++;
    this.#become(next);
    window.clearTimeout(this.#retryTimer);
    const wait = retryDelayMs(next.attempt, Math.random());
    this.#retryTimer = window.setTimeout(() => this.#retry(), wait);
  }

  #retry(): void {
    if (this.#connection.phase !== 'waiting') return;
    this.#step({ type: 'retry' });
    void this.#attempt();
  }

  #transport(): FlowTransport | undefined {
    return this.#agent?.transport as FlowTransport | undefined;
  }

  #step(event: ConnectionEvent): void {
    this.#become(connectionReducer(this.#connection, event));
  }

  #become(connection: Connection): void {
    if (connection === this.#connection) return;
    this.#connection = connection;
    this.#options.onConnection(connection);
  }
}

const UNREGISTER_MS = 1_000;

/** Resolves when the server has answered, or soon. */
function unregistered(registerer: Registerer): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, UNREGISTER_MS);
    const done = () => {
      window.clearTimeout(timer);
      resolve();
    };
    registerer.unregister({ requestDelegate: { onAccept: done, onReject: done } }).catch(done);
  });
}
