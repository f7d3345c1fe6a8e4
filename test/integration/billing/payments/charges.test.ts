import { requestCharge, retryPayment, StripeProvider, trialBalance } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import type { Fate } from '../../../support/stripe-stub';
import { BUYER, HOUR, PaymentRoom } from './support/payment-room';

let room: PaymentRoom;

beforeAll(async () => {
  room = await PaymentRoom.open();
});
afterAll(() => room.close());
afterEach(() => room.reset());

test('a charge is written down, made, and in the books', async () => {
  const before = await room.wallet();
  const asked = await room.charge(50);
  expect(asked).toMatchObject({ state: 'created', attempts: 0, providerRef: null, transactionId: null });
  expect(room.stripe.requests).toEqual([]);

  await room.keeper().run();
  expect(await room.get(asked.id)).toMatchObject({
    state: 'succeeded',
    attempts: 1,
    providerRef: room.stripe.intents[0]?.id,
    failure: null,
    finishedAt: expect.any(Date) as unknown,
  });
  expect(room.stripe.intents[0]).toMatchObject({
    amount: 5_000,
    currency: 'usd',
    customer: `cus_${BUYER}`,
    metadata: { dce_payment: asked.id, dce_account: BUYER },
  });
  expect((await room.wallet()) - before).toBe(50_000_000);
  expect((await room.posted()).at(-1)).toBe(`top_up payment:${asked.id}`);
  expect(await room.events(asked.id)).toEqual([
    [
      'payment.succeeded',
      {
        paymentId: asked.id,
        kind: 'charge',
        cause: 'request',
        accountId: BUYER,
        currency: 'USD',
        amountMicros: 50_000_000,
        state: 'succeeded',
      },
    ],
  ]);
  await room.keeper().run();
  expect(room.stripe.requests).toHaveLength(1);
});

test('a card that is refused', async () => {
  const before = await room.wallet();
  room.stripe.fates.push('decline:insufficient_funds', 'decline:stolen_card');
  const [poor, stolen] = [await room.charge(), await room.charge()];
  await room.keeper().run();
  const failures = [(await room.get(poor.id)).failure, (await room.get(stolen.id)).failure];
  expect(failures.map((failure) => [failure?.code, failure?.retryable]).sort()).toEqual([
    ['insufficient_funds', true],
    ['stolen_card', false],
  ]);
  expect(await room.wallet()).toBe(before);
  expect(await room.events(poor.id)).toMatchObject([
    ['payment.failed', { state: 'failed', failure: { message: 'Your card was declined.' } }],
  ]);
});

test('a payment that its owner would have to confirm is called off', async () => {
  room.stripe.fates.push('confirm');
  const { id } = await room.charge();
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({
    state: 'failed',
    failure: { code: 'authentication_required', retryable: false },
  });
  expect(room.stripe.intents.map(({ status }) => status)).toEqual(['canceled']);
});

test.each<[Fate, number]>([
  ['cut', 1],
  ['500', 1],
  ['429', 1],
  ['401', 1],
  ['made, cut', 0],
  ['made, 500', 0],
])('an answer that is lost (%s) is found again, and the card is charged once', async (fate, again) => {
  const before = await room.wallet();
  room.stripe.fates.push(fate);
  const { id } = await room.charge();
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'pending', providerRef: null, unanswered: 1 });
  const asked = room.stripe.requests.length;
  await room.keeper().run();
  expect(room.stripe.requests).toHaveLength(asked);

  room.ahead = 6_000;
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'succeeded', attempts: 2, unanswered: 0 });
  expect(room.stripe.charged).toHaveLength(1);
  const more = room.stripe.requests.slice(asked).filter((one) => one.startsWith('POST'));
  expect(more).toHaveLength(again);
  expect((await room.wallet()) - before).toBe(50_000_000);
});

test.each<Fate>(['hang', 'made, hang'])('an answer that never comes (%s)', async (fate) => {
  room.stripe.fates.push(fate);
  const { id } = await room.charge();
  await room.keeper(new StripeProvider(room.stripe.options({ timeoutMs: 200 }))).run();
  expect(await room.get(id)).toMatchObject({ state: 'pending', unanswered: 1 });
  room.ahead = 6_000;
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'succeeded' });
  expect(room.stripe.charged).toHaveLength(1);
});

test('what was made and is on no list yet is asked for with the same key, and made once', async () => {
  room.stripe.fates.push('made, cut');
  room.stripe.lagging = true;
  const { id } = await room.charge();
  await room.keeper().run();
  room.ahead = 6_000;
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'succeeded', attempts: 2 });
  expect(room.stripe.charged).toHaveLength(1);
});

