import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ApiClient } from './api/client';
import { asProblem } from './api/problem';
import type { Me } from './api/types';
import type { Console, Toast } from './console';
import { ConsoleContext } from './console';
import { hrefOf, placeAfterSignIn } from './core/router';
import { Forgotten } from './pages/forgotten';
import { SetPassword } from './pages/set-password';
import { SignIn } from './pages/sign-in';
import { Shell } from './shell';
import { Failure, Loading } from './ui/states';
import { Toasts } from './ui/toasts';
import { usePlace } from './ui/use-place';
import type { ApiProblem } from './api/problem';

const TOAST_MS = 6_000;
/** Until it is asked again whether the exchange answers. */
const AGAIN_MS = 5_000;
/** Toasts at once; older ones make room. */
const MOST_TOASTS = 4;

/** Who is signed in: nobody knows yet; nobody; somebody; or it cannot be asked. */
type Session =
  | { readonly state: 'unknown' }
  | { readonly state: 'out'; readonly expired: boolean }
  | { readonly state: 'in'; readonly me: Me }
  | { readonly state: 'failed'; readonly problem: ApiProblem };

export function App({ api }: { readonly api: ApiClient }) {
  const [place, go] = usePlace();
  const [session, setSession] = useState<Session>({ state: 'unknown' });
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const lastToast = useRef(0);
  const [away, setAway] = useState(false);

  const enter = useCallback(async (): Promise<void> => {
    try {
      const me = await api.get<Me>('/auth/me');
      api.csrfToken = me.csrfToken ?? api.csrfToken;
      setSession({ state: 'in', me });
    } catch (error) {
      const problem = asProblem(error);
      setSession(problem.status === 401 ? { state: 'out', expired: false } : { state: 'failed', problem });
    }
  }, [api]);

  useEffect(() => {
    // What is open stays in the address, and is shown again after the sign-in.
    api.onSignedOut = () => {
      api.end();
      setSession((before) => ({ state: 'out', expired: before.state === 'in' }));
    };
    api.onAway = setAway;
    void enter();
  }, [api, enter]);

  // Who is signed in is asked again by itself while nobody answers.
  const isUnknown = session.state === 'failed' && away;
  useEffect(() => {
    if (!isUnknown) return;
    const timer = window.setInterval(() => void enter(), AGAIN_MS);
    return () => window.clearInterval(timer);
  }, [isUnknown, enter]);

  // Who is signed in has nothing to do there, however they came.
  const isIn = session.state === 'in';
  useEffect(() => {
    if (isIn && place.path === '/sign-in') {
      go(placeAfterSignIn(place.query['next'], window.location.origin), true);
    }
  }, [isIn, place, go]);

  const closeToast = useCallback(
    (id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)),
    [],
  );
  const toast = useCallback(
    (kind: Toast['kind'], text: string) => {
      const id = ++lastToast.current;
      setToasts((shown) => [...shown, { id, kind, text }].slice(-MOST_TOASTS));
      window.setTimeout(() => closeToast(id), TOAST_MS);
    },
    [closeToast],
  );

  const me = session.state === 'in' ? session.me : undefined;
  const console = useMemo<Console | undefined>(
    () =>
      me && {
        api,
        user: me.user,
        away,
        place,
        go,
        toast,
        reloadUser: enter,
        signOut: async () => {
          await api.post('/auth/sign-out').catch(() => undefined);
          api.end();
          setSession({ state: 'out', expired: false });
          go(hrefOf('/sign-in'));
        },
      },
    [api, me, away, place, go, toast, enter],
  );

  // Links of invitations and resets are for whoever has them.
  if (place.path === '/link') return <SetPassword api={api} onDone={() => go(hrefOf('/sign-in'), true)} />;
  if (place.path === '/forgotten') return <Forgotten api={api} />;
  switch (session.state) {
    case 'unknown':
      return (
        <main class="alone">
          <Loading what="Opening the console" />
        </main>
      );
    case 'failed':
      return (
        <main class="alone">
          <Failure problem={session.problem} onRetry={() => void enter()} />
        </main>
      );
    case 'out':
      return <SignIn api={api} expired={session.expired} onSignedIn={enter} />;
    case 'in':
      return (
        <ConsoleContext.Provider value={console}>
          <Shell />
          <Toasts toasts={toasts} onClose={closeToast} />
        </ConsoleContext.Provider>
      );
  }
}
