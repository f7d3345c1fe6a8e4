import type { Deadlines } from '../deadlines';
import type { HttpRequest, HttpResult } from './exchange';
import type { HttpSender } from './http-client';

/**
 * Sends a request that is taken back at an instant.
 * @param until - monotonic milliseconds
 * @param onDone - called exactly once, possibly before this returns
 */
export function sendTimed(
  http: HttpSender,
  deadlines: Deadlines,
  request: HttpRequest,
  until: number,
  onDone: (result: HttpResult) => void,
): void {
  let over = false;
  let forget: (() => void) | undefined;
  const exchange = http.send(request, (result) => {
    over = true;
    forget?.();
    deadlines.poll();
    onDone(result);
  });
  if (!over) forget = deadlines.add(until, () => exchange.abort());
}
