import { useEffect, useRef } from 'preact/hooks';

/**
 * Takes the focus to what is shown anew, where nobody has it: what had it is gone, or nothing was used
 * yet. Whoever is at something else stays there, so that no key that is meant for it does anything here.
 */
export function useArrival<T extends HTMLElement>() {
  const place = useRef<T>(null);
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) place.current?.focus();
  }, []);
  return place;
}
