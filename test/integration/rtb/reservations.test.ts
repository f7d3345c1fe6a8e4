import type { E164, Reservation } from '../../../src/domain';
import type { Claim } from '../../../src/rtb';
import { sweepReservations } from '../../../src/storage';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { arriving, CALLER, concurrent, DID, hashOf, TestNode, untilFree } from './support/node';

let own: TestDatabase;
let redis: TestRedis;
let one: TestNode;
let two: TestNode;

beforeAll(async () => {
  own = await testDatabase();
  redis = await testRedis();
  one = await new TestNode('one', own.url, redis.url).start();
  two = await new TestNode('two', own.url, redis.url).start();
});
afterAll(async () => {
  await one.close();
  await two.close();
  await redis.drop();
  await own.drop();
});
let callers = 0;
/** A caller that no other test has. */
const somebody = (): E164 => `+1212555${String(++callers).padStart(4, '0')}` as E164;

const stateOf = async (id: string): Promise<string | undefined> => {
  const [row] = await own.query<{ state: string }>('select state from rtb_reservations where id = $1', [id]);
  return row?.state;
};
async function reserved(
  node: TestNode,
  more: Partial<Reservation> = {},
  forMs?: number,
): Promise<Reservation> {
  const made = await node.reservations.reserve(node.wanted(more, forMs));
  if (!made) throw new Error('there was no room');
  return made;
}

/** The first node holds capacity for its reservations that wait, and for no others. */
async function untilHeldAsWritten(): Promise<void> {
  await until('the first node has heard of everything', async () => {
    const [row] = await own.query<{ count: number }>(
      `select count(*)::integer as count from rtb_reservations where node_id = 'one' and state = 'reserved'`,
    );
    return row?.count === one.reservations.held;
  });
}

test('a call that comes to another node is recognised by its own address, and gets what was promised', async () => {
  const caller = somebody();
  const made = await reserved(one, { callerHash: hashOf(caller), limits: [concurrent('a', 1)] });
  expect(await two.reservations.find(made.id)).toEqual(made);
  expect(await two.reservations.claim(arriving('call-a', caller), made.id)).toEqual({
    ok: true,
    reservation: made,
  });
  expect(await stateOf(made.id)).toBe('used');
});

test('a call to the number itself is recognised by its caller', async () => {
  const caller = somebody();
  const made = await reserved(one, { callerHash: hashOf(caller) });
  expect(await two.reservations.claim(arriving('call-b', somebody()), undefined)).toBeUndefined();
  expect(await two.reservations.claim(arriving('call-b', undefined), undefined)).toBeUndefined();
  expect(await two.reservations.claim(arriving('call-b', caller), undefined)).toMatchObject({
    ok: true,
    reservation: { id: made.id, price: 25_000_000 },
  });
  // The caller's next call is an ordinary one.
  expect(await one.reservations.claim(arriving('call-c', caller), undefined)).toBeUndefined();
});

test('only numbers of sellers that send bid requests are looked at', () => {
  expect(one.reservations.concerns(DID)).toBe(true);
  expect(one.reservations.concerns('+18005550199' as E164)).toBe(false);
});

test('of many calls at both nodes, exactly one takes a reservation up', async () => {
  for (let round = 0; round < 20; round++) {
    const caller = somebody();
    const made = await reserved(round % 2 === 0 ? one : two, { callerHash: hashOf(caller) });
    const tries = Array.from({ length: 6 }, (_, n): Promise<Claim | undefined> => {
      const { reservations } = n % 2 === 0 ? one : two;
      return reservations.claim(arriving(`call-${round}-${n}`, caller), n < 4 ? made.id : undefined);
    });
    const claims = await Promise.all(tries);
    expect(claims.filter((claim) => claim?.ok === true)).toHaveLength(1);
    for (const claim of claims) if (claim?.ok === false) expect(claim.problem).toBe('used');
  }
});

test('the call that has it, has it: asking again changes nothing', async () => {
  const made = await reserved(one, { callerHash: hashOf(somebody()) });
  const call = arriving('call-again', undefined);
  // Another caller than was said is turned away, and spoils nothing.
  expect(await two.reservations.claim(call, made.id)).toEqual({ ok: false, problem: 'other_caller' });
  const right = arriving('call-again', `+1212555${String(callers).padStart(4, '0')}` as E164);
  for (let n = 0; n < 3; n++) {
    expect(await (n === 1 ? one : two).reservations.claim(right, made.id)).toMatchObject({ ok: true });
  }
  expect(await one.reservations.claim({ ...right, callId: 'call-other' }, made.id)).toEqual({
    ok: false,
    problem: 'used',
  });
});

test('whoever the caller is may come to an address that was made for a caller nobody knew', async () => {
  const made = await reserved(one, { callerHash: undefined });
  expect(await two.reservations.claim(arriving('call-hidden', somebody()), made.id)).toMatchObject({
    ok: true,
  });
});

test.each([
  '',
  'x',
  'r123',
  '+18005550100',
  `r${'0'.repeat(30)}`,
  `r${'g'.repeat(30)}`,
  "r'; drop table calls",
])('%j is no reservation', async (user) => {
  expect(await one.reservations.find(user)).toBeUndefined();
  expect(await one.reservations.claim(arriving('call-none'), user)).toEqual({
    ok: false,
    problem: 'unknown',
  });
});

