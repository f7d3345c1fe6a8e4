import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { CallEndedRecord } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { CallLog, Journal, PostgresCallRecorder } from '../../../src/storage';
import type { CallEntry } from '../../../src/storage/call-entries';
import { storeEntries } from '../../../src/storage/call-entries';
import type { CallRecorderOptions } from '../../../src/storage/call-recorder';
import { JournalFullError } from '../../../src/storage/journal';
import { answeredRecord, decidedRecord, endedRecord, NOON, unsoldRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import { TcpProxy } from '../../support/tcp-proxy';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

const BOOT = { nodeId: 'n1', bootId: 'b1' };

let own: TestDatabase;
let proxy: TcpProxy;
/** Straight to the server. */
let db: Database;
/** Through the proxy. */
let far: Database;
let folder: string;
let recorders: PostgresCallRecorder[];
let rejected: { json: string; error: Error }[];
let degradations: [boolean, string | undefined][];
let outbox: number;

beforeAll(async () => {
  own = await testDatabase();
  proxy = await TcpProxy.open(own.url);
  db = openDatabase(own.url);
  far = openDatabase(proxy.url, { statementTimeoutMs: 1_000, connectTimeoutMs: 500 });
});
afterAll(async () => {
  await Promise.all([db.close(), far.close()]);
  await proxy.close();
  await own.drop();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dce-recorder-'));
  recorders = [];
  rejected = [];
  degradations = [];
  outbox = 0;
});
afterEach(async () => {
  proxy.mend();
  for (const recorder of recorders) await recorder.close();
  rmSync(folder, { recursive: true, force: true });
  await own.query('truncate calls, outbox cascade');
});

function openJournal(maxBytes?: number): Journal {
  return new Journal(join(folder, 'journal'), maxBytes === undefined ? {} : { maxBytes });
}

function openRecorder(
  more: Partial<CallRecorderOptions> = {},
  database = far,
  journal = openJournal(),
): PostgresCallRecorder {
  const recorder = new PostgresCallRecorder(database, journal, {
    ...BOOT,
    maxQueued: 1_000,
    onRejected: (json, error) => rejected.push({ json, error }),
    onDegraded: (degraded, error) => degradations.push([degraded, error?.name]),
    onOutbox: () => outbox++,
    ...more,
  });
  recorders.push(recorder);
  return recorder;
}

const rowOf = async (id: string): Promise<Record<string, unknown> | undefined> =>
  (await own.query<Record<string, unknown>>('select * from calls where id = $1', [id]))[0];
const idsOf = async (where = 'true'): Promise<string[]> =>
  (await own.query<{ id: string }>(`select id from calls where ${where} order by id`)).map((row) => row.id);
const events = (): Promise<unknown[]> =>
  own.query('select type, subject, payload from outbox order by type, subject');

test('a call that its plan attended and had decided twice is one row, with the decision that sold it', async () => {
  const { attempt, decision } = decidedRecord('attended');
  const basics = { ...attempt, sipCallId: 'sip', campaignId: 'campaign-1', sellerId: 'seller-account' };
  const plan = { name: 'ask', version: 2, steps: [{ at: NOON, step: 'a' }], tags: { zip: '10001' } };
  const decided = (decisionMicroseconds: number): CallEntry => ({
    kind: 'decided',
    boot: BOOT,
    record: { attempt, sipCallId: 'sip', decision, decisionMicroseconds },
  });
  const entries: CallEntry[] = [
    { kind: 'attended', boot: BOOT, record: { ...basics, attendedAt: NOON + 100 } },
    decided(1),
    decided(2),
  ];
  for (const entry of entries) await storeEntries(db, [entry]);
  expect(await rowOf('attended')).toMatchObject({ state: 'attended', attended_at: String(NOON + 100) });
  expect(await own.query('select microseconds from call_decisions')).toEqual([{ microseconds: 2 }]);
  await storeEntries(db, [
    { kind: 'answered', boot: BOOT, record: answeredRecord('attended') },
    { kind: 'ended', boot: BOOT, record: { ...endedRecord('attended'), attendedAt: NOON + 100, plan } },
  ]);
  const row = await rowOf('attended');
  expect(row).toMatchObject({ state: 'completed', attended_at: String(NOON + 100), plan });
  // What comes twice changes nothing.
  await storeEntries(db, entries);
  expect(await rowOf('attended')).toEqual(row);
});

describe('records of a call', () => {
  const entries = (id: string): Record<'decided' | 'answered' | 'ended', CallEntry> => ({
    decided: { kind: 'decided', boot: BOOT, record: decidedRecord(id) },
    answered: { kind: 'answered', boot: BOOT, record: answeredRecord(id) },
    ended: { kind: 'ended', boot: BOOT, record: endedRecord(id) },
  });

  test('in any order, repeated, together or apart: one row and one event', async () => {
    const { decided, answered, ended } = entries('reference');
    await storeEntries(db, [decided, answered, ended]);
    const reference = await rowOf('reference');
    expect(reference).toMatchObject({
      state: 'completed',
      end_reason: 'caller_hangup',
      caller: '+12125550123',
      buyer_id: 'buyer-1',
      connected_ms: '60000',
      ended_at: String(NOON + 65_000),
    });
    let run = 0;
    const kinds = fc.constantFrom('decided' as const, 'answered' as const, 'ended' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.array(kinds, { maxLength: 5 }),
        fc.array(kinds, { maxLength: 5 }),
        fc.integer({ min: 1, max: 4 }),
        async (before, after, size) => {
          const id = `any-${run++}`;
          const all = [...before, 'ended' as const, ...after].map((kind) => entries(id)[kind]);
          for (let at = 0; at < all.length; at += size) await storeEntries(db, all.slice(at, at + size));
          expect(await rowOf(id)).toEqual({
            ...reference,
            id,
            sip_call_id: `${id}@192.0.2.9`,
          });
          expect(await own.query(`select type from outbox where subject = $1`, [id])).toEqual([
            { type: 'call.ended' },
          ]);
          const decisions = await own.query('select 1 from call_decisions where call_id = $1', [id]);
          expect(decisions).toHaveLength(all.some((entry) => entry.kind === 'decided') ? 1 : 0);
        },
      ),
      { numRuns: 40 },
    );
    expect(await own.query('select 1 from call_late_ends')).toEqual([]);
  });

  test('written at once by several, they are still one row and one event', async () => {
    const { decided, answered, ended } = entries('crowd');
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        storeEntries(db, n % 2 === 0 ? [decided, answered, ended] : [ended, decided]),
      ),
    );
    expect(await idsOf()).toEqual(['crowd']);
    expect(await events()).toHaveLength(1);
  });

  test('an end that waits for the same end is not taken for another one', async () => {
    const { ended } = entries('same');
    let waiting: Promise<void> | undefined;
    await db.transaction(async (tx) => {
      await storeEntries(tx, [ended]);
      waiting = storeEntries(db, [ended]);
      await until('the second to wait for the first', async () => {
        const waits = `select 1 from pg_locks where not granted and pid in
          (select pid from pg_stat_activity where datname = current_database())`;
        return (await own.query(waits)).length > 0;
      });
    });
    await waiting;
    expect(await own.query('select 1 from call_late_ends')).toEqual([]);
    expect(await events()).toHaveLength(1);
  });

  test('an unanswered call ends without a sale', async () => {
    await storeEntries(db, [
      { kind: 'decided', boot: BOOT, record: decidedRecord('unsold') },
      { kind: 'ended', boot: BOOT, record: unsoldRecord('unsold') },
    ]);
    expect(await rowOf('unsold')).toMatchObject({ state: 'failed', sale: null, answered_at: null });
    expect(await events()).toEqual([
      {
        type: 'call.ended',
        subject: 'unsold',
        payload: { callId: 'unsold', connectedMs: 0, sold: false },
      },
    ]);
  });

  test('the longest checkpoint holds, and none moves a call that is over', async () => {
    const at = (connectedMs: number, when: number): CallEntry => ({
      kind: 'checkpoint',
      record: { at: NOON + when, calls: [{ callId: 'up', connectedMs }] },
    });
    const { decided, answered, ended } = entries('up');
    await storeEntries(db, [decided, at(1_000, 1_000)]);
    // Not answered yet.
    expect(await rowOf('up')).toMatchObject({ connected_ms: '0', checkpoint_at: null });
    await storeEntries(db, [answered, at(4_000, 4_000)]);
    await storeEntries(db, [at(2_000, 2_000)]);
    expect(await rowOf('up')).toMatchObject({
      connected_ms: '4000',
      checkpoint_at: new Date(NOON + 4_000),
    });
    await storeEntries(db, [at(6_000, 6_000), ended, at(99_000, 99_000)]);
    expect(await rowOf('up')).toMatchObject({ connected_ms: '60000', state: 'completed' });
  });
});

