import { DeadLetters, settlementStatus } from '../../../src/billing';
import { endedRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import { until } from '../../support/until';
import { SettlementRoom } from './support/settlement-room';

let room: SettlementRoom;
let letters: DeadLetters;

beforeEach(async () => {
  room = await SettlementRoom.open();
  letters = new DeadLetters(room.db);
});
afterEach(() => room.close());

/** Statements that settle this call take longer than any limit. */
async function makeSlow(callId: string): Promise<void> {
  await room.own.query(`create or replace function drag() returns trigger language plpgsql as $$
    begin if new.call_id = '${callId}' then perform pg_sleep(30); end if; return new; end $$`);
  await room.own.query(
    `create trigger drags before insert on settlements for each row execute function drag()`,
  );
}
const heal = (): Promise<unknown> => room.own.query('drop trigger drags on settlements');
const roundsOf = async (callId: string): Promise<number> =>
  Number(
    (
      await room.own.query<{ rounds: number }>(
        `select rounds from outbox where type = 'call.ended' and subject = $1`,
        [callId],
      )
    )[0]?.rounds,
  );

test('a settlement that is always too slow is for people after five rounds; its neighbours are settled', async () => {
  const hasty = openDatabase(room.own.url, { statementTimeoutMs: 150 });
  room.atEnd(() => hasty.close());
  await makeSlow('slow');
  await room.end(endedRecord('slow'), endedRecord('neighbour-1'), endedRecord('neighbour-2'));
  const { dead } = room.worker({ database: hasty, retryDelaysMs: [1] });
  // As if a minute had passed, again and again.
  room.relay({ resendAfterMs: 200 });
  await until('the neighbours', () => room.isDone('neighbour-1'));
  await until('a letter', () => dead.length > 0, 30_000);
  expect(dead).toEqual([
    {
      callId: 'slow',
      reason: 'canceling statement due to statement timeout',
      diedAt: expect.any(Number) as number,
    },
  ]);
  expect(await roundsOf('slow')).toBe(5);
  expect(await room.isDone('neighbour-2')).toBe(true);
  expect(await room.settlementsOf('slow')).toBe(0);
  expect((await letters.get('slow'))?.history.map(({ event, reason }) => [event, reason])).toEqual([
    ...Array<[string, string]>(4).fill(['round_failed', 'canceling statement due to statement timeout']),
    ['died', 'canceling statement due to statement timeout'],
  ]);

  await heal();
  expect(await letters.redrive('slow', 'ann@desk')).toBe(true);
  expect(await roundsOf('slow')).toBe(0);
  await until('settled', () => room.isDone('slow'));
  expect(await letters.get('slow')).toBeUndefined();
  expect(
    await room.own.query(
      `select by_whom from settlement_history where call_id = 'slow' and event = 'redriven'`,
    ),
  ).toEqual([{ by_whom: 'ann@desk' }]);
});

test('a database that is away counts no round', async () => {
  const proxy = await TcpProxy.open(room.own.url);
  const far = openDatabase(proxy.url, { connectTimeoutMs: 200 });
  room.atEnd(async () => {
    await far.close();
    await proxy.close();
  });
  await room.end(endedRecord('dark'));
  room.worker({ database: far, retryDelaysMs: [1] });
  proxy.cut();
  room.relay({ resendAfterMs: 200 });
  // The complaint of the last try of a round.
  await until('a round in vain', () => room.errors.length > 0, 20_000);
  expect(await roundsOf('dark')).toBe(0);
  expect(await letters.list({ limit: 5 })).toEqual([]);
  proxy.mend();
  await until('settled', () => room.isDone('dark'), 20_000);
});

test('letters are listed page by page, the oldest first, and driven again all at once', async () => {
  const ids = Array.from({ length: 7 }, (_, n) => `letter-${n}`);
  await room.end(...ids.map((id) => endedRecord(id)), endedRecord('healthy'));
  for (const id of ids) await letters.add(id, `because of ${id}`);
  const pages: string[][] = [];
  let after: { callId: string; diedAt: number } | undefined;
  for (;;) {
    const page = await letters.list({ limit: 3, after });
    after = page.at(-1);
    if (!after) break;
    pages.push(page.map(({ callId }) => callId));
  }
  expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
  expect(pages.flat()).toEqual(ids);
  expect(await settlementStatus(room.db)).toMatchObject({ open: 1, deadLetters: 7, openDifferences: 0 });

  expect(await letters.redriveAll('bob')).toBe(7);
  expect(await letters.redriveAll('bob')).toBe(0);
  room.worker();
  room.relay();
  for (const id of ids) await until('settled', () => room.isDone(id));
  await until('settled', () => room.isDone('healthy'));
  expect(await settlementStatus(room.db)).toEqual({
    open: 0,
    oldestOpenMs: 0,
    deadLetters: 0,
    openDifferences: 0,
  });
});

test('a call that died is a letter once, and none when it is settled meanwhile', async () => {
  await room.end(endedRecord('once'), endedRecord('done'));
  expect(await letters.add('once', 'one')).toMatchObject({ callId: 'once', reason: 'one' });
  expect(await letters.add('once', 'two')).toBeUndefined();
  expect(await letters.failRound('once', 'three', 1)).toEqual({ rounds: undefined, letter: undefined });
  room.worker();
  room.relay();
  await until('settled', () => room.isDone('done'));
  expect(await letters.add('done', 'too late')).toBeUndefined();
  expect(await letters.get('done')).toBeUndefined();
  expect((await letters.get('once'))?.history).toHaveLength(1);
});

test('reasons that no text can hold are kept as far as it can', async () => {
  await room.end(endedRecord('odd'));
  await letters.add('odd', `a\0b\ud800${'x'.repeat(5_000)}`);
  expect((await letters.get('odd'))?.reason).toMatch(/^a\ufffdb\ufffdx{900,}$/);
});
