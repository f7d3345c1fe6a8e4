import fc from 'fast-check';
import type { EventOutcome, Payment, ProviderNews } from '../../../../src/billing';
import {
  listKeptEvents,
  listPayments,
  resolveKeptEvent,
  takeProviderEvent,
  trialBalance,
} from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { lineUp } from '../../../support/line-up';
import { BUYER, HOUR, PaymentRoom } from './support/payment-room';

let room: PaymentRoom;
let count = 0;

beforeAll(async () => {
  room = await PaymentRoom.open();
});
afterAll(() => room.close());
afterEach(async () => {
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  await room.reset();
});

const told = (news: ProviderNews, id = `evt_${++count}`): Promise<EventOutcome> =>
  takeProviderEvent(room.db, { id, type: 'test', news });

const failure = { code: 'told', message: 'told', retryable: false };

/** What is told of a charge, a refund of it or a chargeback. */
function news(of: Payment, more: Partial<ProviderNews> & Pick<ProviderNews, 'end'>): ProviderNews {
  const chargeRef = of.providerRef ?? 'pi_none';
  return {
    kind: 'charge',
    ref: chargeRef,
    chargeRef,
    paymentId: null,
    amount: of.amount,
    currency: 'USD',
    ...more,
  };
}

const made = (ref: string): ProviderNews['end'] => ({ state: 'succeeded', ref });
const undone = (ref: string): ProviderNews['end'] => ({ state: 'failed', ref, failure });

test('an event is handled once, however often and however many at a time it comes', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const back = news(charge, { kind: 'refund', ref: 're_9', amount: micros(10_000_000), end: made('re_9') });
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => told(back, 'evt_same')));
  expect(outcomes.sort()).toEqual(['applied', 'repeated', 'repeated', 'repeated', 'repeated']);
  expect(await told(back)).toBe('changed_nothing');
  expect(before - (await room.wallet())).toBe(10_000_000);
  expect(await listPayments(room.db, { chargeId: charge.id, limit: 9 })).toMatchObject([
    { kind: 'refund', cause: 'provider', state: 'succeeded', providerRef: 're_9', accountId: BUYER },
  ]);
});

test('two events that tell of the same refund at the same time', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const back = news(charge, { kind: 'refund', ref: 're_8', amount: micros(10_000_000), end: made('re_8') });
  await lineUp(
    room.own,
    'payments',
    Array.from({ length: 6 }, () => () => told(back)),
  );
  expect(before - (await room.wallet())).toBe(10_000_000);
});

test('the provider tells of a charge before its answer comes', async () => {
  room.stripe.fates.push('made, cut');
  const before = await room.wallet();
  const { id } = await room.charge(50);
  await room.keeper().run();
  const ref = room.stripe.charged[0]?.id ?? '';
  const charge = { ...(await room.get(id)), providerRef: ref };
  expect(await told(news(charge, { paymentId: id, end: made(ref) }))).toBe('applied');
  expect(await room.get(id)).toMatchObject({ state: 'succeeded', providerRef: ref });
  const asked = room.stripe.requests.length;
  room.ahead = HOUR;
  await room.keeper().run();
  expect(room.stripe.requests).toHaveLength(asked);
  expect((await room.wallet()) - before).toBe(50_000_000);
});

test('a charge that was taken for failed turns out to have been made', async () => {
  room.stripe.fates.push('decline:processing_error');
  const { id } = await room.charge(50);
  await room.keeper().run();
  const charge = await room.get(id);
  const before = await room.wallet();
  expect(await told(news(charge, { end: made(charge.providerRef ?? '') }))).toBe('applied');
  expect(await told(news(charge, { end: undone(charge.providerRef ?? '') }))).toBe('changed_nothing');
  expect(await room.get(id)).toMatchObject({ state: 'succeeded', failure: null });
  expect((await room.wallet()) - before).toBe(50_000_000);
  expect((await room.events(id)).map(([type]) => type)).toEqual(['payment.failed', 'payment.succeeded']);
});

