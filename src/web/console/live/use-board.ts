import { useEffect, useState } from 'preact/hooks';
import type { ApiClient } from '../api/client';
import { useConsole } from '../console';
import type { LiveBoardState } from './board-store';
import { BoardStore } from './board-store';

const stores = new WeakMap<ApiClient, BoardStore>();

/** The one of a session, which ends with it. */
function storeOf(api: ApiClient): BoardStore {
  const known = stores.get(api);
  if (known !== undefined) return known;
  const store = new BoardStore(api);
  stores.set(api, store);
  api.atEnd(() => {
    store.close();
    stores.delete(api);
  });
  return store;
}

/** What happens now. */
export function useBoard(): LiveBoardState {
  const { api } = useConsole();
  const [state, setState] = useState(() => storeOf(api).state);
  useEffect(() => storeOf(api).watch(setState), [api]);
  return state;
}
