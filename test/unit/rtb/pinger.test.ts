import * as fc from 'fast-check';
import type { Bid, E164 } from '../../../src/domain';
import { micros } from '../../../src/domain';
import { bidRequestSchema } from '../../../src/rtb';
import { verifySignature } from '../../../src/rtb/signature';
import {
  attempt,
  Bench,
  bid,
  call,
  CALLER,
  NOON,
  ok,
  plan,
  planned,
  useVirtualTime,
  watch,
} from './fixtures';

useVirtualTime();

describe('the deadline', () => {
  test('who has answered is in, who has not is told of by reason; nobody is waited for', async () => {
    const bench = new Bench();
    const bids = [bid('fast'), bid('none'), bid('slow'), bid('short', {}, { timeoutMs: 100 })];
    const seen = watch(bench, bench.pinger.ask(call(), plan(bids, 300)));
    await bench.wait(40);
    bench.http.to('fast').answer(ok({ price: 20, bidid: 'f1' }));
    bench.http.to('none').answer(ok('', 204));
    await bench.wait(59);
    expect(seen.bids).toBeUndefined();
    await bench.wait(300);
    expect(seen.at).toBeGreaterThanOrEqual(299);
    expect(seen.at).toBeLessThanOrEqual(301);
    expect(seen.bids).toMatchObject([
      {
        bidId: 'fast',
        ok: true,
        price: 20_000_000,
        reference: 'f1',
        latencyMs: 40,
        expiresAt: NOON + 30_040,
      },
      { bidId: 'none', ok: false, why: 'rtb_no_bid' },
      { bidId: 'slow', ok: false, why: 'rtb_deadline', latencyMs: 300 },
      { bidId: 'short', ok: false, why: 'rtb_timeout', latencyMs: 100 },
    ]);
  });

  test('a round ends as soon as everybody has answered', async () => {
    const bench = new Bench();
    const seen = watch(bench, bench.pinger.ask(call(), plan([bid('a'), bid('b')], 300)));
    await bench.wait(10);
    bench.http.to('a').answer(ok({ price: 20 }));
    bench.http.to('b').answer(ok({ price: 21 }));
    await bench.wait(0);
    expect(seen.at).toBe(10);
    await bench.wait(10_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('replies that all come at once, and take long to be read, do not hold it up', async () => {
    const bench = new Bench();
    const bids = Array.from({ length: 60 }, (_, index) => bid(`b${index}`));
    const seen = watch(bench, bench.pinger.ask(call(), plan(bids, 100)));
    await bench.wait(50);
    // One turn of the loop: no timer fires, and each reply costs 3 ms.
    for (const sent of bench.http.sent) {
      bench.busy(3);
      sent.answer(ok({ price: 20 }));
    }
    await bench.wait(0);
    const answered = seen.bids?.filter((one) => one.ok).length ?? 0;
    expect(answered).toBeGreaterThanOrEqual(15);
    expect(answered).toBeLessThanOrEqual(17);
    expect(bench.pinger.figures.worstOverrunMs).toBeLessThanOrEqual(5);
    expect(bench.pinger.figures.late).toBe(60 - answered);
  });

  test('a reply that is there in time by the clock, but is looked at too late, is late', async () => {
    const bench = new Bench();
    const seen = watch(bench, bench.pinger.ask(call(), plan([bid('a')], 100)));
    bench.busy(130);
    bench.http.to('a').answer(ok({ price: 20 }));
    await bench.wait(0);
    expect(seen.bids).toMatchObject([{ ok: false, why: 'rtb_deadline' }]);
    expect(bench.pinger.figures.late).toBe(1);
  });

  test('late replies are counted, those that never come are taken back, nothing is left', async () => {
    const bench = new Bench();
    const seen = watch(bench, bench.pinger.ask(call(), plan([bid('late'), bid('never')], 200)));
    await bench.wait(250);
    expect(seen.bids?.every((one) => !one.ok)).toBe(true);
    expect(bench.pinger.figures.inFlight).toBe(2);
    bench.http.to('late').answer(ok({ price: 49 }));
    expect(bench.pinger.figures).toMatchObject({ late: 1, inFlight: 1 });
    await bench.wait(450);
    expect(bench.http.to('never').aborted).toBe(true);
    expect(bench.http.to('late').aborted).toBe(false);
    expect(bench.pinger.figures.inFlight).toBe(0);
    expect(bench.deadlines.size).toBe(0);
    await bench.wait(60_000);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('whatever buyers do and when, each round ends once, in time, with one answer for each in order', async () => {
    const behaviour = fc.record({
      after: fc.integer({ min: 0, max: 900 }),
      what: fc.constantFrom('bid', 'none', 'garbage', 'fail', 'silent', 'at_once', 'busy'),
      timeoutMs: fc.integer({ min: 10, max: 600 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(behaviour, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 20, max: 400 }),
        fc.integer({ min: 1, max: 15 }),
        async (buyers, deadlineMs, maxPings) => {
          const bench = new Bench();
          const result = (what: string): ReturnType<typeof ok> =>
            what === 'fail'
              ? { ok: false, why: 'broken', detail: 'ECONNRESET' }
              : what === 'busy'
                ? { ok: false, why: 'busy', detail: 'full' }
                : what === 'none'
                  ? ok('', 204)
                  : ok(what === 'garbage' ? '{"price":"}' : { price: 20 });
          const whatOf = (host: string): string =>
            buyers[Number(host.slice(1, host.indexOf('.')))]?.what ?? '';
          bench.http.atOnce = ({ url }) => {
            const what = whatOf(url.hostname);
            return what === 'at_once' || what === 'busy' ? result(what) : undefined;
          };
          const bids = buyers.map(({ timeoutMs }, index) => bid(`b${index}`, {}, { timeoutMs }));
          const startedAt = bench.clock.monotonic();
          const seen = watch(
            bench,
            bench.pinger.ask(call({ from: undefined }), plan(bids, deadlineMs, maxPings)),
          );
          for (const sent of bench.http.sent) {
            const [index] = [
              Number(sent.request.url.hostname.slice(1, sent.request.url.hostname.indexOf('.'))),
            ];
            const { after = 0, what = '' } = buyers[index] ?? {};
            if (what !== 'silent') setTimeout(() => sent.answer(result(what)), after);
          }
          await bench.wait(3_000);
          expect(seen.bids?.map((one) => one.bidId)).toEqual(bids.map((one) => one.id));
          expect((seen.at ?? Infinity) - startedAt).toBeLessThanOrEqual(deadlineMs + 1);
          expect(
            bench.http.sent.filter(({ request }) => whatOf(request.url.hostname) !== 'busy').length,
          ).toBeLessThanOrEqual(maxPings);
          for (const [index, one] of (seen.bids ?? []).entries()) {
            const { after = 0, what, timeoutMs = 0 } = buyers[index] ?? {};
            const inTime =
              what === 'at_once' || (what === 'bid' && after + 1 < Math.min(timeoutMs, deadlineMs));
            const asked = one.ok || one.why !== 'rtb_budget';
            if (inTime && asked) expect(one.ok).toBe(true);
            if (one.ok) expect(['bid', 'at_once']).toContain(what);
          }
          expect(bench.pinger.figures.inFlight).toBe(0);
          expect(bench.deadlines.size).toBe(0);
          jest.clearAllTimers();
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('what asking costs', () => {
  const round = async (
    bench: Bench,
    bids: readonly Bid[],
    answer: (host: string) => boolean,
  ): Promise<void> => {
    const from = `+1212555${String(bench.pinger.figures.rounds).padStart(4, '0')}` as E164;
    const before = bench.http.sent.length;
    const asked = bench.pinger.ask(call({ from }), plan(bids, 300));
    await bench.wait(10);
    for (const sent of bench.http.sent.slice(before)) {
      if (answer(sent.request.url.hostname)) sent.answer(ok({ price: 20 }));
    }
    await bench.wait(1_000);
    await asked;
  };

  test('who never answers is asked ten times, then not for a minute, then once a minute', async () => {
    const bench = new Bench();
    const bids = [bid('good'), bid('dead')];
    for (let n = 0; n < 30; n++) await round(bench, bids, (host) => host.startsWith('good'));
    expect(bench.http.countTo('good')).toBe(30);
    expect(bench.http.countTo('dead')).toBe(10);
    const asked = bench.pinger.ask(call(), plan(bids, 300));
    bench.http.to('good').answer(ok({ price: 20 }));
    expect((await asked)[1]).toMatchObject({ ok: false, why: 'rtb_circuit_open', latencyMs: 0 });
    await bench.wait(60_000);
    await round(bench, bids, (host) => host.startsWith('good'));
    await round(bench, bids, (host) => host.startsWith('good'));
    expect(bench.http.countTo('dead')).toBe(11);
    await bench.wait(60_000);
    await round(bench, bids, () => true);
    await round(bench, bids, () => true);
    expect(bench.http.countTo('dead')).toBe(13);
  });

  test('a buyer is waited for as long as it usually needs, so that rounds end early', async () => {
    const bench = new Bench();
    for (let n = 0; n < 40; n++) await round(bench, [bid('habit')], () => true);
    const seen = watch(bench, bench.pinger.ask(call({ from: undefined }), plan([bid('habit')], 300)));
    await bench.wait(300);
    expect(seen.bids).toMatchObject([{ ok: false, why: 'rtb_timeout', latencyMs: 20 }]);
    // Late by its habits, in time by its contract: no failure, and it is given more from now on.
    bench.http.to('habit').answer(ok({ price: 20 }));
    expect(bench.endpoints.of('https://habit.example.com/ping').open).toBe(false);
  });

  test('a campaign asks so many buyers and no more; the next in order takes the place of one that cannot be asked', async () => {
    const bench = new Bench();
    bench.http.atOnce = ({ url }) =>
      url.hostname.startsWith('full') ? { ok: false, why: 'busy', detail: 'full' } : ok({ price: 20 });
    const bids = [bid('full'), bid('tight', {}, { perSecond: 1 }), bid('c'), bid('d'), bid('e')];
    await bench.pinger.ask(call({ from: undefined }), plan(bids, 300, 2));
    const answers = await bench.pinger.ask(call({ from: undefined }), plan(bids, 300, 2));
    expect(answers).toMatchObject([
      { ok: false, why: 'rtb_budget' },
      { ok: false, why: 'rtb_budget', detail: 'more than 1 a second' },
      { ok: true },
      { ok: true },
      { ok: false, why: 'rtb_budget', detail: 'the campaign asks no more buyers for one call' },
    ]);
  });

  test('so many requests may be under way, over all calls', async () => {
    const bench = new Bench({ maxInFlight: 3 });
    void bench.pinger.ask(call({ from: undefined }), plan([bid('a'), bid('b')], 100));
    const seen = watch(bench, bench.pinger.ask(call({ from: undefined }), plan([bid('c'), bid('d')], 100)));
    await bench.wait(110);
    expect(seen.bids).toMatchObject([{ why: 'rtb_deadline' }, { why: 'rtb_budget' }]);
    // Those that are late still count, until they are given up.
    const third = await bench.pinger.ask(call({ from: undefined }), plan([bid('e')], 100));
    expect(third).toMatchObject([{ why: 'rtb_budget' }]);
    await bench.wait(600);
    expect(bench.pinger.figures.inFlight).toBe(0);
  });

  test('one caller with the same tags is asked for once while the offer stands', async () => {
    const bench = new Bench();
    let price = 20;
    bench.http.atOnce = () => ok({ price: price++, exp: 60 });
    const ask = async (more: Parameters<typeof call>[0] = {}, one = bid('a')): Promise<number> => {
      const [answer] = await bench.pinger.ask(call(more), plan([one], 300));
      return answer?.ok === true ? answer.price / 1e6 : 0;
    };
    expect(await ask()).toBe(20);
    expect(await ask({ callId: 'call-2' })).toBe(20);
    expect(await ask({ tags: { language: 'en', zip: '10001' } })).toBe(20);
    expect(await ask({ tags: { zip: '10002' } })).toBe(21);
    expect(await ask({ from: '+12125550124' as E164 })).toBe(22);
    expect(await ask({ from: undefined })).toBe(23);
    expect(await ask({ from: undefined })).toBe(24);
    // Another price may be said now.
    expect(await ask({}, bid('a', { price: micros(60_000_000) }))).toBe(25);
    await bench.wait(57_000);
    expect(await ask({}, bid('a', { price: micros(60_000_000) }))).toBe(25);
    await bench.wait(2_000);
    expect(await ask({}, bid('a', { price: micros(60_000_000) }))).toBe(26);
    bench.pinger.forgetOffer(call(), planned(bid('a')));
    expect(await ask({}, bid('a', { price: micros(60_000_000) }))).toBe(27);
    expect(bench.pinger.figures.cached).toBe(3);
  });
});

test('a URL that is none costs its buyer the round, and nobody else anything', async () => {
  const bench = new Bench();
  bench.http.atOnce = ({ url }) =>
    url.protocol === 'https:' ? ok({ price: 20 }) : { ok: false, why: 'refused', detail: 'not spoken' };
  const bids = [
    bid('a', {}, { url: 'not a url' }),
    bid('b', {}, { url: 'not a url', method: 'GET' }),
    bid('c'),
  ];
  expect(await bench.pinger.ask(call(), plan(bids))).toMatchObject([
    { ok: false, why: 'rtb_error' },
    { ok: false, why: 'rtb_error' },
    { ok: true },
  ]);
});

describe('what a buyer is told', () => {
  const send = (one: Bid, of: Partial<Parameters<typeof call>[0]> = {}): ReturnType<Bench['http']['to']> => {
    const bench = new Bench();
    void bench.pinger.ask(call(of), plan([one], 300));
    return bench.http.sent[0] as ReturnType<Bench['http']['to']>;
  };

  test('a request as it is documented', () => {
    const { json, request } = send(bid('a'));
    expect(bidRequestSchema.parse(json)).toEqual(json);
    expect(json).toMatchObject({
      id: 'request-1',
      tmax: 300,
      at: 1,
      cur: ['USD'],
      imp: [{ id: 'a', bidfloor: 5, bidceiling: 50, exp: 30, dest: ['sip'] }],
      call: {
        npa: '212',
        nxx: '555',
        state: 'NY',
        zip: '10001',
        tz: 'America/New_York',
        dnis: '+18005550100',
        attest: 'A',
        verstat: 'passed',
        dup: false,
        fraud_band: 'allow',
        recording: false,
        origin: 'inbound_consumer',
      },
      tags: { zip: '10001', language: 'en' },
    });
    expect(request.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' });
    expect(request.headers['x-dce-signature']).toBeUndefined();
  });

  test('the caller’s number is nowhere before anything is won, unless that was agreed upon', () => {
    for (const method of ['GET', 'POST'] as const) {
      const hidden = send(bid('a', {}, { method, secret: 'shh' }));
      const everything = JSON.stringify([
        hidden.request.url.href,
        hidden.request.headers,
        hidden.request.body,
      ]);
      expect(everything).not.toContain(CALLER.slice(-7));
      expect(everything).toContain('hashed_ani');
      const shown = send(bid('a', {}, { method, showCaller: true }));
      expect(shown.request.url.href + shown.request.body).toContain(CALLER.slice(1));
    }
    expect(send(bid('a'), { from: undefined }).request.body).not.toContain('ani');
  });

  test('the hash is the same all day for one buyer, and another for another buyer and on another day', async () => {
    const bench = new Bench();
    bench.http.atOnce = () => ok('', 204);
    const hash = async (one: Bid, from = CALLER): Promise<unknown> => {
      await bench.pinger.ask(call({ from }), plan([one], 300));
      return (bench.http.sent.at(-1)?.json['call'] as Record<string, unknown>)['hashed_ani'];
    };
    const first = await hash(bid('a'));
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(await hash(bid('a2', { buyerId: 'buyer-of-a' }))).toBe(first);
    expect(await hash(bid('b'))).not.toBe(first);
    expect(await hash(bid('a'), '+12125550124' as E164)).not.toBe(first);
    await bench.wait(12 * 3_600_000);
    expect(await hash(bid('a'))).not.toBe(first);
  });

  test('a request is signed with the buyer’s secret, and with nothing else', () => {
    for (const method of ['GET', 'POST'] as const) {
      const { request } = send(
        bid('a', {}, { method, secret: 'shh', url: 'https://a.example.com/ping?key=1' }),
      );
      const header = request.headers['x-dce-signature'] ?? '';
      const path = request.url.pathname + request.url.search;
      const body = { method, path, body: request.body };
      expect(verifySignature(header, 'shh', body, NOON)).toBe(true);
      expect(verifySignature(header, 'other', body, NOON)).toBe(false);
      expect(verifySignature(header, 'shh', { ...body, body: `${request.body} ` }, NOON)).toBe(false);
      expect(verifySignature(header, 'shh', { ...body, path: '/other' }, NOON)).toBe(false);
      expect(verifySignature(header, 'shh', body, NOON + 301_000)).toBe(false);
      expect(verifySignature('t=1,v1=00', 'shh', body, NOON)).toBe(false);
    }
  });

  test('a GET says the same in its query', () => {
    const { request } = send(bid('a', {}, { method: 'GET', url: 'https://a.example.com/ping?key=1' }));
    const query = Object.fromEntries(request.url.searchParams);
    expect(request.body).toBe('');
    expect(query).toMatchObject({
      key: '1',
      id: 'request-1',
      bid: 'a',
      cur: 'USD',
      bidfloor: '5',
      npa: '212',
      dest: 'sip',
      'tag.language': 'en',
    });
  });

  test('tags with the strangest names stay within their place', () => {
    const tags = { 'a&b=c': 'x&y=z', id: 'not-the-id', ünïcode: '💥' };
    const { request, json } = send(bid('a', {}, { method: 'GET' }), { tags });
    expect(json).toEqual({});
    expect(request.url.searchParams.get('id')).toBe('request-1');
    expect(request.url.searchParams.get('tag.id')).toBe('not-the-id');
    expect(request.url.searchParams.get('tag.a&b=c')).toBe('x&y=z');
    expect(attempt({ tags }).tags).toEqual(tags);
  });
});