test('our own refund fails at the bank days after it seemed to be made', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const refund = await room.refund(charge.id, 20);
  await room.keeper().run();
  const { providerRef } = await room.get(refund.id);
  const end = undone(providerRef ?? '');
  expect(
    await told(news(charge, { kind: 'refund', ref: providerRef ?? '', amount: refund.amount, end })),
  ).toBe('applied');
  expect(await room.get(refund.id)).toMatchObject({ state: 'failed', failure: { code: 'told' } });
  expect(await room.wallet()).toBe(before);
});

test('a chargeback takes the money, also what was spent, and gives it back when it is won', async () => {
  const charge = await room.charged(50);
  await room.post('adjustment', [
    [BUYER, 'wallet', (await room.wallet()) / 1_000_000],
    ['operator', 'adjustments', -(await room.wallet()) / 1_000_000],
  ]);
  const dispute = (end: ProviderNews['end']): ProviderNews =>
    news(charge, { kind: 'chargeback', ref: 'dp_1', end });
  expect(await told(dispute(made('dp_1')))).toBe('applied');
  expect(await room.wallet()).toBe(-50_000_000);
  expect((await room.posted()).at(-1)).toMatch(/^chargeback payment:/);
  const [{ id } = { id: '' }] = await listPayments(room.db, { kind: 'chargeback', limit: 1 });
  await expect(room.refund(charge.id)).rejects.toMatchObject({ code: 'payment_refunded' });
  expect(await told(dispute(made('dp_1')))).toBe('changed_nothing');
  expect(await told(dispute(undone('dp_1')))).toBe('applied');
  expect(await told(dispute(made('dp_1')))).toBe('changed_nothing');
  expect(await room.wallet()).toBe(0);
  expect((await room.events(id)).map(([type]) => type)).toEqual(['payment.failed', 'payment.succeeded']);
});

test('a refund that is under way at the provider is looked after, and never asked for', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const [intent] = room.stripe.intents;
  if (intent) room.stripe.refunds.push({ ...intent, id: 're_7', status: 'pending' });
  await told(news(charge, { kind: 'refund', ref: 're_7', end: { state: 'pending' } }));
  expect(before - (await room.wallet())).toBe(50_000_000);
  Object.assign(room.stripe.refunds[0] as object, {
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
  });
  room.ahead = 2 * HOUR;
  await room.keeper().run();
  expect(await listPayments(room.db, { kind: 'refund', limit: 9 })).toMatchObject([
    { state: 'failed', attempts: 1 },
  ]);
  expect(room.stripe.requests.filter((one) => one === 'POST /v1/refunds')).toEqual([]);
  expect(await room.wallet()).toBe(before);
});

test('what is told of payments that nobody knows is kept for people', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const nobodys = { ...charge, providerRef: 'pi_of_another' };
  expect(await told(news(nobodys, { end: made('pi_of_another') }), 'evt_a')).toBe('kept');
  expect(await told(news(nobodys, { kind: 'refund', ref: 're_1', end: made('re_1') }), 'evt_b')).toBe('kept');
  expect(await told(news(charge, { amount: micros(1_000_000), end: made('pi_1') }), 'evt_c')).toBe('kept');
  expect(await told(news(nobodys, { paymentId: charge.id, end: made('pi_2') }), 'evt_d')).toBe('kept');
  const kept = await listKeptEvents(room.db, { limit: 9 });
  expect(kept.map(({ id, why }) => [id, why])).toEqual([
    ['evt_a', 'unknown_payment'],
    ['evt_b', 'unknown_payment'],
    ['evt_c', 'other_amount'],
    ['evt_d', 'other_reference'],
  ]);
  expect(await resolveKeptEvent(room.db, { id: 'evt_a', by: 'operator', note: 'of our shop' })).toMatchObject(
    {
      outcome: 'resolved',
      resolvedBy: 'operator',
    },
  );
  await expect(
    resolveKeptEvent(room.db, { id: 'evt_a', by: 'operator', note: undefined }),
  ).rejects.toMatchObject({
    code: 'payment_event_not_found',
  });
  expect(
    await listKeptEvents(room.db, { limit: 1, after: [kept[0]?.receivedAt.getTime() ?? 0, 'evt_a'] }),
  ).toMatchObject([{ id: 'evt_b' }]);
  expect(await room.wallet()).toBe(before);
});

