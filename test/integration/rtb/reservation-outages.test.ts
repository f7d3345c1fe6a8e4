import type { E164, Reservation } from '../../../src/domain';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import { arriving, hashOf, TestNode } from './support/node';

let own: TestDatabase;
let redis: OwnTestRedis;
let database: TcpProxy;
let one: TestNode;
let two: TestNode;

beforeAll(async () => {
  own = await testDatabase();
  redis = await ownTestRedis();
  database = await TcpProxy.open(own.url);
  one = await new TestNode('one', database.url, redis.url).start();
  two = await new TestNode('two', database.url, redis.url).start();
});
afterAll(async () => {
  await one.close();
  await two.close();
  await database.close();
  await redis.drop();
  await own.drop();
});

let callers = 0;
const somebody = (): E164 => `+1213555${String(++callers).padStart(4, '0')}` as E164;

async function reserved(node: TestNode, caller: E164): Promise<Reservation> {
  const made = await node.reservations.reserve(node.wanted({ callerHash: hashOf(caller) }));
  if (!made) throw new Error('there was no room');
  return made;
}

const rowOf = async (id: string): Promise<{ state: string; call_id: string | null } | undefined> => {
  const [row] = await own.query<{ state: string; call_id: string | null }>(
    'select state, call_id from rtb_reservations where id = $1',
    [id],
  );
  return row;
};

test('while PostgreSQL is away nothing is promised, what was promised is kept, and it is told afterwards', async () => {
  const caller = somebody();
  const other = somebody();
  const [first, second] = [await reserved(one, caller), await reserved(one, other)];
  database.cut();
  await expect(reserved(two, somebody())).rejects.toThrow();
  const claims = await Promise.all([
    one.reservations.claim(arriving('call-1', caller), first.id),
    two.reservations.claim(arriving('call-2', caller), first.id),
    two.reservations.claim(arriving('call-3', other), undefined),
  ]);
  expect(claims.filter((claim) => claim?.ok)).toHaveLength(2);
  expect(claims[2]).toMatchObject({ ok: true, reservation: { id: second.id } });
  const winner = claims[0]?.ok === true ? 'call-1' : 'call-2';
  expect(await one.reservations.claim(arriving('call-4', caller), first.id)).toEqual({
    ok: false,
    problem: 'used',
  });
  database.mend();
  await until(
    'PostgreSQL has been told',
    () => one.reservations.unrecorded + two.reservations.unrecorded === 0,
  );
  expect(await rowOf(first.id)).toEqual({ state: 'used', call_id: winner });
  expect(await rowOf(second.id)).toEqual({ state: 'used', call_id: 'call-3' });
  expect(await two.reservations.claim(arriving('call-5', caller), first.id)).toMatchObject({
    problem: 'used',
  });
});

test('while Redis is away PostgreSQL alone decides, and afterwards what was reserved meanwhile is still found', async () => {
  await until('both are back', async () => {
    await one.books.waiting('x', 0);
    return !one.caps.degraded && !two.caps.degraded;
  });
  const caller = somebody();
  const known = await reserved(one, caller);
  await redis.stop();
  await until('it is noticed', () => one.redis.status !== 'ready' && two.redis.status !== 'ready');
  const fresh = somebody();
  const made = await reserved(one, fresh);
  const claims = await Promise.all([
    one.reservations.claim(arriving('call-6', caller), known.id),
    two.reservations.claim(arriving('call-7', caller), undefined),
    two.reservations.claim(arriving('call-8', caller), known.id),
  ]);
  expect(claims.filter((claim) => claim?.ok)).toHaveLength(1);
  await redis.start();
  await until('Redis is back', () => one.redis.status === 'ready' && two.redis.status === 'ready');
  expect(await two.reservations.claim(arriving('call-9', fresh), undefined)).toMatchObject({
    ok: true,
    reservation: { id: made.id },
  });
  expect(await rowOf(made.id)).toEqual({ state: 'used', call_id: 'call-9' });
});

test('while both are away nobody gets anything twice: nobody gets it', async () => {
  const made = await reserved(one, somebody());
  database.cut();
  await redis.stop();
  await until('it is noticed', () => one.redis.status !== 'ready');
  expect(await one.reservations.claim(arriving('call-10'), made.id)).toEqual({
    ok: false,
    problem: 'unavailable',
  });
  expect(await one.reservations.claim(arriving('call-10'), undefined)).toBeUndefined();
  database.mend();
  await redis.start();
});