describe('with a database', () => {
  test('calls are written together and events told of', async () => {
    const recorder = openRecorder({ maxQueued: 2_000 });
    for (let n = 0; n < 600; n++) {
      recorder.decided(decidedRecord(`call-${n}`));
      recorder.answered(answeredRecord(`call-${n}`));
    }
    recorder.checkpoint([{ callId: 'call-7', connectedMs: 1_234.4 }]);
    await recorder.drain();
    expect(recorder.queued).toBe(0);
    expect(await idsOf(`state = 'answered'`)).toHaveLength(600);
    expect(outbox).toBe(0);
    recorder.ended(endedRecord('call-7'));
    await until('the event', () => outbox === 1);
    expect(await events()).toHaveLength(1);
    expect(degradations).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a checkpoint is written by itself', async () => {
    const recorder = openRecorder();
    recorder.decided(decidedRecord('up'));
    recorder.answered(answeredRecord('up'));
    await recorder.drain();
    recorder.checkpoint([{ callId: 'up', connectedMs: 2_000 }]);
    await until('the checkpoint', async () => (await rowOf('up'))?.['connected_ms'] === '2000');
  });

  test('what headers may hold is stored, as far as PostgreSQL can', async () => {
    const recorder = openRecorder();
    const decided = decidedRecord('odd');
    const attempt = { ...decided.attempt, tags: { 'x\0': 'a\0b', half: '\ud83d', '\\u0000': '\\' } };
    recorder.decided({ ...decided, sipCallId: 'id\0\ude00', attempt } as typeof decided);
    recorder.ended(endedRecord('odd', { sipCallId: 'id\0\ude00', detail: 'bye\0' }));
    await recorder.drain();
    expect(await rowOf('odd')).toMatchObject({ sip_call_id: 'id\ufffd\ufffd', detail: 'bye\ufffd' });
    expect(rejected).toEqual([]);
  });

  test.each<[string, Partial<CallEndedRecord>]>([
    ['breaks a constraint', { connectedMs: -1 }],
    ['is in a state that there is not', { state: 'asleep' as never }],
    ['has no number where one must be', { endedAt: NaN, receivedAt: NaN }],
    ['has a number that is too large', { connectedMs: 1e30 }],
  ])('a record that %s does not keep others out', async (_what, bad) => {
    const recorder = openRecorder();
    recorder.ended(endedRecord('good-1'));
    recorder.ended(endedRecord('bad', bad));
    recorder.ended(endedRecord('good-2'));
    await recorder.drain();
    expect(await idsOf()).toEqual(['good-1', 'good-2']);
    expect(
      rejected.map(({ json }) => (JSON.parse(json) as { record: CallEndedRecord }).record.callId),
    ).toEqual(['bad']);
    expect(recorder.degraded).toBe(false);
  });
});

