import type { CallAttempt, CallOrigin, ConsentScope, Finding } from '../domain';
import { finding } from './findings';

/** How and when the call to the person was made. */
export interface Dial {
  /** UTC epoch milliseconds at which rules on the call look. */
  readonly at: number;
  /** A machine may have dialled: strictly so, unless somebody says that a person did. */
  readonly automated: boolean;
  /** The consent that such a call needs. */
  readonly scope: ConsentScope;
  /** How the instant is known; undefined where it is the present. */
  readonly finding: Finding | undefined;
}

/** Longest that a person may have been on the line before the call is handed over. */
const MAX_BEFORE_MS = 2 * 3_600_000;
/** Clocks of senders may be ahead by so much. */
const MAX_AHEAD_MS = 60_000;
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?(Z|([+-])(\d\d):([0-5]\d))$/;
const RULE = 'evidence.dial';
const CITATION = '47 CFR 64.1200(c)(1): the hour at which the call was initiated';

/**
 * When the call to the person was made. A callback and an agent's call are made now; a transfer was
 * dialled before it came here, at the instant of its tag `dialled-at` or else, as far as is known, of
 * its INVITE. Its tag `dial-mode` (`manual`, `autodialed`, `prerecorded`) says how.
 *
 * @param now - UTC epoch milliseconds
 */
export function dialOf(attempt: CallAttempt, origin: CallOrigin, now: number): Dial {
  if (origin === 'inbound_consumer') return { at: now, automated: false, scope: 'calls', finding: undefined };
  const mode = attempt.tags['dial-mode'];
  const scope = scopeOf(mode);
  if (origin === 'callback' || origin === 'agent_outbound') {
    return { at: now, automated: scope !== 'calls', scope, finding: undefined };
  }
  const automated = mode !== 'manual';
  const said = attempt.tags['dialled-at'];
  if (said === undefined) return { at: attempt.receivedAt, automated, scope, finding: NOT_SAID };
  const at = parseInstant(said);
  if (at === undefined || at > attempt.receivedAt + MAX_AHEAD_MS || at < attempt.receivedAt - MAX_BEFORE_MS) {
    return { at: attempt.receivedAt, automated, scope, finding: NOT_BELIEVED };
  }
  return { at, automated, scope, finding: SAID };
}

/** Reads an instant with its zone (RFC 3339 §5.6, capital letters); undefined when it is none. */
export function parseInstant(text: string): number | undefined {
  const found = text.length <= 40 ? INSTANT.exec(text) : null;
  if (!found) return undefined;
  const [year, month, day, hour, minute] = [1, 2, 3, 4, 5].map((n) => Number(found[n])) as Five;
  const second = Number(found[6] ?? 0);
  const midnight = Date.UTC(year, month - 1, day);
  // A day that no month has is carried into the next one.
  if (month < 1 || month > 12 || new Date(midnight).getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second >= 60) return undefined;
  const ahead = (Number(found[9] ?? 0) * 60 + Number(found[10] ?? 0)) * (found[8] === '-' ? -1 : 1);
  return midnight + (hour * 60 + minute) * 60_000 + Math.round(second * 1_000) - ahead * 60_000;
}
type Five = [number, number, number, number, number];

function scopeOf(mode: string | undefined): ConsentScope {
  if (mode === 'autodialed') return 'autodialed_calls';
  return mode === 'prerecorded' ? 'prerecorded_calls' : 'calls';
}

const SAID = finding(RULE, 'pass', CITATION, 'dialled at the instant that its sender tells');
const NOT_SAID = finding(
  RULE,
  'flag',
  CITATION,
  'the sender does not tell when it dialled: taken for the instant of the INVITE',
);
const NOT_BELIEVED = finding(
  RULE,
  'flag',
  CITATION,
  'dialled-at is no instant within two hours before the INVITE: the INVITE itself is taken',
);