test('what is told of a charge before anybody here knows its name is booked when it is known', async () => {
  room.stripe.fates.push('made, cut');
  const before = await room.wallet();
  const { id } = await room.charge(50);
  await room.keeper().run();
  const ref = room.stripe.charged[0]?.id ?? '';
  const charge = { ...(await room.get(id)), providerRef: ref };
  expect(await told(news(charge, { kind: 'refund', ref: 're_5', end: made('re_5') }))).toBe('kept');
  room.ahead = 6_000;
  await room.keeper().run();
  expect(await listPayments(room.db, { chargeId: id, limit: 9 })).toMatchObject([
    { kind: 'refund', state: 'succeeded' },
  ]);
  expect(await listKeptEvents(room.db, { limit: 9 })).toEqual([]);
  expect(await room.wallet()).toBe(before);
});

test('an event that cannot be booked keeps no other from it, and is left to people', async () => {
  room.stripe.fates.push('made, cut');
  const { id } = await room.charge(50);
  await room.keeper().run();
  const ref = room.stripe.charged[0]?.id ?? '';
  const charge = { ...(await room.get(id)), providerRef: ref };
  const part = { kind: 'refund', amount: micros(20_000_000) } as const;
  for (const n of [1, 2]) {
    expect(await told(news(charge, { ...part, ref: `re_${n}`, end: made(`re_${n}`) }), `evt_${n}`)).toBe(
      'kept',
    );
  }
  await room.own.query(
    `update payment_events set news = news - 'end', received_at = received_at - interval '1 hour' where id = 'evt_1'`,
  );
  room.ahead = 6_000;
  for (let runs = 0; runs < 2; runs++) await room.keeper().run();
  expect(room.errors).toHaveLength(1);
  expect(await listPayments(room.db, { chargeId: id, limit: 9 })).toMatchObject([{ providerRef: 're_2' }]);
  expect(await listKeptEvents(room.db, { limit: 9 })).toMatchObject([{ id: 'evt_1', why: 'failed' }]);
});

test('events that were handled are forgotten after a quarter, those for people never', async () => {
  const charge = await room.charged(50);
  await told(news(charge, { end: made(charge.providerRef ?? '') }), 'evt_old');
  await told(news({ ...charge, providerRef: 'pi_x' }, { end: made('pi_x') }), 'evt_kept');
  room.ahead = 91 * 24 * HOUR;
  await room.keeper().run();
  expect((await room.own.query<{ id: string }>('select id from payment_events')).map(({ id }) => id)).toEqual(
    ['evt_kept'],
  );
});

/** What a provider tells of one charge in its life. */
type Told =
  'charge made' | 'charge failed' | 'refund made' | 'refund failed' | 'chargeback made' | 'chargeback won';
const LIFE: readonly Told[] = [
  'charge made',
  'charge failed',
  'refund made',
  'refund failed',
  'chargeback made',
  'chargeback won',
];

test('in whatever order and however often the provider tells, the wallet ends the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...LIFE), { size: 'max', maxLength: 12 }),
      fc.boolean(),
      async (messages, atOnce) => {
        const before = await room.wallet();
        const n = ++count;
        room.stripe.fates.push('decline:do_not_honor');
        const { id } = await room.charge(50);
        await room.keeper().run();
        const charge = await room.get(id);
        const tell = (message: Told): Promise<EventOutcome> => {
          const [kind, how] = message.split(' ') as [ProviderNews['kind'], string];
          const ref = kind === 'charge' ? (charge.providerRef ?? '') : `${kind}_${n}`;
          const amount = kind === 'refund' ? micros(20_000_000) : charge.amount;
          return told(news(charge, { kind, ref, amount, end: how === 'made' ? made(ref) : undone(ref) }));
        };
        if (atOnce) await Promise.all(messages.map(tell));
        else for (const message of messages) await tell(message);

        const has = (message: Told): boolean => messages.includes(message);
        const back = LIFE.slice(2).some(has);
        const charged = has('charge made') || back ? 50 : 0;
        const refunded = has('refund made') && !has('refund failed') ? 20 : 0;
        const taken = has('chargeback made') && !has('chargeback won') ? 50 : 0;
        expect((await room.wallet()) - before).toBe((charged - refunded - taken) * 1_000_000);
      },
    ),
    { numRuns: 40 },
  );
});
