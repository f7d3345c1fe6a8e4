import { useEffect, useReducer, useState } from 'preact/hooks';
import { useConsole } from '../console';
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

/** What happens now, for as long as it is looked at. */
export function useBoard(): LiveBoardState {
  const { api } = useConsole();
  const [board, dispatch] = useReducer(
    (before: Board, actions: readonly BoardAction[]) => actions.reduce(boardReducer, before),
    EMPTY_BOARD,
  );
  const [feed, setFeed] = useState<FeedState>('connecting');
  const [degraded, setDegraded] = useState(false);
  const [now, setNow] = useState(() => Date.now());

  useEffect(() => {
    let waiting: BoardAction[] = [];
    let drawing: number | undefined;
    const take = (action: BoardAction): void => {
      waiting.push(action);
      drawing ??= window.setTimeout(() => {
        drawing = undefined;
        dispatch(waiting);
        waiting = [];
      }, DRAW_MS);
    };
    let round = 0;
    const reload = (): void => {
      const mine = ++round;
      take({ type: 'reset' });
      void Promise.allSettled([
        api.get<{ items: unknown }>('/calls/live'),
        api.get<unknown>('/analytics/live'),
      ]).then(([calls, figures]) => {
        if (mine !== round) return;
        if (calls.status === 'fulfilled') take({ type: 'snapshot', calls: readLiveCalls(calls.value.items) });
        if (figures.status === 'fulfilled') take({ type: 'figures', figures: figures.value });
      });
    };
    const live = new LiveFeed(
      browserFeed(`${window.location.origin.replace(/^http/, 'ws')}/ws/v1/?EIO=4&transport=websocket`),
      TOPICS,
      {
        onState: (state) => {
          setFeed(state);
          // The session may be over: asking renews it, or shows the sign-in.
          if (state === 'refused') api.get('/auth/me').catch(() => undefined);
        },
        onSubscribed: (fresh) => {
          if (fresh) reload();
        },
        onEvent: (event) => take({ type: 'event', event }),
        onBoard: (figures) => take({ type: 'figures', figures }),
        onGap: reload,
        onStatus: setDegraded,
      },
    );
    const tick = window.setInterval(() => {
      setNow(Date.now());
      take({ type: 'tick', now: Date.now() });
    }, TICK_MS);
    const kick = (): void => live.kick();
    window.addEventListener('online', kick);
    document.addEventListener('visibilitychange', kick);
    live.start();
    return () => {
      round = -1;
      live.stop();
      window.clearInterval(tick);
      window.clearTimeout(drawing);
      window.removeEventListener('online', kick);
      document.removeEventListener('visibilitychange', kick);
    };
  }, [api]);

  return { board, feed, degraded: degraded || board.figures?.degraded === true, now };
}
