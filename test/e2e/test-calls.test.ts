import { Baresip } from './support/baresip';
import { Exchange } from './support/exchange';
import { addBuyer, moveTarget, NUMBER, openMarket, REVENUE } from './support/market';
import { freePort, startProgram, until } from './support/processes';
import * as scenario from './support/scenarios';
import { Sipp } from './support/sipp';

/** The first buyer bids more than the second, so it is rung first. */
const SECOND_REVENUE = 15_000_000;

/** What the API tells of a test call. */
interface TestCall {
  readonly id: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly sipStatus: number;
  readonly detail: string;
  readonly ringingAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly attempts: { targetId: string; outcome: string }[];
  readonly audio: { codec: string; packetsReceived: number; packetsSent: number; mos?: number } | null;
  readonly ladder: { way: string; message: string }[];
}

let exchange: Exchange;
let peer: Sipp | undefined;

beforeAll(async () => {
  exchange = await Exchange.start();
  await openMarket(exchange);
  // Limits that one call would use up, and a wallet that no call could be paid from.
  await addBuyer(exchange, { id: 'first', price: REVENUE, uri: 'sip:x@127.0.0.1:9', wallet: { money: 1 } });
  await addBuyer(exchange, { id: 'second', price: SECOND_REVENUE, uri: 'sip:x@127.0.0.1:9' });
  await exchange.change('bids/second-bid', { caps: { attempts: { total: 1 }, connections: { total: 1 } } });
});
afterEach(async () => {
  await peer?.stop();
  peer = undefined;
  await exchange.isClean();
});
afterAll(() => exchange.stop());

async function answersWith(id: 'first' | 'second', text: string, calls = 1): Promise<void> {
  peer = await Sipp.start({ scenario: text, calls });
  await moveTarget(exchange, id, `sip:buyer@127.0.0.1:${peer.port}`);
}

async function place(body: object): Promise<string> {
  const placed = await exchange.api<TestCall>('POST', '/api/v1/test-calls', body);
  expect([placed.status, placed.body.state]).toEqual([202, 'queued']);
  return placed.body.id;
}

async function reaches(id: string, state: string): Promise<TestCall> {
  let call: TestCall | undefined;
  await until(`the test call to be ${state}`, async () => {
    call = (await exchange.api<TestCall>('GET', `/api/v1/test-calls/${id}`)).body;
    return call.state === state;
  });
  return call as TestCall;
}

const first = { kind: 'target', id: 'first-target' };

/** What a call would have left: of all of it there is nothing. */
async function traces(): Promise<unknown> {
  const [found] = await exchange.sql<Record<string, string>>(
    `select (select count(*) from calls) as calls, (select count(*) from call_decisions) as decisions,
       (select count(*) from settlements) as settlements, (select count(*) from ledger_entries) as entries,
       (select count(*) from holds) as holds, (select count(*) from cap_usage) as caps,
       (select count(*) from outbox where type like 'call%') as events`,
  );
  return found;
}

test('a phone that answers hears the tone, and is heard; nothing of it is sold, billed or counted', async () => {
  const before = await traces();
  const phone = await Baresip.start({ user: 'buyer', says: 440, answer: 'auto' });
  try {
    await moveTarget(exchange, 'first', phone.uri);
    const id = await place({ to: first, talkSeconds: 60 });
    await reaches(id, 'answered');
    await phone.hears(1_004);
    await exchange.api('POST', `/api/v1/test-calls/${id}/hangup`, {});
    const over = await reaches(id, 'ended');
    await phone.terminated();
    expect(over).toMatchObject({ outcome: 'answered', sipStatus: 200, audio: { codec: 'PCMU' } });
    expect(over.audio?.packetsReceived).toBeGreaterThan(0);
    expect(over.audio?.packetsSent).toBeGreaterThan(0);
    expect(over.audio?.mos).toBeGreaterThan(3);
  } finally {
    await phone.stop();
  }
  expect(await traces()).toEqual(before);
  expect((await exchange.stats()).reserved).toBe(0);
});

test('SIPp that answers is hung up on when its time is over', async () => {
  await answersWith('first', scenario.buyerAnswers());
  const over = await reaches(await place({ to: first, talkSeconds: 1 }), 'ended');
  await peer?.succeeds();
  expect(over).toMatchObject({ outcome: 'answered', detail: 'its time is over' });
  expect((over.endedAt ?? 0) - (over.answeredAt ?? 0)).toBeGreaterThanOrEqual(990);
  expect(over.ladder.map(({ way, message }) => `${way} ${message}`)).toEqual([
    ...['out INVITE', 'in 180', 'in 200', 'out BYE'],
  ]);
});

test('busy, and ringing for ever, are told as they are', async () => {
  await answersWith('first', scenario.buyerRefuses(486, 'Busy Here'));
  expect(await reaches(await place({ to: first }), 'ended')).toMatchObject({
    ...{ outcome: 'busy', sipStatus: 486, answeredAt: null, audio: null },
  });
  await peer?.succeeds();
  await peer?.stop();
  await answersWith('first', scenario.buyerRingsOn());
  const over = await reaches(await place({ to: first, ringSeconds: 1 }), 'ended');
  expect(over).toMatchObject({ outcome: 'no_answer', answeredAt: null });
  expect(over.ringingAt).not.toBeNull();
  await peer?.succeeds();
});

test('a number leads to whom its campaign sells to; a test of it uses up neither caps nor money', async () => {
  await answersWith('second', scenario.buyerAnswers(), 2);
  const before = await traces();
  for (const turn of [1, 2]) {
    const body = {
      to: { kind: 'number', number: NUMBER, trunkId: 'trunk' },
      from: '+12123452671',
      talkSeconds: 1,
    };
    const over = await reaches(await place({ ...body, ringSeconds: 10 + turn }), 'ended');
    expect(over).toMatchObject({ outcome: 'answered' });
    expect(over.attempts.at(-1)).toMatchObject({ targetId: 'second-target', outcome: 'answered' });
  }
  expect(await traces()).toEqual(before);
});

test('dce call says the same, and ends with it', async () => {
  await answersWith('first', scenario.buyerAnswers());
  const { databaseUrl, apiUrl } = exchange.file;
  const env = { ...process.env, DCE_DATABASE_URL: databaseUrl };
  const args = ['dist/cli.js', 'call', 'target', 'first-target', '--talk', '1', '--api', apiUrl];
  const program = startProgram(process.execPath, args, { env });
  expect([await program.exited, program.output()]).toEqual([0, expect.stringMatching(/answered.*200/s)]);
  const [keys] = await exchange.sql<{ live: string }>(
    `select count(*) as live from api_keys where name like 'dce call%' and revoked_at is null`,
  );
  expect(keys?.live).toBe('0');
});

test('a node that is killed in the middle leaves a test call that is lost, not one that rings for ever', async () => {
  const port = await freePort();
  peer = await Sipp.start({ scenario: scenario.buyerRingsOn(), port });
  await moveTarget(exchange, 'first', `sip:buyer@127.0.0.1:${port}`);
  const id = await place({ to: first, ringSeconds: 60 });
  await reaches(id, 'ringing');
  await exchange.kill();
  await exchange.restart();
  // Its last word is old enough by now.
  await exchange.sql(`update test_calls set due_at = now() - interval '1 second' where id = $1`, [id]);
  expect(await reaches(id, 'ended')).toMatchObject({ outcome: 'lost', detail: 'the node that rang is gone' });
});
