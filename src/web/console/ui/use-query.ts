import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { Page, Query } from '../api/client';
import { isAway } from '../api/client';
import type { ApiProblem } from '../api/problem';
import { asProblem } from '../api/problem';
import { retryDelayMs } from '../../shared/retry-delay';
import { useConsole } from '../console';

/** Attempts after which the waits grow no longer. */
const MAX_ATTEMPT = 5;

export interface Asked<T> {
  /** What was answered last: it stays while the same is asked again. */
  readonly data: T | undefined;
  readonly problem: ApiProblem | undefined;
  readonly loading: boolean;
  reload(): void;
}

/**
 * Asks for something, and again when what is asked changes. An answer to what was asked before is not shown.
 * @param path - undefined asks for nothing
 */
export function useQuery<T>(path: string | undefined, query?: Query): Asked<T> {
  const { api } = useConsole();
  const [state, setState] = useState<{ asked: string; data?: T; problem?: ApiProblem }>();
  const [round, setRound] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const asked = path === undefined ? undefined : api.urlOf(path, query);
  useEffect(() => {
    if (path === undefined || asked === undefined) return;
    const abort = new AbortController();
    api.get<T>(path, query, abort.signal).then(
      (data) => {
        setAttempt(0);
        setState({ asked, data });
      },
      (error: unknown) => {
        const problem = asProblem(error);
        if (problem.code === 'aborted') return;
        // What was there stays, with what is wrong now.
        setState((before) => ({ ...(before?.asked === asked ? before : {}), asked, problem }));
        if (isAway(problem.status)) setAttempt((before) => before + 1);
      },
    );
    return () => abort.abort();
  }, [api, asked, round]);
  const away = state?.asked === asked && state?.problem !== undefined && isAway(state.problem.status);
  useEffect(() => {
    if (!away) return;
    // It is asked for again by itself, sooner when the network tells that it is back.
    const again = (): void => setRound((before) => before + 1);
    const timer = window.setTimeout(again, retryDelayMs(Math.min(attempt, MAX_ATTEMPT), Math.random()));
    window.addEventListener('online', again);
    return () => {
      window.clearTimeout(timer);
      window.removeEventListener('online', again);
    };
  }, [away, attempt]);
  const fresh = state?.asked === asked ? state : undefined;
  return {
    data: fresh?.data,
    problem: fresh?.problem,
    loading: asked !== undefined && fresh === undefined,
    reload: useCallback(() => setRound((before) => before + 1), []),
  };
}

export interface Listed<Item> {
  readonly items: readonly Item[] | undefined;
  readonly problem: ApiProblem | undefined;
  readonly loading: boolean;
  /** Gets the next page; undefined after the last. */
  readonly more: (() => void) | undefined;
  reload(): void;
}

/** A list of the API, page after page. */
export function useList<Item>(path: string | undefined, query: Query = {}): Listed<Item> {
  const { api } = useConsole();
  const first = useQuery<Page<Item>>(path, query);
  const [rest, setRest] = useState<{ of: Page<Item>; pages: readonly Page<Item>[]; problem?: ApiProblem }>();
  const [busy, setBusy] = useState(false);
  const asking = useRef(false);
  const pages = first.data === undefined ? [] : [first.data, ...(rest?.of === first.data ? rest.pages : [])];
  const cursor = pages.at(-1)?.nextCursor ?? undefined;
  const more = (): void => {
    const of = first.data;
    if (path === undefined || cursor === undefined || of === undefined || asking.current) return;
    asking.current = true;
    setBusy(true);
    const known = pages.slice(1);
    void api
      .get<Page<Item>>(path, { ...query, cursor })
      .then(
        (page) => setRest({ of, pages: [...known, page] }),
        (error: unknown) => setRest({ of, pages: known, problem: asProblem(error) }),
      )
      .finally(() => {
        asking.current = false;
        setBusy(false);
      });
  };
  return {
    items: first.data === undefined ? undefined : pages.flatMap(({ items }) => items),
    problem: first.problem ?? (rest?.of === first.data ? rest?.problem : undefined),
    loading: first.loading || busy,
    more: cursor === undefined ? undefined : more,
    reload: first.reload,
  };
}
