import type { OneAtATime } from './client';

const LOCK = 'dce.console.refresh';

/** Among the tabs of a browser, where it has locks: it has them on secure origins, and on this machine. */
export const amongTabs: OneAtATime = (work) => {
  const { locks } = navigator as { locks?: LockManager };
  return locks === undefined ? work() : (locks.request(LOCK, work) as ReturnType<typeof work>);
};