test('the same caller with the same tags has one reservation, whichever node is asked, and however fast', async () => {
  const caller = hashOf(somebody());
  const limit = concurrent('same', 20);
  const made = await Promise.all(
    Array.from({ length: 8 }, (_, n) =>
      reserved(n % 2 === 0 ? one : two, { callerHash: caller, limits: [limit] }),
    ),
  );
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(await one.caps.inUse(limit)).toBe(1);
  expect(await two.reservations.waiting(DID, caller, 'tags')).toEqual(made[0]);
  expect(await two.reservations.waiting(DID, caller, 'others')).toBeUndefined();
  const other = await reserved(two, { callerHash: caller, tagsKey: 'others', limits: [limit] });
  expect(other.id).not.toBe(made[0]?.id);
  expect(await one.caps.inUse(limit)).toBe(2);
});

describe('what is held', () => {
  test('counts against concurrency until the call comes, and is the call’s then', async () => {
    const limit = concurrent('b', 2);
    const made = await reserved(one, { callerHash: undefined, limits: [limit] });
    await reserved(one, { callerHash: undefined, limits: [limit] });
    expect(
      await two.reservations.reserve(two.wanted({ callerHash: undefined, limits: [limit] })),
    ).toBeUndefined();
    expect(await two.caps.reserve('some-call', [limit])).toMatchObject({ ok: false });
    expect(await two.reservations.claim(arriving('call-b'), made.id)).toMatchObject({ ok: true });
    expect(await two.caps.reserve('call-b', [limit])).toEqual({ ok: true });
    expect(await two.caps.reserve('some-call', [limit])).toMatchObject({ ok: false });
    expect(await two.caps.inUse(limit)).toBe(2);
  });

  test('is let go by the node that held it when the call came to another', async () => {
    const limit = concurrent('c', 3);
    const made = await reserved(one, { callerHash: undefined, limits: [limit] });
    await untilHeldAsWritten();
    await two.reservations.claim(arriving('call-c2'), made.id);
    await untilHeldAsWritten();
    // Nor does it come back when leases are renewed.
    await new Promise((wait) => setTimeout(wait, 1_200));
    expect(await two.caps.inUse(limit)).toBe(0);
  });

  test('is free when the time is over, and a call that comes then is late', async () => {
    const limit = concurrent('d', 1);
    const caller = somebody();
    const made = await reserved(one, { callerHash: hashOf(caller), limits: [limit] }, 300);
    await untilFree(one, limit);
    await until('it is written down', async () => (await stateOf(made.id)) === 'expired');
    expect(Date.now()).toBeGreaterThanOrEqual(made.expiresAt - 5);
    expect(await two.reservations.claim(arriving('call-late', caller), made.id)).toEqual({
      ok: false,
      problem: 'expired',
    });
    expect(await two.reservations.claim(arriving('call-late', caller), undefined)).toBeUndefined();
    // And the caller may be reserved again.
    expect((await reserved(two, { callerHash: hashOf(caller), limits: [limit] })).id).not.toBe(made.id);
  });

  test('is free when the seller gives up, and nobody else can give it up', async () => {
    const limit = concurrent('e', 1);
    const made = await reserved(one, { callerHash: undefined, limits: [limit] });
    expect(await two.reservations.cancel(made.id, 'another-seller')).toBe(false);
    expect(await two.caps.inUse(limit)).toBe(1);
    expect(await two.reservations.cancel(made.id, made.sellerId)).toBe(true);
    await untilFree(one, limit);
    expect(await one.reservations.cancel(made.id, made.sellerId)).toBe(false);
    expect(await one.reservations.claim(arriving('call-e'), made.id)).toMatchObject({ ok: false });
    expect(await stateOf(made.id)).toBe('cancelled');
  });

  test('lapses when the node dies; its reservations may still be taken up, and are swept in the end', async () => {
    const limit = concurrent('f', 2);
    const third = await new TestNode('three', own.url, redis.url).start();
    const taken = await reserved(third, { callerHash: undefined, limits: [limit] }, 10_000);
    const left = await reserved(third, { callerHash: undefined, limits: [limit] }, 1_000);
    await third.die();
    expect(await one.caps.inUse(limit)).toBe(2);
    await untilFree(one, limit);
    expect(await two.reservations.claim(arriving('call-f'), taken.id)).toMatchObject({ ok: true });
    expect(await stateOf(left.id)).toBe('reserved');
    await until('its time is over', () => Date.now() > left.expiresAt);
    expect(await sweepReservations(one.database, Date.now())).toBeGreaterThanOrEqual(1);
    expect(await stateOf(left.id)).toBe('expired');
    expect(await stateOf(taken.id)).toBe('used');
  });

  test('is given back when the node is closed in order', async () => {
    const limit = concurrent('g', 2);
    const fourth = await new TestNode('four', own.url, redis.url).start();
    const made = await reserved(fourth, { callerHash: undefined, limits: [limit] });
    await fourth.close();
    expect(await one.caps.inUse(limit)).toBe(0);
    expect(await one.reservations.claim(arriving('call-g', CALLER), made.id)).toMatchObject({ ok: true });
  });

  test('goes back at once when the reservation cannot be stored', async () => {
    const limit = concurrent('h', 1);
    const broken = one.wanted({ id: 'not-a-reservation', callerHash: undefined, limits: [limit] });
    await expect(one.reservations.reserve(broken)).rejects.toThrow('rtb_reservations');
    expect(await one.caps.inUse(limit)).toBe(0);
  });
});

test('reservations that wait are counted over all nodes', async () => {
  const seller = { sellerId: 'counted', callerHash: undefined };
  await reserved(one, seller);
  await reserved(two, seller);
  await reserved(two, seller, 1);
  await until('one is over', async () => (await one.books.waiting('counted', Date.now())) === 2);
});