test('a payment is found among many of the same customer', async () => {
  room.stripe.fates.push('made, cut');
  const { id } = await room.charge();
  await room.keeper().run();
  for (let n = 0; n < 6; n++) await room.charged(1);
  room.ahead = 6_000;
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({
    state: 'succeeded',
    providerRef: 'pi_' + /\d+/.exec(room.stripe.intents[0]?.id ?? '')?.[0],
  });
  expect(room.stripe.charged).toHaveLength(7);
});

test('after a day nothing is asked for with an old key: it was made then, or never will be', async () => {
  room.stripe.fates.push('made, cut', 'cut');
  const payments = [await room.charge(), await room.charge()];
  await room.keeper().run();
  room.stripe.forgetKeys();
  const asked = room.stripe.requests.length;
  room.ahead = 25 * HOUR;
  await room.keeper().run();
  const states = await Promise.all(
    payments.map(async ({ id }) => (await room.get(id)).failure?.code ?? 'made'),
  );
  expect(states.sort()).toEqual(['made', 'never_made']);
  expect(room.stripe.charged).toHaveLength(1);
  expect(room.stripe.requests.slice(asked).filter((one) => one.startsWith('POST'))).toEqual([]);
});

test('what nobody can find the end of is for a person, who can have it looked for again', async () => {
  room.stripe.fates.push('made, cut');
  room.stripe.blind = 13;
  const { id } = await room.charge();
  for (let n = 0; n < 20; n++) {
    await room.keeper().run();
    room.ahead += 4 * HOUR;
  }
  expect(await room.get(id)).toMatchObject({
    state: 'pending',
    attempts: 14,
    stuckAt: expect.any(Date) as unknown,
  });
  expect(room.stuck).toEqual([[id, expect.stringContaining('nothing can be seen')]]);

  expect(await retryPayment(room.db, id, room.now())).toMatchObject({ stuckAt: null });
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'succeeded', stuckAt: null });
  await expect(retryPayment(room.db, id, room.now())).rejects.toMatchObject({ code: 'payment_ended' });
  await expect(retryPayment(room.db, 'none', room.now())).rejects.toMatchObject({
    code: 'payment_not_found',
  });
});

test('what the bank has in hand is looked at from time to time, and not asked for again', async () => {
  room.stripe.fates.push('processing');
  const { id } = await room.charge();
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({
    state: 'pending',
    providerRef: room.stripe.intents[0]?.id,
    unanswered: 0,
  });
  for (let n = 0; n < 3; n++) {
    room.ahead += HOUR + 1;
    await room.keeper().run();
  }
  expect(await room.get(id)).toMatchObject({ state: 'pending', attempts: 4, stuckAt: null });
  Object.assign(room.stripe.intents[0] as object, { status: 'succeeded' });
  room.ahead += HOUR + 1;
  await room.keeper().run();
  expect(await room.get(id)).toMatchObject({ state: 'succeeded' });
  expect(room.stripe.requests.filter((one) => one.startsWith('POST'))).toHaveLength(1);
});

test('many keepers ask once for each', async () => {
  const before = await room.wallet();
  for (let n = 0; n < 20; n++) await room.charge(1);
  await Promise.all([room.keeper(), room.keeper(), room.keeper()].map((keeper) => keeper.run()));
  expect(room.stripe.intents).toHaveLength(20);
  expect(room.stripe.requests).toHaveLength(20);
  expect((await room.wallet()) - before).toBe(20_000_000);
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
});

test.each<[string, Record<string, unknown>, string]>([
  ['a fraction of a cent', { amount: 1_005_001 }, '/amountMicros'],
  ['nothing', { amount: 0 }, '/amountMicros'],
  ['less than nothing', { amount: -1_000_000 }, '/amountMicros'],
  ['more than a card can be charged', { amount: 1_000_000_000_000 }, '/amountMicros'],
  ['more than a number holds', { amount: 2 ** 60 }, '/amountMicros'],
  ['another currency', { currency: 'JPY' }, '/currency'],
  ['nobody', { accountId: 'nobody' }, '/accountId'],
  ['a seller', { accountId: 'seller' }, '/accountId'],
  ['no card', { methodId: 'none' }, '/methodId'],
])('refused before anything is asked: %s', async (_what, more, pointer) => {
  const wish = {
    accountId: BUYER,
    methodId: room.methodId,
    amount: micros(1_000_000),
    currency: 'USD' as const,
  };
  await expect(
    requestCharge(room.db, { ...wish, requestedBy: 'operator', ...more }, room.now()),
  ).rejects.toMatchObject({ kind: 'unprocessable', details: { errors: [{ pointer }] } });
  expect(await room.own.query('select 1 from payments')).toEqual([]);
});

test('the secret goes to Stripe and nowhere else', async () => {
  await room.charged();
  expect([...room.stripe.keys]).toEqual(['Bearer sk_test_stub']);
  room.stripe.fates.push('401');
  const { id } = await room.charge();
  await room.keeper().run();
  expect(JSON.stringify([await room.get(id), room.errors.map(String)])).not.toContain('sk_test');
});
