import type { Redis } from 'ioredis';
import type { Role, TenantRole } from '../domain';
import type { CallEvent } from '../signaling';
import type { LiveNumbers } from './live-counts';
import { EVERYTHING, LIVE_NUMBERS, LiveCounts, NO_NUMBERS, RATE_SECONDS } from './live-counts';
import { LiveNodes } from './live-nodes';

/** Whose calls: all of them, or those that an account has a part in. */
export type LiveScope = { readonly accountId: string; readonly role: TenantRole } | undefined;

/** Whose calls somebody is told of: who is of the exchange sees them all. */
export function liveScopeOf({ accountId, role }: { accountId: string; role: Role }): LiveScope {
  return role === 'admin' || role === 'auditor' ? undefined : { accountId, role };
}

/** Money of calls since midnight, as far as it is booked; one entry for each currency. */
export interface MoneyToday {
  readonly currency: string;
  readonly revenueMicros: number;
  readonly payoutMicros: number;
  readonly marginMicros: number;
}

/** What goes on now, over all nodes. */
export interface LiveFigures {
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** Calls that are up, by their state; `attended` are with their plan, before a buyer or after one. */
  readonly calls: {
    readonly deciding: number;
    readonly attended: number;
    readonly ringing: number;
    readonly answered: number;
  };
  /** Averages of the last ten seconds. */
  readonly attemptsPerSecond: number;
  readonly auctionsPerSecond: number;
  /** Answered calls of those that were answered or ended, in the last 5 and 60 minutes; null when there were none. */
  readonly answerRate5m: number | null;
  readonly answerRate60m: number | null;
  /** Undefined while it is not known. What the scope's role may not see is left out. */
  readonly today: readonly Partial<MoneyToday>[] | undefined;
  /** Nodes whose calls are counted. */
  readonly nodes: number;
  /** The calls of other nodes are not known at present. */
  readonly degraded: boolean;
}

export interface LiveCountersOptions {
  readonly nodeId: string;
  readonly redis?: Redis | undefined;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Account of the carrier whose trunk it is. */
  readonly carrierOf: (trunkId: string) => string | undefined;
  /** Reads the money of today. */
  readonly moneyToday?: (scope: LiveScope) => Promise<readonly MoneyToday[]>;
  readonly onDegraded?: (degraded: boolean, error?: Error) => void;
  /** Milliseconds from one word with the other nodes to the next. */
  readonly everyMs?: number;
  /** What keys in Redis begin with. */
  readonly prefix?: string;
}

/** The money of today is read again when it is older. */
const MONEY_MS = 5_000;
const MOST_MONEY = 500;

interface KnownMoney {
  money: readonly MoneyToday[] | undefined;
  readAt: number;
  reading: Promise<void> | undefined;
}

/** Live figures of the exchange, and of each party, for boards. */
export class LiveCounters {
  readonly #options: LiveCountersOptions;
  readonly #counts: LiveCounts;
  readonly #nodes: LiveNodes | undefined;
  readonly #money = new Map<string, KnownMoney>();

  constructor(options: LiveCountersOptions) {
    this.#options = options;
    const counts = new LiveCounts(options.now, options.carrierOf);
    this.#counts = counts;
    this.#nodes =
      options.redis &&
      new LiveNodes(options.redis, {
        nodeId: options.nodeId,
        own: () => counts.all(),
        ...(options.everyMs === undefined ? {} : { everyMs: options.everyMs }),
        ...(options.prefix === undefined ? {} : { prefix: options.prefix }),
        ...(options.onDegraded === undefined ? {} : { onDegraded: options.onDegraded }),
      });
  }

  /** To be told of every event of this node's calls. */
  onCall(event: CallEvent): void {
    this.#counts.onCall(event);
  }

  start(): void {
    this.#nodes?.start();
  }

