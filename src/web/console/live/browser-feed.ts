import type { FeedEnvironment, FeedSocket } from './feed';

/** Sockets and timers of the browser. */
export function browserFeed(url: string): FeedEnvironment {
  return {
    open: () => new WebSocket(url) as unknown as FeedSocket,
    setTimer: (work, ms) => window.setTimeout(work, ms),
    clearTimer: (timer) => window.clearTimeout(timer),
    random: () => Math.random(),
  };
}
