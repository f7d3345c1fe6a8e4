import type { Bid, E164 } from '../../../src/domain';
import { micros } from '../../../src/domain';
import type { Confirmation } from '../../../src/rtb';
import { Confirmer } from '../../../src/rtb/confirmer';
import { DEFAULT_NOTICES, Notices } from '../../../src/rtb/notices';
import { Bench, bid, CALLER, ok, useVirtualTime } from './fixtures';

useVirtualTime();

const CALL = { callId: 'call-1', caller: CALLER, currency: 'USD' };
const OFFER = { reference: 'offer-9', price: micros(31_250_000) };
const asked = (more: Partial<NonNullable<Bid['ping']>> = {}): Bid =>
  bid(
    'a',
    {},
    { confirmUrl: 'https://a.example.com/confirm', noticeUrl: 'https://a.example.com/notice', ...more },
  );

describe('confirmation', () => {
  const confirmer = (bench: Bench): Confirmer => new Confirmer({ ...bench, timeoutMs: 400 });
  const outcome = async (
    bench: Bench,
    confirming: Promise<Confirmation>,
    milliseconds: number,
  ): Promise<Confirmation | undefined> => {
    let seen: Confirmation | undefined;
    void confirming.then((confirmation) => {
      seen = confirmation;
    });
    await bench.wait(milliseconds);
    return seen;
  };

  test('a bid that wants none is confirmed at once', async () => {
    const bench = new Bench();
    expect(await confirmer(bench).confirm(CALL, bid('a'), OFFER)).toEqual({ ok: true });
    expect(bench.http.sent).toEqual([]);
  });

  test('the buyer learns who calls, and says yes', async () => {
    const bench = new Bench();
    const confirming = confirmer(bench).confirm(CALL, asked({ secret: 'shh' }), OFFER);
    const { json, request } = bench.http.to('a');
    expect(request.url.href).toBe('https://a.example.com/confirm');
    expect(request.headers['x-dce-signature']).toMatch(/^t=\d+,v1=/);
    expect(json).toEqual({
      bidid: 'offer-9',
      impid: 'a',
      call_id: 'call-1',
      price: 31.25,
      cur: 'USD',
      ani: CALLER,
      tmax: 400,
    });
    bench.http.to('a').answer(ok({ accept: true }));
    expect(await confirming).toEqual({ ok: true });
    await bench.wait(1_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    [ok('', 204), { ok: true }],
    [ok({ accept: false, nbr: 1003 }), { ok: false, why: 'refused', detail: '1003 no_capacity' }],
    [ok({ accept: false }), { ok: false, why: 'refused' }],
    [ok({ accept: 'yes' }), { ok: false, why: 'unreachable' }],
    [ok({}), { ok: false, why: 'unreachable' }],
    [ok('<html>'), { ok: false, why: 'unreachable' }],
    [ok({ accept: true }, 302), { ok: false, why: 'refused' }],
    [ok({ accept: true }, 409), { ok: false, why: 'refused' }],
    [ok({ accept: true }, 500), { ok: false, why: 'unreachable' }],
    [{ ok: false, why: 'broken', detail: 'ECONNRESET' } as const, { ok: false, why: 'unreachable' }],
  ])('%j', async (result, expected) => {
    const bench = new Bench();
    bench.http.atOnce = () => result;
    expect(await confirmer(bench).confirm(CALL, asked(), OFFER)).toMatchObject(expected);
  });

  test('silence is no, after its own short time', async () => {
    const bench = new Bench();
    const confirming = confirmer(bench).confirm(CALL, asked(), OFFER);
    expect(await outcome(bench, confirming, 390)).toBeUndefined();
    expect(await outcome(bench, confirming, 20)).toMatchObject({ ok: false, why: 'unreachable' });
    expect(bench.http.to('a').aborted).toBe(true);
  });

  test('who never answers is no longer waited for', async () => {
    const bench = new Bench();
    const one = confirmer(bench);
    for (let n = 0; n < 10; n++) await outcome(bench, one.confirm(CALL, asked(), OFFER), 500);
    expect(await outcome(bench, one.confirm(CALL, asked(), OFFER), 0)).toMatchObject({ ok: false });
    expect(bench.http.sent).toHaveLength(10);
  });
});

describe('notices', () => {
  const WON = { won: true } as const;
  const LOST = { won: false, reason: 'outbid' } as const;

  test('the winner learns the price and the caller, losers only that they lost and why', () => {
    const bench = new Bench();
    const notices = new Notices(bench);
    notices.tell(CALL, asked(), OFFER, WON);
    notices.tell(CALL, asked(), OFFER, LOST);
    expect(bench.http.sent.map(({ json }) => json)).toEqual([
      {
        type: 'win',
        bidid: 'offer-9',
        impid: 'a',
        call_id: 'call-1',
        price: 31.25,
        cur: 'USD',
        reason: 0,
        reason_text: 'won',
        at: '2026-11-21T12:00:00.000Z',
        ani: CALLER,
      },
      {
        type: 'loss',
        bidid: 'offer-9',
        impid: 'a',
        price: 31.25,
        cur: 'USD',
        reason: 102,
        reason_text: 'outbid',
        at: '2026-11-21T12:00:00.000Z',
      },
    ]);
    notices.close();
  });

  test('a bid that wants to hear nothing is told nothing', () => {
    const bench = new Bench();
    new Notices(bench).tell(CALL, bid('a'), OFFER, WON);
    expect(bench.http.sent).toEqual([]);
  });

  test('trouble is met with four more tries, then it is dropped and counted', async () => {
    const bench = new Bench();
    bench.http.atOnce = () => ok('', 503);
    const notices = new Notices(bench);
    notices.tell(CALL, asked(), OFFER, WON);
    const tries: number[] = [];
    for (const pause of [98, 4, 496, 4, 1_996, 4, 4_996, 4, 60_000]) {
      await bench.wait(pause);
      tries.push(bench.http.sent.length);
    }
    expect(tries).toEqual([1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(notices.figures).toEqual({ delivered: 0, retried: 4, dropped: 1, waiting: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('what is heard and not wanted is not said again', async () => {
    const bench = new Bench();
    bench.http.atOnce = () => ok('', 404);
    const notices = new Notices(bench);
    notices.tell(CALL, asked(), OFFER, WON);
    await bench.wait(10_000);
    expect(bench.http.sent).toHaveLength(1);
    expect(notices.figures).toMatchObject({ dropped: 1, waiting: 0 });
  });

  test('silence counts as trouble', async () => {
    const bench = new Bench();
    const notices = new Notices(bench);
    notices.tell(CALL, asked(), OFFER, WON);
    await bench.wait(2_150);
    expect(bench.http.sent).toHaveLength(2);
    bench.http.to('a').answer(ok('', 200));
    expect(notices.figures).toEqual({ delivered: 1, retried: 1, dropped: 0, waiting: 0 });
  });

  test('so many wait, so many are under way, and the rest is dropped and counted', async () => {
    const bench = new Bench();
    const notices = new Notices(bench, { ...DEFAULT_NOTICES, maxWaiting: 5, maxInFlight: 2 });
    for (let n = 0; n < 8; n++) notices.tell(CALL, asked(), { ...OFFER, reference: `o${n}` }, LOST);
    expect(bench.http.sent).toHaveLength(2);
    expect(notices.figures).toMatchObject({ waiting: 5, dropped: 3 });
    for (let n = 0; n < 5; n++) {
      bench.http.sent[n]?.answer(ok('', 204));
      await bench.wait(0);
    }
    expect(bench.http.sent.map(({ json }) => json['bidid'])).toEqual(['o0', 'o1', 'o2', 'o3', 'o4']);
    expect(notices.figures).toMatchObject({ delivered: 5, waiting: 0 });
  });

  test('on closing nothing is left behind', async () => {
    const bench = new Bench();
    bench.http.atOnce = () => ({ ok: false, why: 'unreachable', detail: 'gone' });
    const notices = new Notices(bench);
    for (let n = 0; n < 10; n++)
      notices.tell({ ...CALL, caller: `+1212555010${n}` as E164 }, asked(), OFFER, LOST);
    notices.close();
    notices.tell(CALL, asked(), OFFER, LOST);
    await bench.wait(100_000);
    expect(bench.http.sent).toHaveLength(10);
    expect(notices.figures).toMatchObject({ dropped: 10, waiting: 0 });
    expect(jest.getTimerCount()).toBe(0);
  });
});
