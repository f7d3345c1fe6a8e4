import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { useConsole } from './console';
import { isWithin, navigationOf } from './core/navigation';
import type { Params } from './core/router';
import { hrefOf, matchPath } from './core/router';
import type { PageProps } from './routes';
import { ROUTES } from './routes';
import { Mark } from './shell-mark';
import { Button } from './ui/button';
import { ErrorBoundary } from './ui/error-boundary';
import { Page } from './ui/page';
import { Loading } from './ui/states';

/** Navigation at the side, the page beside it. */
export function Shell() {
  const { user, place, away, signOut } = useConsole();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [place.path]);
  return (
    <div class="shell">
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="side">
        <div class="side-head">
          <a class="mark" href={hrefOf('/')}>
            <Mark />
            <span>DCE Console</span>
          </a>
          <button
            type="button"
            class="button quiet side-toggle"
            aria-expanded={open ? 'true' : 'false'}
            aria-controls="navigation"
            onClick={() => setOpen(!open)}
          >
            Menu
          </button>
        </div>
        <div id="navigation" class={open ? 'side-body open' : 'side-body'}>
          <nav aria-label="Main">
            {navigationOf(user).map(({ label, entries }) => (
              <section key={label} class="nav-group">
                <h2 class="nav-label">{label}</h2>
                <ul>
                  {entries.map(({ path, label: name }) => (
                    <li key={path}>
                      <a
                        class="nav-link"
                        href={hrefOf(path)}
                        aria-current={isWithin(place.path, path) ? 'page' : undefined}
                      >
                        {name}
                      </a>
                    </li>
                  ))}
                </ul>
              </section>
            ))}
          </nav>
          <div class="who">
            <a
              class="who-link"
              href={hrefOf('/account')}
              aria-current={place.path === '/account' ? 'page' : undefined}
            >
              <span class="who-name" data-testid="who">
                {user.name}
              </span>
              <span class="who-role">
                {user.role} · {user.accountName}
              </span>
            </a>
            <Button kind="quiet" small onClick={() => void signOut()} testId="sign-out">
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main id="content" class="content" tabIndex={-1}>
        <div role="status">
          {away && (
            <p class="banner warn away" data-testid="away">
              The exchange does not answer. What is shown may be old, and nothing can be saved; it is tried
              again by itself.
            </p>
          )}
        </div>
        <Outlet path={place.path} />
      </main>
    </div>
  );
}

interface Shown {
  readonly path: string;
  readonly View: ComponentType<PageProps>;
  readonly params: Params;
}

/** The page of an address. The one before stays until it is loaded, so that nothing flickers. */
function Outlet({ path }: { readonly path: string }) {
  const [shown, setShown] = useState<Shown | 'missing' | 'failed'>();
  useEffect(() => {
    let stale = false;
    for (const { pattern, load } of ROUTES) {
      const params = matchPath(pattern, path);
      if (params === undefined) continue;
      load().then(
        (View) => {
          if (!stale) setShown({ path, View, params });
        },
        () => {
          if (!stale) setShown('failed');
        },
      );
      return () => {
        stale = true;
      };
    }
    setShown('missing');
    return undefined;
  }, [path]);
  if (shown === undefined) return <Loading />;
  if (shown === 'missing') {
    return (
      <Page title="There is no such page">
        <p>
          Nothing lies at this address. <a href={hrefOf('/')}>Go to the live board</a>.
        </p>
      </Page>
    );
  }
  if (shown === 'failed') {
    return (
      <Page title="This page could not be loaded">
        <p>The console may have been brought up to date meanwhile.</p>
        <Button kind="primary" onClick={() => window.location.reload()}>
          Load again
        </Button>
      </Page>
    );
  }
  const { View, params } = shown;
  return (
    // A page that failed is left behind with its address.
    <ErrorBoundary key={shown.path}>
      <View params={params} />
    </ErrorBoundary>
  );
}
