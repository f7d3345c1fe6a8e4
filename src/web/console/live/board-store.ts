import type { ApiClient } from '../api/client';
import type { Board, BoardAction } from './board';
import { boardReducer, EMPTY_BOARD, readLiveCalls } from './board';
import { browserFeed } from './browser-feed';
import type { FeedState } from './feed';
import { LiveFeed } from './feed';

const TOPICS = ['calls', 'auctions', 'alerts', 'board'] as const;
const TICK_MS = 1_000;
/** Events are shown together so often: a busy exchange sends more than can be drawn. */
const DRAW_MS = 200;

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
  readonly #api: ApiClient;
  readonly #feed: LiveFeed;
  readonly #watchers = new Set<(state: LiveBoardState) => void>();
  readonly #tick: number;
  #state: LiveBoardState = { board: EMPTY_BOARD, feed: 'connecting', degraded: false, now: Date.now() };
  #degraded = false;
  #waiting: BoardAction[] = [];
  #drawing: number | undefined;
  #round = 0;

  constructor(api: ApiClient) {
    this.#api = api;
    const url = `${window.location.origin.replace(/^http/, 'ws')}/ws/v1/?EIO=4&transport=websocket`;
    this.#feed = new LiveFeed(browserFeed(url), TOPICS, {
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
    this.#tick = window.setInterval(() => {
      this.#take({ type: 'tick', now: Date.now() });
      this.#become({ now: Date.now() });
    }, TICK_MS);
    window.addEventListener('online', this.#kick);
    document.addEventListener('visibilitychange', this.#kick);
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
    window.clearInterval(this.#tick);
    window.clearTimeout(this.#drawing);
    window.removeEventListener('online', this.#kick);
    document.removeEventListener('visibilitychange', this.#kick);
  }

  readonly #kick = (): void => {
    if (!document.hidden) this.#feed.kick();
  };

  /** Asks for what is; what events tell meanwhile goes before it. */
  #reload(): void {
    const mine = ++this.#round;
    this.#take({ type: 'reset' });
    const calls = this.#api.get<{ items: unknown }>('/calls/live');
    const figures = this.#api.get<unknown>('/analytics/live');
    void Promise.allSettled([calls, figures]).then(([up, numbers]) => {
      if (mine !== this.#round) return;
      if (up.status === 'fulfilled') this.#take({ type: 'snapshot', calls: readLiveCalls(up.value.items) });
      if (numbers.status === 'fulfilled') this.#take({ type: 'figures', figures: numbers.value });
    });
  }

  #take(action: BoardAction): void {
    this.#waiting.push(action);
    this.#drawing ??= window.setTimeout(() => {
      this.#drawing = undefined;
      const actions = this.#waiting.splice(0);
      this.#become({ board: actions.reduce(boardReducer, this.#state.board) });
    }, DRAW_MS);
  }

  #become(change: Partial<LiveBoardState>): void {
    const next = { ...this.#state, ...change };
    this.#state = { ...next, degraded: this.#degraded || next.board.figures?.degraded === true };
    for (const watcher of this.#watchers) watcher(this.#state);
  }
}
