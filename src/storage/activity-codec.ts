import type { ActivityEvent, CallOrigin, CallSource, E164, Micros } from '../domain';
import { CALL_ORIGINS } from '../domain';

/** Format of a batch; another one is not read. */
const VERSION = 1;
const KINDS = ['attempt', 'connected', 'ended'] as const;
const ENDERS = ['caller', 'buyer', 'exchange'] as const;

/** A batch as it is written: every text once, events as lists of numbers that point to them. */
interface Batch {
  readonly v: number;
  /** UTC epoch milliseconds that instants are counted from. */
  readonly t: number;
  /** Texts. */
  readonly s: readonly string[];
  /** Events. */
  readonly e: readonly (readonly (number | null)[])[];
}

/** Writes events as short as JSON allows: about fifty bytes each. */
export function encodeActivity(events: readonly ActivityEvent[]): string {
  const texts: string[] = [];
  const places = new Map<string, number>();
  const place = (text: string | undefined): number | null => {
    if (text === undefined) return null;
    let at = places.get(text);
    if (at === undefined) {
      at = texts.push(text) - 1;
      places.set(text, at);
    }
    return at;
  };
  const base = events[0]?.at ?? 0;
  const batch: Batch = {
    v: VERSION,
    t: base,
    s: texts,
    e: events.map((event) => [
      KINDS.indexOf(event.kind),
      event.at - base,
      event.caller === undefined ? null : Number(event.caller.slice(1)),
      Number(event.did.slice(1)),
      place(event.trunkId),
      place(event.sellerId),
      place(event.campaignId),
      CALL_ORIGINS.indexOf(event.origin),
      ...particulars(event, place),
    ]),
  };
  return JSON.stringify(batch);
}

/**
 * Reads a batch back.
 * @throws SyntaxError or RangeError for what {@link encodeActivity} did not write
 */
export function decodeActivity(text: string): ActivityEvent[] {
  const { v, t, s, e } = JSON.parse(text) as Batch;
  if (v !== VERSION) throw new RangeError(`activity of format ${String(v)}`);
  if (!Number.isFinite(t) || !Array.isArray(s) || !Array.isArray(e))
    throw new RangeError('no batch of events');
  return e.map((row) => readEvent(row, t, s));
}

function particulars(
  event: ActivityEvent,
  place: (text: string | undefined) => number | null,
): (number | null)[] {
  if (event.kind === 'attempt') {
    return [Number(event.placeContradicted) + 2 * Number(event.misidentified) + 4 * Number(event.signed)];
  }
  const taker = [place(event.buyerId), place(event.targetId)];
  if (event.kind === 'connected') return taker;
  return [
    ...taker,
    event.ringMs ?? null,
    event.connectedMs,
    ENDERS.indexOf(event.endedBy) + 3 * Number(event.answered) + 6 * Number(event.converted),
    event.revenue,
    event.payoutAfterMs ?? null,
  ];
}

function readEvent(row: readonly (number | null)[], base: number, texts: readonly string[]): ActivityEvent {
  const number = (at: number): number => {
    const value = row[at];
    if (typeof value !== 'number') throw new RangeError('an event without its numbers');
    return value;
  };
  const textAt = (at: number): string | undefined => {
    const text = row[at] === null ? undefined : texts[number(at)];
    if (row[at] !== null && typeof text !== 'string') throw new RangeError('an event without its texts');
    return text;
  };
  const required = (at: number): string => {
    const text = textAt(at);
    if (text === undefined) throw new RangeError('an event without its texts');
    return text;
  };
  const origin: CallOrigin | undefined = CALL_ORIGINS[number(7)];
  if (!origin) throw new RangeError('an event of no origin');
  const source: CallSource = {
    at: base + number(1),
    caller: row[2] === null ? undefined : (`+${number(2)}` as E164),
    did: `+${number(3)}` as E164,
    trunkId: required(4),
    sellerId: textAt(5),
    campaignId: textAt(6),
    origin,
  };
  const kind = KINDS[number(0)];
  if (!kind) throw new RangeError('an event of no kind');
  switch (kind) {
    case 'attempt': {
      const flags = number(8);
      return {
        ...source,
        kind,
        placeContradicted: (flags & 1) !== 0,
        misidentified: (flags & 2) !== 0,
        signed: (flags & 4) !== 0,
      };
    }
    case 'connected':
      return { ...source, kind, buyerId: required(8), targetId: required(9) };
    case 'ended': {
      const how = number(12);
      return {
        ...source,
        kind,
        buyerId: textAt(8),
        targetId: textAt(9),
        ringMs: row[10] === null ? undefined : number(10),
        connectedMs: number(11),
        endedBy: ENDERS[(how % 3) as 0 | 1 | 2],
        answered: Math.floor(how / 3) % 2 === 1,
        converted: how >= 6,
        revenue: number(13) as Micros,
        payoutAfterMs: row[14] === null ? undefined : number(14),
      };
    }
  }
}