describe('without a database', () => {
  test('records go to the journal, and from there to the database in order, before newer ones', async () => {
    const recorder = openRecorder();
    recorder.decided(decidedRecord('before'));
    await recorder.drain();
    proxy.cut();
    for (let n = 0; n < 300; n++) {
      recorder.decided(decidedRecord(`away-${n}`));
      recorder.answered(answeredRecord(`away-${n}`));
      if (n % 10 === 0) await recorder.drain();
      if (n % 2 === 0) recorder.ended(endedRecord(`away-${n}`));
    }
    recorder.ended(endedRecord('before'));
    await recorder.drain();
    expect(recorder.degraded).toBe(true);
    expect(readdirSync(folder).length).toBeGreaterThan(0);
    expect(await idsOf()).toEqual(['before']);
    proxy.mend();
    recorder.ended(endedRecord('after'));
    await until('recovery', () => !recorder.degraded);
    await recorder.drain();
    expect(await idsOf()).toHaveLength(302);
    expect(await idsOf(`state = 'answered'`)).toHaveLength(150);
    expect(await idsOf(`state = 'completed'`)).toHaveLength(152);
    expect(await events()).toHaveLength(152);
    expect(await own.query('select 1 from call_late_ends')).toEqual([]);
    expect(readdirSync(folder)).toEqual([]);
    expect(degradations.map(([degraded]) => degraded)).toEqual([true, false]);
    expect(rejected).toEqual([]);
    expect(outbox).toBeGreaterThan(0);
  });

  test('connections killed in the middle of writing lose and double nothing', async () => {
    const recorder = openRecorder();
    for (let n = 0; n < 500; n++) {
      recorder.ended(endedRecord(`killed-${n}`));
      if (n % 60 === 0) {
        await new Promise((turn) => setTimeout(turn, 15));
        await own.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid()`,
        );
      }
    }
    await until('everything', async () => (await idsOf()).length === 500);
    await until('recovery', () => !recorder.degraded);
    expect(await events()).toHaveLength(500);
    expect(await own.query('select 1 from call_late_ends')).toEqual([]);
  });

  test('a database that hangs is not waited for; what it wrote after all is written once', async () => {
    const recorder = openRecorder({ slowWriteMs: 100 });
    recorder.decided(decidedRecord('first'));
    await recorder.drain();
    proxy.freeze();
    recorder.ended(endedRecord('hung'));
    await until('the journal', () => recorder.degraded && recorder.queued === 0);
    proxy.mend();
    await until('recovery', () => !recorder.degraded);
    await until('the row', async () => (await idsOf()).includes('hung'));
    expect(await events()).toHaveLength(1);
  });

  test('a killed node’s journal, with half a line at its end, is replayed by its next start', async () => {
    const nowhere = openDatabase('postgresql://127.0.0.1:1/none');
    const killed = openRecorder({}, nowhere);
    killed.decided(decidedRecord('one'));
    killed.answered(answeredRecord('one'));
    killed.ended(endedRecord('one', { connectedMs: 42_000 }));
    killed.checkpoint([{ callId: 'two', connectedMs: 5 }]);
    await killed.drain();
    const segment = readdirSync(folder).at(-1) ?? '';
    appendFileSync(join(folder, segment), '{"kind":"ended","record":{"callId":"half');

    const next = openRecorder({ bootId: 'b2' }, db, openJournal());
    expect(await next.start()).toBe(true);
    expect(await rowOf('one')).toMatchObject({ boot_id: 'b1', connected_ms: '42000', state: 'completed' });
    expect(await events()).toHaveLength(1);
    expect(rejected).toEqual([]);
    expect(outbox).toBe(1);
    await nowhere.close();
  });

  test('a journal that cannot be replayed at the start is replayed later', async () => {
    proxy.cut();
    const killed = openRecorder({}, far);
    killed.ended(endedRecord('late'));
    await killed.drain();
    await killed.close();
    const next = openRecorder({}, far, openJournal());
    expect(await next.start()).toBe(false);
    next.ended(endedRecord('later'));
    proxy.mend();
    await until('recovery', () => !next.degraded);
    await next.drain();
    expect(await idsOf()).toEqual(['late', 'later']);
  });

  test('a line that is no record, and one that cannot be stored, do not keep others out of the database', async () => {
    const journal = openJournal();
    const ended = (callId: string, more: Partial<CallEndedRecord> = {}): string =>
      JSON.stringify({ kind: 'ended', boot: BOOT, record: endedRecord(callId, more) });
    await journal.append([ended('a'), 'not json', ended('bad', { connectedMs: -5 }), ended('z')]);
    await journal.close();
    const recorder = openRecorder({}, db, openJournal());
    expect(await recorder.start()).toBe(true);
    expect(await idsOf()).toEqual(['a', 'z']);
    expect(rejected.map(({ json }) => json.slice(0, 8))).toEqual(['not json', '{"kind":']);
  });

  test('checkpoints do not fill the journal', async () => {
    let clock = NOON;
    const recorder = openRecorder({ now: () => clock });
    recorder.decided(decidedRecord('up'));
    recorder.answered(answeredRecord('up'));
    await recorder.drain();
    proxy.cut();
    const journalled = async (): Promise<number> => {
      await recorder.drain();
      const journal = openJournal();
      return journal.bytes;
    };
    recorder.answered(answeredRecord('other'));
    await until('the journal', () => recorder.degraded && recorder.queued === 0);
    clock += 20_000;
    const before = await journalled();
    recorder.checkpoint([{ callId: 'up', connectedMs: 1_000 }]);
    await until('one', async () => (await journalled()) > before);
    const after = await journalled();
    for (let n = 0; n < 9; n++) {
      clock += 1_000;
      recorder.checkpoint([{ callId: 'up', connectedMs: 1_000 + n }]);
    }
    recorder.answered(answeredRecord('other'));
    await until('the record', async () => (await journalled()) > after);
    expect((await journalled()) - after).toBe(
      JSON.stringify({ kind: 'answered', boot: BOOT, record: answeredRecord('other') }).length + 1,
    );
    proxy.mend();
    await until('recovery', () => !recorder.degraded);
    expect(await rowOf('up')).toMatchObject({ connected_ms: '1000' });
  });
});

describe('a process that is killed', () => {
  const openLog = (): CallLog => new CallLog(join(folder, 'calls.log'));
  const logs = (): string[] => readdirSync(folder).filter((file) => file.startsWith('calls.log'));

  test('loses no answer and no end that was recorded, whatever it had no time for', async () => {
    const killed = openRecorder({ log: openLog() }, far, openJournal(10));
    proxy.cut();
    killed.answered(answeredRecord('up'));
    killed.answered(answeredRecord('over'));
    killed.ended(endedRecord('over'));
    await killed.close();
    expect(rejected).toEqual([]);
    expect(await idsOf()).toEqual([]);
    proxy.mend();
    const next = openRecorder({ bootId: 'b2', log: openLog() }, far, new Journal(join(folder, 'journal-2')));
    expect(await next.start()).toBe(true);
    expect(await rowOf('up')).toMatchObject({ state: 'answered', boot_id: 'b1', connected_ms: '0' });
    expect(await rowOf('over')).toMatchObject({ state: 'completed', connected_ms: '60000' });
  });

  test('whose call was closed as if nobody had answered: the answer is kept for people', async () => {
    await storeEntries(db, [{ kind: 'decided', boot: BOOT, record: decidedRecord('lost') }]);
    await own.query(
      `update calls set state = 'failed', end_reason = 'node_lost', ended_at = received_at where id = 'lost'`,
    );
    await storeEntries(db, [{ kind: 'answered', boot: BOOT, record: answeredRecord('lost') }]);
    expect(await rowOf('lost')).toMatchObject({ state: 'failed', sale: null });
    expect(await own.query('select call_id, record from call_late_ends')).toMatchObject([
      { call_id: 'lost', record: { connected_ms: 0, answered_at: NOON + 5_000, sale: { terms: {} } } },
    ]);
    expect(await own.query(`select subject from outbox where type = 'call.ended_late'`)).toHaveLength(1);
    // An answer that comes again, of a call that was settled by it, is nothing new.
    await storeEntries(db, [{ kind: 'ended', boot: BOOT, record: endedRecord('fine') }]);
    await storeEntries(db, [{ kind: 'answered', boot: BOOT, record: answeredRecord('fine') }]);
    expect(await own.query('select call_id from call_late_ends')).toHaveLength(1);
  });

  test('leaves nothing behind of what is stored, in the database or in the journal', async () => {
    const recorder = openRecorder({ log: openLog() });
    recorder.answered(answeredRecord('first'));
    recorder.ended(endedRecord('first'));
    await recorder.drain();
    proxy.cut();
    recorder.ended(endedRecord('second'));
    await until('the journal', () => recorder.degraded && recorder.queued === 0);
    await recorder.close();
    expect(logs()).toEqual([]);
  });

  test('while the database is away, moves what it finds to the journal', async () => {
    proxy.cut();
    const killed = openRecorder({ log: openLog() }, far, openJournal(10));
    killed.ended(endedRecord('before'));
    await killed.close();
    const next = openRecorder({ log: openLog() }, far, new Journal(join(folder, 'journal-2')));
    expect(await next.start()).toBe(false);
    expect(logs()).toEqual([]);
    proxy.mend();
    await until('the end', async () => (await rowOf('before')) !== undefined);
  });
});

describe('without database and disk', () => {
  test('decisions are shed before answers and ends, and these are handed to people', async () => {
    const shed: number[] = [];
    const recorder = openRecorder({ maxQueued: 4, onShed: (n) => shed.push(n) }, far, openJournal(10));
    proxy.cut();
    recorder.ended(endedRecord('end-1'));
    await until('the full journal', () => degradations.some(([, name]) => name === JournalFullError.name));
    recorder.decided(decidedRecord('decision-1'));
    recorder.decided(decidedRecord('decision-2'));
    recorder.answered(answeredRecord('answer-1'));
    // One too many: the decisions go.
    recorder.ended(endedRecord('end-2'));
    expect(recorder.queued).toBe(3);
    expect(shed).toEqual([2]);
    recorder.ended(endedRecord('end-3'));
    expect(rejected).toEqual([]);
    // One too many again, and nothing left that only explains: the oldest is for people.
    recorder.ended(endedRecord('end-4'));
    expect(recorder.queued).toBe(4);
    expect(rejected.map(({ json }) => json.includes('"end-1"'))).toEqual([true]);
    // What waits in memory is written once the database is back.
    proxy.mend();
    await until('recovery', () => !recorder.degraded);
    await until('the queue', () => recorder.queued === 0);
    expect(await idsOf()).toEqual(['answer-1', 'end-2', 'end-3', 'end-4']);
  });

  test('what cannot be written before the end is handed to people', async () => {
    const recorder = openRecorder({}, far, openJournal(10));
    proxy.cut();
    recorder.ended(endedRecord('last-words'));
    await recorder.close();
    expect(rejected.map(({ json }) => (JSON.parse(json) as CallEntry).kind)).toEqual(['ended']);
    expect(recorder.queued).toBe(0);
  });
});