  /** Resolves when nothing of it is under way any more. */
  async close(): Promise<void> {
    await this.#nodes?.close();
    await Promise.all([...this.#money.values()].map(({ reading }) => reading));
  }

  /** Tells and hears at once, for tests. @throws Error while Redis is away */
  async exchange(): Promise<void> {
    await this.#nodes?.exchange();
  }

  /** What is known now; takes no time. Money is what was last read, and is read anew behind it. */
  snapshot(scope?: LiveScope): LiveFigures {
    const known = this.#moneyOf(scope);
    void this.#readMoney(scope, known);
    return this.#figures(scope, known);
  }

  /** The same as the board tells it. */
  board(viewer: { readonly accountId: string; readonly role: Role }): LiveFigures {
    return this.snapshot(liveScopeOf(viewer));
  }

  /** The same, with the money waited for. @throws Error when that cannot be read */
  async figures(scope?: LiveScope): Promise<LiveFigures> {
    const known = this.#moneyOf(scope);
    await this.#readMoney(scope, known);
    return this.#figures(scope, known);
  }

  #figures(scope: LiveScope, { money }: KnownMoney): LiveFigures {
    const { now } = this.#options;
    const name = scope?.accountId ?? EVERYTHING;
    const numbers = together(this.#counts.numbers(name), this.#nodes?.numbers(name));
    const { deciding, attended, ringing, answered, attempts, auctions } = numbers;
    return {
      at: now(),
      calls: { deciding, attended, ringing, answered },
      attemptsPerSecond: attempts / RATE_SECONDS,
      auctionsPerSecond: auctions / RATE_SECONDS,
      answerRate5m: rate(numbers.answers5, numbers.known5),
      answerRate60m: rate(numbers.answers60, numbers.known60),
      today: money?.flatMap((one) => visible(one, scope)),
      nodes: 1 + (this.#nodes?.size ?? 0),
      degraded: this.#nodes?.degraded ?? false,
    };
  }

  #moneyOf(scope: LiveScope): KnownMoney {
    const name = scope ? `${scope.role} ${scope.accountId}` : EVERYTHING;
    const known = this.#money.get(name) ?? { money: undefined, readAt: -Infinity, reading: undefined };
    // The one that was asked for the longest time ago makes room.
    this.#money.delete(name);
    this.#money.set(name, known);
    for (const oldest of this.#money.keys()) {
      if (this.#money.size <= MOST_MONEY) break;
      this.#money.delete(oldest);
    }
    return known;
  }

  /** What cannot be read stays as it was. */
  async #readMoney(scope: LiveScope, known: KnownMoney): Promise<void> {
    const { moneyToday, now } = this.#options;
    if (!moneyToday || now() - known.readAt < MONEY_MS) return;
    known.reading ??= moneyToday(scope)
      .then(
        (money) => {
          known.money = money;
        },
        () => undefined,
      )
      .finally(() => {
        known.readAt = now();
        known.reading = undefined;
      });
    await known.reading;
  }
}

function together(a: LiveNumbers = NO_NUMBERS, b: LiveNumbers = NO_NUMBERS): LiveNumbers {
  return Object.fromEntries(
    LIVE_NUMBERS.map((field) => [field, a[field] + b[field]]),
  ) as unknown as LiveNumbers;
}

function rate(part: number, whole: number): number | null {
  return whole === 0 ? null : Math.round((part / whole) * 1e4) / 1e4;
}

/** What a party pays or earns; in which other currencies the exchange has money of its calls, it is not told. */
function visible(money: MoneyToday, scope: LiveScope): Partial<MoneyToday>[] {
  const { currency, revenueMicros, payoutMicros } = money;
  switch (scope?.role) {
    case undefined:
      return [money];
    case 'buyer':
      return revenueMicros === 0 ? [] : [{ currency, revenueMicros }];
    case 'seller':
      return payoutMicros === 0 ? [] : [{ currency, payoutMicros }];
    case 'carrier':
      return [];
  }
}
