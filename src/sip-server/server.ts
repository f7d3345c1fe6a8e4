import { ControlServer } from './control';
import type { ControlConnection } from './control';
import type { Context } from './core/context';
import { Inbound } from './core/inbound';
import { Outbound } from './core/outbound';
import { systemDns } from './core/dns';
import { NextHops } from './core/next-hop';
import { Proxy } from './core/proxy';
import { Stack } from './core/stack';
import { Subscriptions } from './core/subscriptions';
import { DialogTable } from './dialog';
import { ListenError } from './listen-error';
import type { SipServerLimits, SipServerOptions, SipServerStats, TimerBases } from './options';
import { DEFAULT_LIMITS, DEFAULT_TIMERS, isSecure } from './options';
import type { Scheduler, ServerTransaction } from './transaction';
import { systemScheduler } from './transaction';
import type { SipRequest } from './message';
import { parseMessage } from './message';
import type { Flow } from './transport';

/** Longest that peers are given to answer our BYE and CANCEL. */
const FAREWELL_MS = 1_000;
const FAREWELL_STEP_MS = 20;

/**
 * A SIP server that leaves the decisions to applications, which it serves by drachtio's control
 * protocol. Everything RFC 3261 asks of transports, transactions and dialogs happens here.
 */
export class SipServer {
  readonly #options: SipServerOptions;
  readonly #limits: SipServerLimits;
  readonly #stack: Stack;
  readonly #dialogs = new DialogTable<ControlConnection>();
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #proxy: Proxy;
  #control: ControlServer | undefined;
  #admits: (address: string) => boolean;

  /** @param scheduler - where all timers of transactions and dialogs come from */
  constructor(options: SipServerOptions, scheduler: Scheduler = systemScheduler) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    const timers: TimerBases = { ...DEFAULT_TIMERS, ...options.timers };
    const log = options.log ?? (() => undefined);
    this.#admits = options.admits ?? (() => true);
    this.#stack = new Stack(
      {
        onRequest: (transaction: ServerTransaction, text: string) =>
          this.#inbound.onRequest(transaction, text),
        onAck: (request: SipRequest, text: string, flow: Flow) => this.#inbound.onAck(request, text, flow),
        onCallerGone: (invite: ServerTransaction) => this.#inbound.onCallerGone(invite),
        onServerTransactionEnd: (transaction: ServerTransaction) =>
          this.#inbound.onServerTransactionEnd(transaction),
      },
      this.#limits,
      timers,
      scheduler,
      log,
      (address) => this.#admits(address),
      options.onFlows ?? (() => undefined),
      options.tls,
      options.webSocket,
    );
    const context: Context = {
      stack: this.#stack,
      dialogs: this.#dialogs,
      control: () => {
        if (!this.#control) throw new Error('the SIP server is not started');
        return this.#control;
      },
      limits: this.#limits,
      timers,
      scheduler,
      log,
    };
    const hops = new NextHops({
      ...(options.dnsServers ? { dns: systemDns(options.dnsServers) } : {}),
      speaks: (hop) => this.#stack.speaks(hop),
    });
    const subscriptions = new Subscriptions(context);
    this.#outbound = new Outbound(context, hops, subscriptions);
    this.#proxy = new Proxy(context, hops, options.control.secret);
    this.#inbound = new Inbound(context, this.#outbound, this.#proxy, subscriptions);
  }

  /**
   * Opens the control port and every SIP listener.
   * @throws ListenError when one cannot be opened, Error when the certificate is no good; nothing stays open then
   */
  async start(): Promise<void> {
    const { control, listen, externalAddress, log } = this.#options;
    try {
      const opened = ControlServer.listen(
        control,
        () => this.#stack.listening().join(','),
        this.#limits,
        log ?? (() => undefined),
        {
          sip: (messageId, tokens, text, connection) => this.#sip(messageId, tokens, text, connection),
          proxy: (messageId, tokens, text, connection) =>
            this.#proxy.request(messageId, tokens, text, connection, (id) =>
              this.#inbound.pending.takeOver(id),
            ),
          gone: (connection) => {
            this.#inbound.pending.applicationGone(connection);
            this.#outbound.applicationGone(connection);
          },
        },
      );
      this.#control = await opened.catch((error: unknown) => {
        throw new ListenError('control', control.host, control.port, error);
      });
      if (listen.some(({ protocol }) => isSecure(protocol))) this.#stack.loadCertificate();
      for (const at of listen) {
        await this.#stack.listen(at, externalAddress).catch((error: unknown) => {
          throw new ListenError(at.protocol, at.address, at.port, error);
        });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** `proto/address:port` of every SIP listener. */
  get listening(): string[] {
    return this.#stack.listening();
  }

  get controlPort(): number {
    return this.#control?.port ?? 0;
  }

  /** Changes who may send requests outside a dialog by UDP and TCP; the others are dropped unanswered. */
  admit(admits: (address: string) => boolean): void {
    this.#admits = admits;
  }

  stats(): SipServerStats {
    return {
      serverTransactions: this.#stack.serverTransactions,
      clientTransactions: this.#stack.clientTransactions,
      dialogs: this.#dialogs.size,
      connections: this.#stack.connections,
      controlConnections: this.#control?.size ?? 0,
      dropped: this.#stack.dropped,
      malformed: this.#stack.malformed,
      retransmissions: this.#stack.retransmissions,
    };
  }

  /** Takes nothing new, answers what waits, hangs up every call, waits for the peers a moment, and closes. */
  async shutdown(): Promise<void> {
    this.#inbound.refuseAll();
    this.#proxy.refuseAll();
    this.#outbound.endAll();
    for (let waited = 0; waited < FAREWELL_MS; waited += FAREWELL_STEP_MS) {
      await new Promise((resolve) => setTimeout(resolve, FAREWELL_STEP_MS));
      if (this.#stack.settled) break;
    }
    this.close();
  }

  /** Closes everything at once, without a word to peers. */
  close(): void {
    this.#control?.close();
    this.#inbound.pending.close();
    this.#proxy.close();
    for (const dialog of this.#dialogs.all()) this.#dialogs.remove(dialog);
    this.#stack.close();
  }

  /** A `sip` frame: its tokens say whether it is a response, a request in a dialog, a CANCEL or a new request. */
  #sip(messageId: string, tokens: readonly string[], text: string, connection: ControlConnection): void {
    const [transactionId = '', dialogName = '', routeUrl = ''] = tokens;
    const parsed = parseMessage(text, true);
    if (!parsed.ok) {
      connection.respond(messageId, 'NOK|Unknown server error: the message cannot be read');
      return;
    }
    const { message } = parsed;
    if (message.kind === 'response') {
      if (transactionId === '') connection.respond(messageId, 'NO|transaction id missing');
      else this.#inbound.responses.fromApplication(messageId, transactionId, message, connection);
    } else this.#outbound.send(messageId, transactionId, dialogName, routeUrl, message, connection);
  }
}
