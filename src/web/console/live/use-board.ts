import { useEffect, useState } from 'preact/hooks';
import type { ApiClient } from '../api/client';
import type { User } from '../api/types';
import { useConsole } from '../console';
import type { LiveBoardState } from './board-store';
import { BoardStore } from './board-store';
import { browserFeed } from './browser-feed';

const stores = new WeakMap<ApiClient, BoardStore>();

/** The one of a session, which ends with it. */
function storeOf(api: ApiClient, user: User): BoardStore {
  const known = stores.get(api);
  if (known !== undefined) return known;
  const url = `${window.location.origin.replace(/^http/, 'ws')}/ws/v1/?EIO=4&transport=websocket`;
  const store = new BoardStore(api, user, browserFeed(url));
  const kick = (): void => {
    if (!document.hidden) store.kick();
  };
  window.addEventListener('online', kick);
  document.addEventListener('visibilitychange', kick);
  stores.set(api, store);
  api.atEnd(() => {
    window.removeEventListener('online', kick);
    document.removeEventListener('visibilitychange', kick);
    store.close();
    stores.delete(api);
  });
  return store;
}

/** What happens now. */
export function useBoard(): LiveBoardState {
  const { api, user } = useConsole();
  const [state, setState] = useState(() => storeOf(api, user).state);
  useEffect(() => {
    const store = storeOf(api, user);
    setState(store.state);
    return store.watch(setState);
  }, [api, user]);
  return state;
}
