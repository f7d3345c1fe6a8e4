import type { SipRequest, SipResponse } from '../message';
import { headerValue, headerValues, parseVia, splitTopVia } from '../message';
import type { SipServerLimits, TimerBases } from '../options';
import type { ClientTransactionUser, Scheduler } from '../transaction';
import { ClientTransaction } from '../transaction';
import type { Flow, Hop } from '../transport';
import { isReliable } from '../transport';
import { LongRequests } from './long-requests';
import { viaOf } from './own-address';
import { clientKey } from './transaction-keys';

/** Requests that we sent, each waiting for its responses. */
export class ClientTransactions {
  readonly #byKey = new Map<string, ClientTransaction>();
  readonly #long: LongRequests;
  readonly #limits: SipServerLimits;
  readonly #timers: TimerBases;
  readonly #scheduler: Scheduler;
  readonly #onRetransmit: () => void;

  constructor(
    connect: (hop: Hop) => Flow | undefined,
    limits: SipServerLimits,
    timers: TimerBases,
    scheduler: Scheduler,
    onRetransmit: () => void,
  ) {
    this.#long = new LongRequests(connect, scheduler, timers);
    this.#limits = limits;
    this.#timers = timers;
    this.#scheduler = scheduler;
    this.#onRetransmit = onRetransmit;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** True when none waits for its final response. */
  get settled(): boolean {
    for (const { state } of this.#byKey.values()) {
      if (state === 'calling' || state === 'proceeding') return false;
    }
    return true;
  }

  /** Sends a request in a new transaction; see {@link Stack.request}. */
  request(
    id: string,
    request: SipRequest,
    flow: Flow,
    user: Omit<ClientTransactionUser, 'onRetransmit'>,
    write: (via: string) => string,
    branch: string,
  ): ClientTransaction {
    let via = viaOf(flow, branch);
    let text = write(via);
    const key = clientKey(branch, request.method);
    const isLong = text.length > this.#limits.maxDatagramBytes && flow.protocol === 'udp';
    const detour = isLong && request.method !== 'CANCEL' ? this.#long.detour(flow) : undefined;
    if (detour) {
      via = viaOf(detour.flow, branch);
      text = write(via);
    }
    const transaction = new ClientTransaction(
      id,
      branch,
      withVia(request, via),
      text,
      detour?.flow ?? flow,
      {
        onResponse: (response, raw, t) => user.onResponse(response, raw, t),
        onNoResponse: (why, t) => user.onNoResponse(why, t),
        onTerminated: (t) => {
          this.#byKey.delete(key);
          forgetFlow();
          detour?.cancel();
          user.onTerminated(t);
        },
        onRetransmit: this.#onRetransmit,
      },
      this.#scheduler,
      this.#timers,
    );
    this.#byKey.set(key, transaction);
    const taken = transaction.flow;
    detour?.onRefused(() => {
      const datagramVia = viaOf(flow, branch);
      transaction.moveTo(flow, withVia(request, datagramVia), write(datagramVia));
    });
    // No answer comes by a connection that is gone, unless the request has left it for another way, or a
    // peer that we can connect to has begun with it: such a one may call back (RFC 3261 §18.2.2).
    const forgetFlow =
      taken.onClosed?.(() => {
        const mayCallBack = taken.inbound !== true && transaction.state === 'proceeding';
        if (transaction.flow === taken && !mayCallBack) transaction.fail('transport');
      }) ?? nothing;
    transaction.start();
    return transaction;
  }

  /** A valid response came: it goes to its transaction; one that belongs to none is forgotten (RFC 3261 §17.1.3). */
  receive(response: SipResponse, text: string, flow: Flow): void {
    const vias = headerValues(response, 'via');
    const { top, rest } = splitTopVia(vias[0] ?? '');
    const via = parseVia(top);
    if (!via) return;
    const cseq = headerValue(response, 'cseq') ?? '';
    const method = cseq.slice(cseq.search(/\s/) + 1).trim();
    const transaction = this.#byKey.get(clientKey(via.branch, method));
    // Ours is the only Via of what we ourselves sent: with another behind it, it went astray (RFC 3261
    // §8.1.3.3). What we only pass on has others, or nobody to pass it on to (§16.7 step 3).
    const furtherVias = rest !== '' || vias.length > 1;
    if (transaction?.passedOn !== furtherVias) return;
    if (mayAnswer(transaction.flow, flow)) transaction.receive(response, text, flow);
  }

  /** Ends them all without a word to anybody. */
  close(): void {
    for (const transaction of [...this.#byKey.values()]) transaction.destroy();
  }
}

/**
 * Whoever holds a connection must not answer in another's place. A peer that we connected to may answer by
 * a connection of its own, for ours may be gone (RFC 3261 §18.2.2).
 * @param asked - the way of the request
 */
function mayAnswer(asked: Flow, by: Flow): boolean {
  if (asked === by) return true;
  if (!isReliable(asked)) return !isReliable(by);
  return asked.inbound !== true && asked.protocol === by.protocol && asked.address === by.address;
}

function nothing(): void {
  // There is no connection to forget.
}

function withVia(request: SipRequest, value: string): SipRequest {
  return { ...request, headers: [{ name: 'Via', key: 'via', value }, ...request.headers] };
}
