import type { Database } from '../../../src/storage';
import { isUnavailable } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  await own.query('create table notes (n bigint primary key)');
});
afterAll(() => own.drop());
beforeEach(() => {
  db = openDatabase(own.url, { poolSize: 3, applicationName: 'under test' });
});
afterEach(async () => {
  await db.close();
  await own.query('truncate notes');
});

const notes = async (): Promise<number[]> =>
  (await own.query<{ n: string }>('select n from notes order by n')).map((row) => Number(row.n));
const killAll = (): Promise<unknown> =>
  own.query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'under test'
    and datname = current_database()`);

describe('numbers', () => {
  test('bigint and numeric are numbers, as far as they are exact', async () => {
    const { rows } = await db.query(
      `select ${Number.MAX_SAFE_INTEGER}::bigint as most, '-12'::bigint as few, 7::numeric as whole`,
    );
    expect(rows).toEqual([{ most: Number.MAX_SAFE_INTEGER, few: -12, whole: 7 }]);
  });

  test.each(['9007199254740992::bigint', '0.5::numeric'])('%s is refused, not rounded', async (value) => {
    await expect(db.query(`select ${value} as n`)).rejects.toThrow('not a safe integer');
    expect((await db.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });
});

describe('a transaction', () => {
  test('is committed when its work resolves, and taken back when it rejects', async () => {
    expect(await db.transaction((tx) => tx.query('insert into notes values (1)').then(() => 'done'))).toBe(
      'done',
    );
    const failing = db.transaction(async (tx) => {
      await tx.query('insert into notes values (2)');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await notes()).toEqual([1]);
  });

  test('whose connection dies between two statements fails, and nothing is left of it', async () => {
    const failing = db.transaction(async (tx) => {
      await tx.query('insert into notes values (3)');
      await killAll();
      await new Promise((later) => setTimeout(later, 50));
      await tx.query('insert into notes values (4)');
    });
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(isUnavailable(error)).toBe(true);
    expect(await notes()).toEqual([]);
    await db.transaction((tx) => tx.query('insert into notes values (5)'));
    expect(await notes()).toEqual([5]);
  });

  test('that only reads sees one instant, and writes nothing', async () => {
    await db.transaction(async (tx) => {
      expect((await tx.query('select * from notes')).rows).toEqual([]);
      await own.query('insert into notes values (6)');
      expect((await tx.query('select * from notes')).rows).toEqual([]);
    }, 'snapshot');
    const writing = db.transaction((tx) => tx.query('insert into notes values (7)'), 'snapshot');
    await expect(writing).rejects.toThrow('read-only transaction');
  });
});

describe('every wait has a limit', () => {
  test('a statement', async () => {
    const hasty = openDatabase(own.url, { statementTimeoutMs: 50 });
    await expect(hasty.query('select pg_sleep(5)')).rejects.toThrow('statement timeout');
    await hasty.close();
  });

  test('a connection, when all are in use', async () => {
    const narrow = openDatabase(own.url, { poolSize: 1, connectTimeoutMs: 100 });
    await narrow.transaction(async () => {
      const error: unknown = await narrow.query('select 1').catch((reason: unknown) => reason);
      expect(isUnavailable(error)).toBe(true);
      expect(narrow.connections).toEqual({ total: 1, idle: 0, waiting: 0 });
    });
    await narrow.close();
  });

  test('a server that says nothing any more; the connection is not used again', async () => {
    const proxy = await TcpProxy.open(own.url);
    const far = openDatabase(proxy.url, { poolSize: 1, statementTimeoutMs: 100, connectTimeoutMs: 500 });
    const hanging = far.transaction(async (tx) => {
      await tx.query('insert into notes values (8)');
      proxy.freeze();
      await tx.query('select 1');
    });
    await expect(hanging).rejects.toThrow('Query read timeout');
    proxy.mend();
    await far.query('insert into notes values (9)');
    await until(
      'the server to take back what it never got whole',
      async () => (await notes()).join() === '9',
    );
    await far.close();
    await proxy.close();
  });
});

describe('a session', () => {
  test('hears what it listens to, and keeps its settings from the pool', async () => {
    const session = await db.session(0);
    const heard: unknown[] = [];
    session.onNotification((payload) => heard.push(payload));
    await session.query('listen news');
    await own.query(`select pg_notify('news', 'hello')`);
    await until('the news', () => heard.length === 1);
    expect(heard).toEqual(['hello']);
    expect((await session.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '0' }]);
    session.release();
    session.release();
    expect((await db.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '5s' }]);
    expect(db.connections.total).toBe(1);
  });

  test('tells once that it was lost, and not that it was released', async () => {
    const [lost, released] = [await db.session(), await db.session()];
    const told: string[] = [];
    lost.onLost(() => told.push('lost'));
    released.onLost(() => told.push('released'));
    released.release();
    await killAll();
    await until('the loss', () => told.length > 0);
    await expect(lost.query('select 1')).rejects.toThrow();
    lost.release();
    expect(told).toEqual(['lost']);
    expect((await db.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  });
});

test('slow statements are told by name, without their values', async () => {
  const told: string[] = [];
  const slow = openDatabase(own.url, { slowMs: 30, onSlow: (statement) => told.push(statement) });
  await slow.query('select 1');
  await slow.query({ name: 'nap', text: 'select pg_sleep($1)', values: [0.05] });
  await slow.query('select pg_sleep(0.05) -- unnamed');
  expect(told.filter((statement) => statement !== 'select 1')).toEqual([
    'nap',
    'select pg_sleep(0.05) -- unnamed',
  ]);
  await slow.close();
});

test('trouble on an idle connection is told, and the next statement has another', async () => {
  const errors: Error[] = [];
  const idle = openDatabase(own.url, {
    applicationName: 'under test',
    onError: (error) => errors.push(error),
  });
  await idle.query('select 1');
  await killAll();
  await until('the trouble', () => errors.length === 1);
  expect((await idle.query('select 1 as n')).rows).toEqual([{ n: 1 }]);
  await idle.close();
});
