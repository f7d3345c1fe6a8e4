import fc from 'fast-check';
import type { Board, BoardAction } from '../../../../src/web/console/live/board';
import {
  boardReducer,
  EMPTY_BOARD,
  ENDED_SHOWN_MS,
  MOST_CALLS,
  readFigures,
  readLiveCalls,
} from '../../../../src/web/console/live/board';

const AT = 1_700_000_000_000;
const after = (...actions: readonly BoardAction[]): Board => actions.reduce(boardReducer, EMPTY_BOARD);
const event = (type: string, id: string, at: number, data: Record<string, unknown> = {}): BoardAction => ({
  type: 'event',
  event: { id: `${at}-0`, topic: 'calls', type, at, subject: { kind: 'call', id }, data },
});
const LIFE = [
  event('call.received', 'c1', AT, { from: '+12125550123', to: '+18005550100', trunkId: 't' }),
  event('call.routed', 'c1', AT + 1, { ok: true, campaignId: 'auto', trunkId: 't' }),
  event('call.ringing', 'c1', AT + 2, { buyerId: 'b1', campaignId: 'auto', attempt: 1, priceMicros: 20 }),
  event('call.ring_failed', 'c1', AT + 3, { buyerId: 'b1', outcome: 'busy' }),
  event('call.ringing', 'c1', AT + 4, { buyerId: 'b2', campaignId: 'auto', attempt: 2, priceMicros: 15 }),
  event('call.answered', 'c1', AT + 5, { buyerId: 'b2', priceMicros: 15 }),
  event('call.ended', 'c1', AT + 9, {
    buyerId: 'b2',
    reason: 'caller_hangup',
    receivedAt: AT,
    endedAt: AT + 9,
  }),
];

describe('a call on the board', () => {
  it('goes through its states, with what each event says of it', () => {
    const answered = after(...LIFE.slice(0, 6)).calls.get('c1');
    expect(answered).toMatchObject({
      state: 'answered',
      from: '+12125550123',
      to: '+18005550100',
      campaignId: 'auto',
      buyerId: 'b2',
      trunkId: 't',
      priceMicros: 15,
      receivedAt: AT,
      since: AT + 5,
    });
    expect(after(...LIFE).calls.get('c1')).toMatchObject({ state: 'ended', reason: 'caller_hangup' });
  });

  it('is in the same state in the end, in whatever order its events come, and how often', () => {
    const many = fc.array(fc.constantFrom(...LIFE), { maxLength: 20 });
    fc.assert(
      fc.property(many, many, (before, behind) => {
        const call = after(...before, ...LIFE, ...behind).calls.get('c1');
        expect(call).toMatchObject({ state: 'ended', from: '+12125550123', buyerId: 'b2', receivedAt: AT });
      }),
    );
  });

  it('is its plan’s again when the buyer hung up, whatever is listed or comes late', () => {
    const left = event('call.returned', 'c1', AT + 7, { buyerId: 'b2', from: 'answered' });
    const board = after(...LIFE.slice(0, 6), left, ...LIFE.slice(2, 6));
    expect(board.calls.get('c1')).toMatchObject({ state: 'attended', since: AT + 7 });
    expect(after(...LIFE, left).calls.get('c1')).toMatchObject({ state: 'ended' });
    const untaken = event('call.returned', 'c1', AT + 4, { buyerId: null, from: 'ringing' });
    expect(after(...LIFE.slice(0, 4), untaken).calls.get('c1')).toMatchObject({ state: 'ringing' });
    const listed = { callId: 'c1', receivedAt: AT, state: 'attended' };
    expect(readLiveCalls([listed, { ...listed, answeredAt: AT + 5 }]).map(({ state }) => state)).toEqual([
      'received',
      'attended',
    ]);
  });

  it('is not set back by a list that was older than its events', () => {
    const calls = readLiveCalls([
      { callId: 'c1', state: 'ringing', receivedAt: AT, attempt: { to: '+1800' } },
    ]);
    const board = after(...LIFE.slice(0, 6), { type: 'snapshot', calls });
    expect(board.calls.get('c1')).toMatchObject({ state: 'answered', buyerId: 'b2' });
  });

  it('is shown for a moment after its end, and let go then', () => {
    const over = after(...LIFE);
    const stays = boardReducer(over, { type: 'tick', now: AT + 9 + ENDED_SHOWN_MS });
    expect(stays.calls.size).toBe(1);
    expect(boardReducer(stays, { type: 'tick', now: AT + 10 + ENDED_SHOWN_MS }).calls.size).toBe(0);
  });

  it('makes room for later ones when there are too many, those that are over first', () => {
    const up = Array.from({ length: MOST_CALLS }, (_, n) => event('call.received', `u${n}`, AT + n));
    const board = after(event('call.ended', 'over', AT), ...up, event('call.received', 'last', AT));
    expect(board.calls.size).toBe(MOST_CALLS);
    expect(board.calls.has('over')).toBe(false);
    expect(board.calls.has('u0')).toBe(false);
    expect(board.calls.has('last')).toBe(true);
  });
});

describe('the board', () => {
  it('shows auctions newest first, each once', () => {
    const cleared = (id: string): BoardAction =>
      event('auction.cleared', id, AT, {
        campaignId: 'auto',
        currency: 'USD',
        total: 3,
        ranked: 2,
        bids: [{ buyerId: 'b1', bidId: 'x', rank: 1, priceMicros: 20 }, 'nonsense'],
      });
    const { auctions } = after(cleared('c1'), cleared('c2'), cleared('c1'));
    expect(auctions.map(({ id }) => id)).toEqual(['c2', 'c1']);
    expect(auctions[0]).toMatchObject({ total: 3, bids: [{ buyerId: 'b1', rank: 1, priceMicros: 20 }] });
  });

  it('shows an alert until it is told that it is over', () => {
    const alert = { code: 'part.degraded', severity: 'warning', detail: 'Redis is away' };
    const raised = event('alert.raised', 'node-1', AT, alert);
    expect(after(raised, raised).alerts).toMatchObject([{ code: 'part.degraded', detail: 'Redis is away' }]);
    const other = event('alert.cleared', 'node-2', AT + 1, alert);
    expect(after(raised, other).alerts).toHaveLength(1);
    expect(after(raised, event('alert.cleared', 'node-1', AT + 1, alert)).alerts).toEqual([]);
  });

  it('begins anew after a gap, and keeps its figures', () => {
    const figures = {
      at: AT,
      calls: { deciding: 1, attended: 4, ringing: 2, answered: 3 },
      attemptsPerSecond: 4.5,
      auctionsPerSecond: 1,
      answerRate5m: 0.5,
      answerRate60m: null,
    };
    const board = after({ type: 'figures', figures }, ...LIFE, { type: 'reset' });
    expect(board.calls.size).toBe(0);
    expect(board.figures).toMatchObject({ calls: figures.calls, answerRate60m: null });
    expect(board.pulse).toEqual([4.5]);
  });

  it('takes anything that comes, and believes only what it can read', () => {
    fc.assert(
      fc.property(fc.anything(), (sent) => {
        const board = after({ type: 'event', event: sent }, { type: 'figures', figures: sent });
        expect(board.calls.size).toBeLessThanOrEqual(1);
        readFigures(sent);
        readLiveCalls(sent);
      }),
    );
  });
});
