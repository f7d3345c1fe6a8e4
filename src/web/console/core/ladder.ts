import type { Call } from '../api/types';

/** One message of a call's ladder, between two of its columns. */
export interface Rung {
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly label: string;
  /** Columns: 0 is the carrier, 1 the exchange, then each target. */
  readonly from: number;
  readonly to: number;
  readonly tone: 'request' | 'good' | 'bad';
}

export interface Ladder {
  /** Ids of targets, or addresses that were rung: one for each column from the third on. */
  readonly targets: readonly string[];
  readonly rungs: readonly Rung[];
}

/** One message as the exchange recorded it. */
export interface RecordedMessage {
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** `caller`, or `ring-N`. */
  readonly leg: string;
  readonly way: 'in' | 'out';
  /** Method or status code. */
  readonly message: string;
  readonly media?: string;
  readonly uri?: string;
}

const CARRIER = 0;
const EXCHANGE = 1;
/** Columns that fit beside each other. */
const MOST_TARGETS = 6;

/** The SIP messages of a call as the exchange saw them. Legs beyond those that fit are left out. */
export function recordedLadder(messages: readonly RecordedMessage[]): Ladder {
  const legs = [...new Set(messages.map(({ leg }) => leg).filter((leg) => leg !== 'caller'))].slice(
    0,
    MOST_TARGETS,
  );
  const rungs = messages.flatMap(({ at, leg, way, message, media }): Rung[] => {
    const column = leg === 'caller' ? CARRIER : legs.indexOf(leg) + EXCHANGE + 1;
    if (column === EXCHANGE) return [];
    const [from, to] = way === 'in' ? [column, EXCHANGE] : [EXCHANGE, column];
    const said = /^\d{3}$/.test(message) ? statusLabel(Number(message)) : message;
    const label = media === undefined ? said : `${said} (${media})`;
    return [{ at, label, from, to, tone: toneOf(message) }];
  });
  const uriOf = (leg: string): string => messages.find((one) => one.leg === leg && one.uri)?.uri ?? leg;
  return { targets: legs.map(uriOf), rungs };
}

function toneOf(message: string): Rung['tone'] {
  if (/^[3-6]\d\d$/.test(message) || message === 'CANCEL') return 'bad';
  return /^2\d\d$/.test(message) ? 'good' : 'request';
}

/**
 * The SIP messages of a call as its record tells them: those that begin, decide and end each leg. What is
 * between them (100 Trying, PRACK, re-INVITE) is not recorded.
 */
export function ladderOf(call: Call): Ladder {
  const targets = [...new Set((call.attempts ?? []).map(({ targetId }) => targetId))].slice(0, MOST_TARGETS);
  const columnOf = (targetId: string): number => {
    const at = targets.indexOf(targetId);
    return at === -1 ? -1 : EXCHANGE + 1 + at;
  };
  const rungs: Rung[] = [
    { at: call.receivedAt, label: 'INVITE', from: CARRIER, to: EXCHANGE, tone: 'request' },
  ];
  if (call.firstRingAt !== null && call.firstRingAt !== undefined) {
    rungs.push({ at: call.firstRingAt, label: '180 Ringing', from: EXCHANGE, to: CARRIER, tone: 'request' });
  }
  let taken: number | undefined;
  for (const { targetId, startedAt, durationMs, outcome, sipStatus } of call.attempts ?? []) {
    const column = columnOf(targetId);
    // Not rung: a limit was reached before, or no money was there.
    if (column === -1 || outcome === 'cap_reached' || outcome === 'no_funds') continue;
    const at = startedAt + durationMs;
    rungs.push({ at: startedAt, label: 'INVITE', from: EXCHANGE, to: column, tone: 'request' });
    if (outcome === 'answered') {
      rungs.push({ at, label: '200 OK', from: column, to: EXCHANGE, tone: 'good' });
      rungs.push({ at, label: 'ACK', from: EXCHANGE, to: column, tone: 'request' });
      taken = column;
      continue;
    }
    const gaveUp = outcome === 'no_answer' || outcome === 'canceled';
    if (gaveUp) rungs.push({ at, label: 'CANCEL', from: EXCHANGE, to: column, tone: 'bad' });
    else if (sipStatus > 0) {
      rungs.push({ at, label: statusLabel(sipStatus), from: column, to: EXCHANGE, tone: 'bad' });
    }
  }
  if (call.answeredAt !== null) {
    rungs.push({ at: call.answeredAt, label: '200 OK', from: EXCHANGE, to: CARRIER, tone: 'good' });
    rungs.push({ at: call.answeredAt, label: 'ACK', from: CARRIER, to: EXCHANGE, tone: 'request' });
  }
  rungs.push(...endOf(call, taken));
  return {
    targets,
    rungs: rungs
      .map((rung, at) => ({ rung, at }))
      .sort(inTime)
      .map(({ rung }) => rung),
  };
}

/** Messages of one instant stay in the order in which they follow from each other. */
const inTime = (
  one: { readonly rung: Rung; readonly at: number },
  other: { readonly rung: Rung; readonly at: number },
): number => one.rung.at - other.rung.at || one.at - other.at;

function endOf(call: Call, taken: number | undefined): Rung[] {
  const at = call.endedAt;
  if (at === null) return [];
  const bye = (from: number, to: number): Rung => ({ at, label: 'BYE', from, to, tone: 'request' });
  if (call.answeredAt === null) {
    if (call.endReason === 'caller_cancel') {
      return [{ at, label: 'CANCEL', from: CARRIER, to: EXCHANGE, tone: 'bad' }];
    }
    const status = call.sipStatus ?? 0;
    return status > 0 ? [{ at, label: statusLabel(status), from: EXCHANGE, to: CARRIER, tone: 'bad' }] : [];
  }
  const buyer = taken === undefined ? [] : [bye(EXCHANGE, taken)];
  if (call.endReason === 'caller_hangup') return [bye(CARRIER, EXCHANGE), ...buyer];
  if (call.endReason === 'buyer_hangup' && taken !== undefined) {
    return [bye(taken, EXCHANGE), bye(EXCHANGE, CARRIER)];
  }
  return [bye(EXCHANGE, CARRIER), ...buyer];
}

/** Reason phrases that everybody knows (RFC 3261 §21). */
const PHRASES: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  183: 'Session Progress',
  200: 'OK',
  202: 'Accepted',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  600: 'Busy Everywhere',
  603: 'Decline',
  607: 'Unwanted',
  608: 'Rejected',
};

const statusLabel = (status: number): string => `${status} ${PHRASES[status] ?? ''}`.trim();
