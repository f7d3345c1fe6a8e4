import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSocket } from '../../src/media/freeswitch/event-socket';
import { Exchange } from '../e2e/support/exchange';
import { goesThrough } from '../e2e/support/goes-through';
import { addBuyer, NUMBER, openMarket, PAYOUT, REVENUE } from '../e2e/support/market';
import * as scenario from '../e2e/support/scenarios';
import { Sipp } from '../e2e/support/sipp';
import { until } from '../support/until';

/**
 * A FreeSWITCH with the configuration of freeswitch/, on this machine: `DCE_TEST_FREESWITCH=host:port` of its event
 * socket, `DCE_TEST_FREESWITCH_SECRET`, and commands that start one (and return when it is there) and kill it with
 * SIGKILL: `DCE_TEST_FREESWITCH_START`, `DCE_TEST_FREESWITCH_KILL`. Without them nothing is registered that needs one.
 */
const { DCE_TEST_FREESWITCH: server, DCE_TEST_FREESWITCH_SECRET: secret = '' } = process.env;
const { DCE_TEST_FREESWITCH_START: starts, DCE_TEST_FREESWITCH_KILL: kills } = process.env;
const CALLS = 10;

if (server === undefined || starts === undefined || kills === undefined) {
  test('a FreeSWITCH is killed where there is one', () => {
    expect([server, starts, kills]).toContain(undefined);
  });
} else {
  theRealOne(server, starts, kills);
}

function theRealOne(servers: string, start: string, kill: string): void {
  const run = (command: string): Buffer => execFileSync('/bin/sh', ['-c', command], { stdio: 'pipe' });
  const spool = mkdtempSync(join(tmpdir(), 'dce-freeswitch-spool-'));
  const peers: Sipp[] = [];
  let exchange: Exchange;

  beforeAll(async () => {
    exchange = await Exchange.start({
      env: {
        DCE_MEDIA_ENGINE: 'freeswitch',
        DCE_MEDIA_FREESWITCH_SERVERS: servers,
        DCE_MEDIA_FREESWITCH_SECRET: secret,
        DCE_MEDIA_FREESWITCH_SPOOL_DIR: spool,
      },
    });
    await openMarket(exchange);
    const buyer = await Sipp.start({ scenario: scenario.buyerAnswers(), timeoutSeconds: 300 });
    peers.push(buyer);
    await addBuyer(exchange, { id: 'buyer', uri: `sip:buyer@127.0.0.1:${buyer.port}`, price: REVENUE });
  });
  afterAll(async () => {
    for (const each of peers) await each.stop();
    await exchange.stop();
    rmSync(spool, { recursive: true, force: true });
  });

  async function answeredCalls(): Promise<number> {
    const [row] = await exchange.sql<{ up: number }>(
      `select count(*)::integer as up from calls where state = 'answered'`,
    );
    return row?.up ?? 0;
  }

  async function callsUp(): Promise<Sipp> {
    const carrier = await Sipp.start({
      scenario: scenario.callerWaitsForBye(),
      remote: exchange.sip,
      service: NUMBER,
      calls: CALLS,
      rate: CALLS,
    });
    peers.push(carrier);
    await until('the calls to be up', async () => (await answeredCalls()) === CALLS, 20_000);
    return carrier;
  }

  test('kill -9 with calls up: both sides are hung up, each is billed once, and the pool heals', async () => {
    const carrier = await callsUp();
    run(kill);
    await carrier.succeeds();
    const refused = await goesThrough(exchange);
    run(start);
    await until('a call to go through again', () => goesThrough(exchange), 60_000);
    await exchange.isClean();
    const [row] = await exchange.sql(
      `select count(*)::integer as calls, count(*) filter (where c.state = 'completed')::integer as completed,
         coalesce(sum(s.revenue), 0)::text as revenue, coalesce(sum(s.payout), 0)::text as payout
       from calls c left join settlements s on s.call_id = c.id where c.end_reason = 'media_failure'
         and c.answered_at is not null`,
    );
    expect(row).toEqual({
      calls: CALLS,
      completed: CALLS,
      revenue: String(CALLS * REVENUE),
      payout: String(CALLS * PAYOUT),
    });
    expect(refused).toBe(false);
    expect(readdirSync(spool).filter((name) => name.startsWith('call-'))).toEqual([]);
  });

  test('kill -9 of the switch with calls up: its channels do not stay', async () => {
    const [host = '', port] = servers.split(':');
    const events = await EventSocket.open({ host, port: Number(port), secret, timeoutMs: 5_000 });
    const channels = async (): Promise<number> => {
      return Number.parseInt(await events.command('show channels count'), 10);
    };
    await callsUp();
    // It counts them a moment after they are there.
    await until('the channels to be counted', async () => (await channels()) === 2 * CALLS, 20_000, 250);
    await exchange.kill();
    await until('the channels to be gone', async () => (await channels()) === 0, 30_000, 250);
    events.close();
    await exchange.restart();
    await until('a call to go through again', () => goesThrough(exchange), 60_000);
  });
}
