import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Place } from '../core/router';
import { hrefOf, placeOf } from '../core/router';

const here = (): Place => placeOf(window.location.href, window.location.origin) ?? { path: '/', query: {} };

/**
 * Where somebody is, and a way to go elsewhere. Links within the console need nothing: their clicks are taken
 * here, but for those that open a tab or save a file.
 */
export function usePlace(): readonly [Place, (href: string, replace?: boolean) => void] {
  const [place, setPlace] = useState(here);
  const go = useCallback((href: string, replace = false) => {
    const { origin } = window.location;
    if (placeOf(href, origin) === undefined) {
      window.location.assign(hrefOf('/'));
      return;
    }
    window.history[replace ? 'replaceState' : 'pushState'](null, '', href);
    setPlace(here());
    if (!replace) window.scrollTo(0, 0);
  }, []);
  useEffect(() => {
    const moved = (): void => setPlace(here());
    const clicked = (event: MouseEvent): void => {
      if (event.defaultPrevented || event.button !== 0) return;
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const link = (event.target as Element | null)?.closest('a');
      if (!link || link.target !== '' || link.hasAttribute('download')) return;
      // Within the page, to a heading or past the navigation.
      if (link.getAttribute('href')?.startsWith('#') === true) return;
      if (placeOf(link.href, window.location.origin) === undefined) return;
      event.preventDefault();
      go(link.href);
    };
    window.addEventListener('popstate', moved);
    document.addEventListener('click', clicked);
    return () => {
      window.removeEventListener('popstate', moved);
      document.removeEventListener('click', clicked);
    };
  }, [go]);
  return [place, go];
}
