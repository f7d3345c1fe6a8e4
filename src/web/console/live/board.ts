import { isRecord } from '../../shared/is-record';

/** A call as the board shows it. */
export interface LiveCall {
  readonly id: string;
  readonly state: LiveState;
  /** UTC epoch milliseconds: of the call, and of the state it is in. */
  readonly receivedAt: number;
  readonly since: number;
  readonly from: string | null;
  readonly to: string | undefined;
  readonly campaignId: string | undefined;
  readonly buyerId: string | undefined;
  readonly trunkId: string | undefined;
  readonly attempt: number | undefined;
  readonly priceMicros: number | undefined;
  /** Why it ended, and how the carrier was answered. */
  readonly reason: string | undefined;
}

/** `attended`: the buyer hung up, and the caller is with the plan of the call. A call goes through them in this order. */
export const LIVE_STATES = ['received', 'ringing', 'answered', 'attended', 'ended'] as const;
export type LiveState = (typeof LIVE_STATES)[number];

/** An auction that cleared. */
export interface LiveAuction {
  /** Of the call. */
  readonly id: string;
  readonly at: number;
  readonly campaignId: string | undefined;
  readonly currency: string | undefined;
  readonly total: number | undefined;
  readonly ranked: number | undefined;
  readonly bids: readonly { readonly buyerId: string; readonly rank: number; readonly priceMicros: number }[];
}

/** Something that somebody should look at. */
export interface LiveAlert {
  readonly id: string;
  /** What it is about: it is over when the same is told of that. */
  readonly about: string;
  readonly at: number;
  readonly code: string;
  readonly severity: string;
  readonly detail: string;
  readonly callId?: string | undefined;
  readonly bidId?: string | undefined;
  readonly targetId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly part?: string | undefined;
  readonly server?: string | undefined;
  readonly currency?: string | undefined;
  readonly amountMicros?: number | undefined;
  readonly score?: number | undefined;
}

/** Money of the day, in one currency; a party is told its own part. */
export interface DayMoney {
  readonly currency: string;
  readonly revenueMicros?: number;
  readonly payoutMicros?: number;
  readonly marginMicros?: number;
}

export interface Figures {
  readonly at: number;
  readonly calls: {
    readonly deciding: number;
    readonly attended: number;
    readonly ringing: number;
    readonly answered: number;
  };
  readonly attemptsPerSecond: number;
  readonly auctionsPerSecond: number;
  readonly answerRate5m: number | null;
  readonly answerRate60m: number | null;
  readonly today?: readonly DayMoney[];
  readonly nodes?: number;
  readonly degraded?: boolean;
}

export interface Board {
  /** By id, in the order in which they came. */
  readonly calls: ReadonlyMap<string, LiveCall>;
  /** Newest first. */
  readonly auctions: readonly LiveAuction[];
  readonly alerts: readonly LiveAlert[];
  readonly figures: Figures | undefined;
  /** Attempts per second of the last two minutes, oldest first. */
  readonly pulse: readonly number[];
}

export const EMPTY_BOARD: Board = {
  calls: new Map(),
  auctions: [],
  alerts: [],
  figures: undefined,
  pulse: [],
};

/** Of calls at once, those that came last; calls that are over are shown for a moment. */
export const MOST_CALLS = 500;
export const ENDED_SHOWN_MS = 20_000;
const MOST_AUCTIONS = 40;
const MOST_ALERTS = 10;
const PULSE_SECONDS = 120;

export type BoardAction =
  /** What is up now, as the API lists it. */
  | { readonly type: 'snapshot'; readonly calls: readonly LiveCall[] }
  /** Auctions of a moment ago, newest first, as the API lists them. */
  | { readonly type: 'auctions'; readonly items: unknown }
  | { readonly type: 'event'; readonly event: unknown }
  | { readonly type: 'figures'; readonly figures: unknown }
  /** Time has passed: calls that were over for long are let go. */
  | { readonly type: 'tick'; readonly now: number }
  | { readonly type: 'reset' };

export function boardReducer(board: Board, action: BoardAction): Board {
  switch (action.type) {
    case 'reset':
      return { ...EMPTY_BOARD, figures: board.figures, pulse: board.pulse };
    case 'snapshot':
      return withSnapshot(board, action.calls);
    case 'auctions':
      return { ...board, auctions: withEarlier(board.auctions, readAuctions(action.items)) };
    case 'figures':
      return withFigures(board, action.figures);
    case 'tick':
      return withoutEnded(board, action.now);
    case 'event':
      return withEvent(board, action.event);
  }
}

function withSnapshot(board: Board, calls: readonly LiveCall[]): Board {
  const known = new Map(board.calls);
  // What events said since it was asked for is newer.
  for (const call of calls) known.set(call.id, later(known.get(call.id), call));
  return { ...board, calls: trimmed(known) };
}

function withFigures(board: Board, data: unknown): Board {
  const figures = readFigures(data);
  if (figures === undefined) return board;
  return { ...board, figures, pulse: [...board.pulse, figures.attemptsPerSecond].slice(-PULSE_SECONDS) };
}

