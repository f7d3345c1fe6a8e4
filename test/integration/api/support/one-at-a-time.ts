import { Client } from 'pg';

/** What a connection does at present, as pg has it. */
interface Connection {
  readonly _activeQuery?: { readonly text?: string } | null;
}

const SHOWN = 120;
const overlaps: string[] = [];
let watching = false;

/**
 * Writes down from now on whatever is asked of a connection that is busy with something else: in a transaction
 * the order of two such statements is nobody's intention, and pg will refuse them.
 */
export function watchConnections(): void {
  if (watching) return;
  watching = true;
  const query = Client.prototype.query as (this: Client, ...all: unknown[]) => unknown;
  Client.prototype.query = function (this: Client, ...all: unknown[]) {
    const busyWith = (this as unknown as Connection)._activeQuery;
    if (busyWith) {
      const asked = typeof all[0] === 'string' ? all[0] : (all[0] as { text?: string }).text;
      const at = new Error().stack?.split('\n').slice(2, 8).join('\n') ?? '';
      overlaps.push(`${asked?.slice(0, SHOWN)}\nbeside ${busyWith.text?.slice(0, SHOWN)}\n${at}`);
    }
    return query.apply(this, all);
  } as typeof Client.prototype.query;
}

/** @throws Error when a connection was asked for two things at once since it was asked last */
export function assertOneAtATime(): void {
  const found = overlaps.splice(0);
  if (found.length > 0) throw new Error(`statements beside others on one connection:\n${found.join('\n\n')}`);
}
