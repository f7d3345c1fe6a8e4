import type { Currency, Micros } from '../../domain';
import { addMicros, groupBy, ZERO_MICROS } from '../../domain';
import type { RatedLine } from '../../rating';
import type { Queryable } from '../../storage';
import type { Listener } from './events';
import type { OutboxEvent } from './known-event';

/** Lines of a call, settlement and revisions, in the order in which they were booked. */
interface BookedLines {
  /** 0 of the settlement, then the numbers of the revisions. */
  readonly n: number;
  readonly lines: readonly RatedLine[];
}

/** What a call costs and earns whom at an event, and what it did before. */
export interface EventMoney {
  readonly now: readonly RatedLine[];
  readonly before: readonly RatedLine[];
  /** Accounts that earn something by it. */
  readonly sharers: ReadonlySet<string>;
  readonly currency: Currency;
}

const READ = {
  name: 'postback-call-lines',
  text: `select call_id as "callId", 0 as n, lines from settlements where call_id = any($1)
    union all
    select call_id, n, lines from settlement_revisions where call_id = any($1)
    order by 1, 2`,
};

/** Everything that was booked for calls. */
export async function readCallLines(
  db: Queryable,
  callIds: readonly string[],
): Promise<Map<string, BookedLines[]>> {
  const { rows } = await db.query<BookedLines & { callId: string }>({ ...READ, values: [callIds] });
  return groupBy(
    rows,
    ({ callId }) => callId,
    ({ callId: _callId, ...booked }): BookedLines => booked,
  );
}

/** The lines as they were when an event happened; undefined where the event does not say which of them it is about. */
export function moneyAt(
  { type, payload }: OutboxEvent,
  booked: readonly BookedLines[] | undefined,
): EventMoney | undefined {
  const n = type === 'call.settled' ? 0 : payload['n'];
  const currency = payload['currency'];
  if (booked === undefined || typeof n !== 'number' || typeof currency !== 'string') return undefined;
  const linesOf = (wanted: (at: number) => boolean): RatedLine[] =>
    booked.filter((one) => wanted(one.n)).flatMap(({ lines }) => lines);
  const now = linesOf((at) => at <= n);
  if (now.length === 0) return undefined;
  return {
    now,
    before: linesOf((at) => at < n),
    sharers: new Set(now.filter(({ kind }) => kind === 'payout').map(({ accountId }) => accountId)),
    currency: currency as Currency,
  };
}

/**
 * What of a call's money is one account's own: of fees and taxes the event tells the sums over everybody,
 * of the payout that of all who share in it.
 */
export function ownMoney(
  money: EventMoney | undefined,
  accountId: string,
  listener: Exclude<Listener, 'operator'>,
): Readonly<Record<string, Micros | undefined>> {
  // Others' fees are nobody's business: what is not known line by line is not told.
  if (!money) return { fees: undefined, taxes: undefined };
  const sum = (lines: readonly RatedLine[], kind: RatedLine['kind']): Micros =>
    lines
      .filter(
        (line) => line.kind === kind && line.accountId === accountId && line.currency === money.currency,
      )
      .reduce((total, { amount }) => addMicros(total, amount), ZERO_MICROS);
  return {
    fees: sum(money.now, 'fee'),
    taxes: sum(money.now, 'tax'),
    ...(listener === 'seller' ? { payout: sum(money.now, 'payout') } : {}),
    ...(listener === 'seller' && money.before.length > 0
      ? { previousPayout: sum(money.before, 'payout') }
      : {}),
  };
}