function withoutEnded(board: Board, now: number): Board {
  const isOver = (call: LiveCall): boolean => call.state === 'ended' && now - call.since > ENDED_SHOWN_MS;
  if (![...board.calls.values()].some(isOver)) return board;
  return { ...board, calls: new Map([...board.calls].filter(([, call]) => !isOver(call))) };
}

interface NewsEvent {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

function withEvent(board: Board, sent: unknown): Board {
  const event = readEvent(sent);
  if (event === undefined) return board;
  if (event.type === 'auction.cleared') return withAuction(board, event);
  if (event.type === 'alert.raised') return withAlert(board, event);
  if (event.type === 'alert.cleared') return withoutAlert(board, event);
  const state = stateAfter(event);
  if (state === undefined) return board;
  const calls = new Map(board.calls);
  calls.set(event.id, later(calls.get(event.id), callOf(event, state)));
  return { ...board, calls: trimmed(calls) };
}

/** What an event says of the state of its call; undefined of those that say nothing of it. */
function stateAfter({ type, data }: NewsEvent): LiveState | undefined {
  switch (type) {
    case 'call.received':
    case 'call.routed':
      return 'received';
    case 'call.ringing':
    case 'call.ring_failed':
    case 'call.queued':
      return 'ringing';
    case 'call.answered':
      return 'answered';
    case 'call.returned':
      // Nobody had it: it rings on somewhere, or ends.
      return data['from'] === 'answered' ? 'attended' : undefined;
    case 'call.ended':
      return 'ended';
    default:
      return undefined;
  }
}

function callOf({ id, at, data, type }: NewsEvent, state: LiveState): LiveCall {
  return {
    id,
    state,
    receivedAt: number(data['receivedAt']) ?? at,
    since: state === 'ended' ? (number(data['endedAt']) ?? at) : at,
    from: text(data['from']) ?? null,
    to: text(data['to']),
    campaignId: text(data['campaignId']),
    // The one that did not take it does not have it.
    buyerId: type === 'call.ring_failed' ? undefined : text(data['buyerId']),
    trunkId: text(data['trunkId']),
    attempt: number(data['attempt']),
    priceMicros: number(data['priceMicros']),
    reason: text(data['reason']),
  };
}

/**
 * What is known of a call by two tellings. A state never goes back, whatever comes late; what one telling does
 * not say is taken from the other.
 */
function later(known: LiveCall | undefined, told: LiveCall): LiveCall {
  if (known === undefined) return told;
  const [older, newer] = rank(told) < rank(known) ? [told, known] : [known, told];
  return {
    id: known.id,
    state: newer.state,
    receivedAt: Math.min(known.receivedAt, told.receivedAt),
    since: newer.state === older.state ? Math.min(older.since, newer.since) : newer.since,
    from: newer.from ?? older.from,
    to: newer.to ?? older.to,
    campaignId: newer.campaignId ?? older.campaignId,
    buyerId: newer.buyerId ?? older.buyerId,
    trunkId: newer.trunkId ?? older.trunkId,
    attempt: newer.attempt ?? older.attempt,
    priceMicros: newer.priceMicros ?? older.priceMicros,
    reason: newer.reason ?? older.reason,
  };
}

const rank = ({ state }: LiveCall): number => LIVE_STATES.indexOf(state);

/** Not more than a page can show: those that are over go first, then those that came first. */
function trimmed(calls: Map<string, LiveCall>): Map<string, LiveCall> {
  for (const isDue of [(call: LiveCall) => call.state === 'ended', () => true]) {
    for (const [id, call] of calls) {
      if (calls.size <= MOST_CALLS) return calls;
      if (isDue(call)) calls.delete(id);
    }
  }
  return calls;
}

function withAuction(board: Board, { id, at, data }: NewsEvent): Board {
  if (board.auctions.some((auction) => auction.id === id)) return board;
  const bids = (Array.isArray(data['bids']) ? data['bids'] : []).filter(isRecord).map((bid) => ({
    buyerId: text(bid['buyerId']) ?? '',
    rank: number(bid['rank']) ?? 0,
    priceMicros: number(bid['priceMicros']) ?? 0,
  }));
  const auction: LiveAuction = {
    id,
    at,
    campaignId: text(data['campaignId']),
    currency: text(data['currency']),
    total: number(data['total']),
    ranked: number(data['ranked']),
    bids,
  };
  return { ...board, auctions: [auction, ...board.auctions].slice(0, MOST_AUCTIONS) };
}

/** What was told as it happened goes before what was listed. */
function withEarlier(told: readonly LiveAuction[], listed: readonly LiveAuction[]): readonly LiveAuction[] {
  const known = new Set(told.map(({ id }) => id));
  return [...told, ...listed.filter(({ id }) => !known.has(id))].slice(0, MOST_AUCTIONS);
}

/** Auctions as `GET /auctions` lists them. */
function readAuctions(items: unknown): LiveAuction[] {
  return (Array.isArray(items) ? items : []).filter(isRecord).flatMap((item): LiveAuction[] => {
    const id = text(item['id']);
    const at = number(item['receivedAt']);
    if (id === undefined || at === undefined) return [];
    const winner = isRecord(item['winner']) ? text(item['winner']['buyerId']) : undefined;
    const best = { buyerId: winner ?? '', rank: 1, priceMicros: number(item['price']) ?? 0 };
    return [
      {
        ...{ id, at, campaignId: text(item['campaignId']), currency: text(item['currency']) },
        ...{ total: number(item['bids']), ranked: number(item['ranked']) },
        bids: winner === undefined ? [] : [best],
      },
    ];
  });
}

function withAlert(board: Board, { id, at, data }: NewsEvent): Board {
  const code = text(data['code']) ?? 'alert';
  const detail = text(data['detail']) ?? '';
  const alert: LiveAlert = {
    id: `${id}/${at}/${detail}`,
    about: `${id}/${code}`,
    at,
    code,
    severity: text(data['severity']) ?? 'warning',
    detail,
    callId: text(data['callId']),
    bidId: text(data['bidId']),
    targetId: text(data['targetId']),
    accountId: text(data['accountId']),
    nodeId: text(data['nodeId']),
    part: text(data['part']),
    server: text(data['server']),
    currency: text(data['currency']),
    amountMicros: number(data['amountMicros']),
    score: number(data['score']),
  };
  if (board.alerts.some((known) => known.id === alert.id)) return board;
  return { ...board, alerts: [alert, ...board.alerts].slice(0, MOST_ALERTS) };
}

function withoutAlert(board: Board, { id, data }: NewsEvent): Board {
  const about = `${id}/${text(data['code']) ?? 'alert'}`;
  return { ...board, alerts: board.alerts.filter((alert) => alert.about !== about) };
}

function readEvent(sent: unknown): NewsEvent | undefined {
  if (!isRecord(sent) || !isRecord(sent['subject'])) return undefined;
  const id = text(sent['subject']['id']);
  const type = text(sent['type']);
  const at = number(sent['at']);
  if (id === undefined || type === undefined || at === undefined) return undefined;
  return { id, type, at, data: isRecord(sent['data']) ? sent['data'] : {} };
}

/** Reads live figures; undefined for what are none. */
export function readFigures(data: unknown): Figures | undefined {
  if (!isRecord(data) || !isRecord(data['calls'])) return undefined;
  const rate = (field: string): number | null => number(data[field]) ?? null;
  const up = data['calls'];
  return {
    at: number(data['at']) ?? 0,
    calls: {
      deciding: number(up['deciding']) ?? 0,
      attended: number(up['attended']) ?? 0,
      ringing: number(up['ringing']) ?? 0,
      answered: number(up['answered']) ?? 0,
    },
    attemptsPerSecond: number(data['attemptsPerSecond']) ?? 0,
    auctionsPerSecond: number(data['auctionsPerSecond']) ?? 0,
    answerRate5m: rate('answerRate5m'),
    answerRate60m: rate('answerRate60m'),
    ...(Array.isArray(data['today'])
      ? { today: data['today'].filter(isRecord) as unknown as DayMoney[] }
      : {}),
    ...(number(data['nodes']) === undefined ? {} : { nodes: Number(data['nodes']) }),
    degraded: data['degraded'] === true,
  };
}

/**
 * Calls as `GET /calls/live` lists them.
 * @param rows - the newest of `GET /calls`: what of these calls is on record; parties are told more of it there
 */
export function readLiveCalls(items: unknown, rows: unknown = []): LiveCall[] {
  if (!Array.isArray(items)) return [];
  const records = new Map((Array.isArray(rows) ? rows : []).filter(isRecord).map((row) => [row['id'], row]));
  return items.filter(isRecord).flatMap((live): LiveCall[] => {
    const id = text(live['callId']);
    if (id === undefined) return [];
    const item = { ...records.get(id), ...live };
    const attempt = isRecord(item['attempt']) ? item['attempt'] : {};
    const target = isRecord(item['target']) ? item['target'] : {};
    const receivedAt = number(item['receivedAt']) ?? 0;
    const answeredAt = number(item['answeredAt']);
    const state = stateListed(item['state'], answeredAt !== undefined);
    return [
      {
        id,
        state,
        receivedAt,
        since: answeredAt ?? receivedAt,
        from: text(attempt['from']) ?? text(item['from']) ?? null,
        to: text(attempt['to']) ?? text(item['to']),
        campaignId: text(item['campaignId']),
        buyerId: text(target['buyerId']) ?? text(item['buyerId']),
        trunkId: text(attempt['trunkId']) ?? text(item['trunkId']),
        attempt: undefined,
        priceMicros: number(target['price']) ?? number(item['priceMicros']),
        reason: undefined,
      },
    ];
  });
}

/** A call that is with its plan before anybody has had it counts as received. */
function stateListed(state: unknown, wasAnswered: boolean): LiveState {
  if (state === 'ringing' || state === 'answered') return state;
  return state === 'attended' && wasAnswered ? 'attended' : 'received';
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const number = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;
