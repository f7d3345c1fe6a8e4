import type { ApiClient } from '../api/client';
import type { User } from '../api/types';
import { isOperator, may } from '../core/rights';
import type { Board, BoardAction } from './board';
import { boardReducer, EMPTY_BOARD, readLiveCalls } from './board';
import type { FeedEnvironment, FeedState } from './feed';
import { LiveFeed } from './feed';

const TICK_MS = 1_000;
/** Events are shown together so often: a busy exchange sends more than can be drawn. */
const DRAW_MS = 200;
/** What waits to be drawn; a browser lets a page that nobody looks at draw once a minute. */
const MOST_WAITING = 2_000;
/** Auctions of so long ago are shown to who comes. */
const AUCTIONS_MS = 3_600_000;
/** Calls on record that are asked for with those that are up. */
const RECORDS = 200;

/** What somebody may watch; a subscription to more is refused as a whole. */
export function topicsOf(user: Pick<User, 'role' | 'scopes'>): readonly string[] {
  return [
    ...(may(user, 'calls:read') ? ['calls', ...(user.role === 'carrier' ? [] : ['auctions'])] : []),
    ...(may(user, 'alerts:read') ? ['alerts'] : []),
    ...(may(user, 'analytics:read') ? ['board'] : []),
  ];
}

export interface LiveBoardState {
  readonly board: Board;
  readonly feed: FeedState;
  /** The exchange works without a part that carries news from node to node. */
  readonly degraded: boolean;
  /** By the clock of the browser, each second. */
  readonly now: number;
}

/**
 * What happens now. It is followed from the first look at it to the sign-out, whichever page is open: the exchange
 * counts connections, and who comes back to the board finds it as it is.
 */
export class BoardStore {
  readonly #api: Pick<ApiClient, 'get'>;
  readonly #feed: LiveFeed;
  readonly #seesAuctions: boolean;
  readonly #environment: FeedEnvironment;
  readonly #watchers = new Set<(state: LiveBoardState) => void>();
  #tick: number | undefined;
  #state: LiveBoardState = { board: EMPTY_BOARD, feed: 'connecting', degraded: false, now: Date.now() };
  #degraded = false;
  #waiting: BoardAction[] = [];
  #drawing: number | undefined;
  #round = 0;

  constructor(
    api: Pick<ApiClient, 'get'>,
    user: Pick<User, 'role' | 'scopes'>,
    environment: FeedEnvironment,
  ) {
    this.#api = api;
    this.#environment = environment;
    this.#seesAuctions = isOperator(user) && may(user, 'auctions:read');
    this.#feed = new LiveFeed(environment, topicsOf(user), {
      onState: (feed) => {
        this.#become({ feed });
        // The session may be over: asking renews it, or shows the sign-in.
        if (feed === 'refused') api.get('/auth/me').catch(() => undefined);
      },
      onSubscribed: (fresh) => {
        if (fresh) this.#reload();
      },
      onEvent: (event) => this.#take({ type: 'event', event }),
      onBoard: (figures) => this.#take({ type: 'figures', figures }),
      onGap: () => this.#reload(),
      onStatus: (degraded) => {
        this.#degraded = degraded;
        this.#become({});
      },
    });
    this.#again();
    this.#feed.start();
  }

  get state(): LiveBoardState {
    return this.#state;
  }

  /** @returns what ends the watching */
  watch(watcher: (state: LiveBoardState) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** Idempotent. */
  close(): void {
    this.#round = -1;
    this.#feed.stop();
    this.#watchers.clear();
    for (const timer of [this.#tick, this.#drawing]) {
      if (timer !== undefined) this.#environment.clearTimer(timer);
    }
  }

  /** The network is back, or the page is looked at again: nothing is waited for any longer. */
  kick(): void {
    if (this.#round >= 0) this.#feed.kick();
  }

  #again(): void {
    this.#tick = this.#environment.setTimer(() => {
      this.#again();
      const now = Date.now();
      this.#waiting.push({ type: 'tick', now });
      this.#draw({ now });
    }, TICK_MS);
  }

  /** Asks for what is; what events tell meanwhile goes before it. */
  #reload(): void {
    const mine = ++this.#round;
    this.#take({ type: 'reset' });
    const calls = this.#api.get<{ items: unknown }>('/calls/live');
    const records = this.#api.get<{ items: unknown }>('/calls', { limit: RECORDS });
    const figures = this.#api.get<unknown>('/analytics/live');
    const auctions = this.#seesAuctions
      ? this.#api.get<{ items: unknown }>('/auctions', { limit: 20, fromTime: Date.now() - AUCTIONS_MS })
      : Promise.resolve({ items: [] });
    void Promise.allSettled([calls, records, auctions, figures]).then(([up, known, cleared, numbers]) => {
      if (mine !== this.#round) return;
      if (cleared.status === 'fulfilled') this.#take({ type: 'auctions', items: cleared.value.items });
      const rows = known.status === 'fulfilled' ? known.value.items : [];
      if (up.status === 'fulfilled') {
        this.#take({ type: 'snapshot', calls: readLiveCalls(up.value.items, rows) });
      }
      if (numbers.status === 'fulfilled') this.#take({ type: 'figures', figures: numbers.value });
    });
  }

  #take(action: BoardAction): void {
    this.#waiting.push(action);
    if (this.#waiting.length >= MOST_WAITING) this.#draw();
    else this.#drawing ??= this.#environment.setTimer(() => this.#draw(), DRAW_MS);
  }

  /** All that waits, at once: watchers are told of it once. */
  #draw(change: Partial<LiveBoardState> = {}): void {
    if (this.#drawing !== undefined) this.#environment.clearTimer(this.#drawing);
    this.#drawing = undefined;
    const actions = this.#waiting.splice(0);
    this.#become({ ...change, board: actions.reduce(boardReducer, this.#state.board) });
  }

  #become(change: Partial<LiveBoardState>): void {
    const next = { ...this.#state, ...change };
    this.#state = { ...next, degraded: this.#degraded || next.board.figures?.degraded === true };
    for (const watcher of this.#watchers) watcher(this.#state);
  }
}
