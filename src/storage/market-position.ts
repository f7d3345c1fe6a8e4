/** An instant of the market: an era of the database's transaction numbers, and a snapshot within it. */
export interface MarketPosition {
  readonly era: number;
  /** As PostgreSQL writes a `pg_snapshot`: `xmin:xmax:xip,…`. */
  readonly snapshot: string;
}

const POSITION = /^([1-9]\d{0,8})\/((\d{1,18}):(\d{1,18}):(\d{1,18}(?:,\d{1,18})*)?)$/;
/** More transactions than this are never under way at once (`max_connections` is far lower). */
const MAX_LENGTH = 1_000_000;

/** e.g. `1/742:745:743`. */
export function writePosition({ era, snapshot }: MarketPosition): string {
  return `${era}/${snapshot}`;
}

/** @returns undefined for what PostgreSQL would not take for a snapshot */
export function readPosition(text: string): MarketPosition | undefined {
  const match = text.length <= MAX_LENGTH ? POSITION.exec(text) : null;
  if (!match) return undefined;
  const [, era, snapshot, xmin, xmax, running] = match;
  const [from, to] = [BigInt(xmin as string), BigInt(xmax as string)];
  if (from === 0n || from > to) return undefined;
  let before = from - 1n;
  for (const xid of running?.split(',') ?? []) {
    const at = BigInt(xid);
    if (at <= before || at >= to) return undefined;
    before = at;
  }
  return { era: Number(era), snapshot: snapshot as string };
}

/**
 * Order of two positions of one database: a later one sees everything that an earlier one does.
 * @returns below 0 when `a` is earlier, above 0 when it is later, 0 when both see the same
 */
export function comparePositions(a: MarketPosition, b: MarketPosition): number {
  if (a.era !== b.era) return a.era - b.era;
  const one = bounds(a);
  const two = bounds(b);
  // Of two snapshots of one server the later never has a lower bound below the other's.
  if (one.xmax !== two.xmax) return one.xmax < two.xmax ? -1 : 1;
  if (one.xmin !== two.xmin) return one.xmin < two.xmin ? -1 : 1;
  return two.running - one.running;
}

function bounds({ snapshot }: MarketPosition): { xmin: bigint; xmax: bigint; running: number } {
  const [xmin = '0', xmax = '0', running = ''] = snapshot.split(':');
  return {
    xmin: BigInt(xmin),
    xmax: BigInt(xmax),
    running: running === '' ? 0 : running.split(',').length,
  };
}
