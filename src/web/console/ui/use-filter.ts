import { useConsole } from '../console';
import { hrefOf } from '../core/router';

/** What a list is narrowed by: it stands in the address, so that a link leads to the same list. */
export function useFilter(name: string): readonly [string, (value: string) => void] {
  const { place, go } = useConsole();
  return [
    place.query[name] ?? '',
    (value) => go(hrefOf(place.path, { ...place.query, [name]: value }), true),
  ];
}
