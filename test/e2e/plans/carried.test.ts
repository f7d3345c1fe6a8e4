import { importRateDeck } from '../../../src/billing';
import { openDatabase } from '../../support/open-database';
import { Baresip } from '../support/baresip';
import { Exchange } from '../support/exchange';
import { addBuyer, NUMBER, openMarket, REVENUE } from '../support/market';
import { until } from '../support/processes';
import { prompt } from './support/greetings';
import { layPlans, takePlan } from './support/plans';

jest.setTimeout(90_000);

const ABROAD = '442079460958';
/** By the second, so that money tells the time. */
const MICROS_A_SECOND = 1_000;

let exchange: Exchange;
const phones: Baresip[] = [];

beforeAll(async () => {
  exchange = await Exchange.start({ env: { DCE_DIALPLANS_DIR: layPlans() } });
  await openMarket(exchange);
  await exchange.create('accounts', { id: 'abroad', name: 'Abroad', type: 'carrier' });
  await exchange.create('trunks', {
    ...{ id: 'out', accountId: 'abroad', name: 'Out', sources: ['192.0.2.1'], origin: 'unknown' },
  });
  const database = openDatabase(exchange.file.databaseUrl);
  try {
    for (const [trunkId, direction, prefix] of [
      ['trunk', 'inbound', '1800'],
      ['out', 'outbound', '44'],
    ] as const) {
      const deck = { trunkId, direction, name: 'A deck', currency: undefined, createdBy: undefined };
      const line = `prefix,rate_per_minute,first_increment_s,next_increment_s\n${prefix},0.06,1,1\n`;
      await importRateDeck(database, { ...deck, effectiveFrom: undefined }, file(line), Date.now() - 60_000);
    }
  } finally {
    await database.close();
  }
});
afterAll(async () => {
  for (const phone of phones) await phone.stop();
  await exchange?.stop();
});

async function* file(text: string): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from(text));
}

async function phone(options: Parameters<typeof Baresip.start>[0]): Promise<Baresip> {
  const started = await Baresip.start(options);
  phones.push(started);
  return started;
}
const caller = (): Promise<Baresip> =>
  phone({
    ...{ user: '12123452671', says: 440, answer: 'manual' },
    command: `/dial sip:${NUMBER}@${exchange.sip}`,
  });

interface Leg {
  readonly direction: string;
  readonly trunkId: string;
  readonly number: string;
  readonly durationMs: number;
}

test('prompts and a transfer of its plan cost what their carriers are paid for the legs, and nobody else pays', async () => {
  const elsewhere = await phone({ user: ABROAD, says: 1_000, answer: 'auto' });
  const uri = elsewhere.uri.replace(/^sip:[^@]*@/, `sip:${ABROAD}@`);
  await addBuyer(exchange, { id: 'desk', uri, price: REVENUE });
  await exchange.change('targets/desk-target', { trunkId: 'out' });
  await exchange.knowsMarket();
  await takePlan(exchange, NUMBER, 'handed');
  const asked = await caller();
  await asked.hearsSound(prompt('consent/recording-short'));
  await asked.hears(1_000);
  await elsewhere.hangUp();
  await asked.terminated();
  await exchange.isClean();

  const [call] = await exchange.sql<{ id: string; sale: unknown; carried: Leg[]; lasted: string }>(
    'select id, sale, carried, ended_at - attended_at as lasted from calls order by received_at desc limit 1',
  );
  expect(call?.sale).toBeNull();
  const [inbound, outbound] = call?.carried ?? [];
  expect(inbound).toMatchObject({ direction: 'inbound', trunkId: 'trunk', number: NUMBER });
  expect(outbound).toMatchObject({ direction: 'outbound', trunkId: 'out', number: `+${ABROAD}` });
  expect(Math.abs((inbound?.durationMs ?? 0) - Number(call?.lasted))).toBeLessThan(50);
  expect(outbound?.durationMs).toBeGreaterThan(0);
  expect(outbound?.durationMs).toBeLessThan(inbound?.durationMs ?? 0);

  const costOf = (leg: Leg | undefined): number =>
    Math.ceil((leg?.durationMs ?? 0) / 1_000) * MICROS_A_SECOND;
  await until('its settlement', async () => {
    const settled = await exchange.sql('select 1 from settlements where call_id = $1', [call?.id]);
    return settled.length === 1;
  });
  const { body } = await exchange.api('GET', `/api/v1/calls/${call?.id}/money`);
  expect(body).toMatchObject({
    ...{ revenue: 0, payout: 0, fees: 0, taxes: 0, priced: 'not_sold' },
    carrierCost: costOf(inbound) + costOf(outbound),
  });
  const moved = await exchange.sql<{ account: string; purpose: string; amount: string }>(
    `select a.account_id as account, a.purpose, e.amount from ledger_transactions t
     join ledger_entries e on e.transaction_id = t.id join ledger_accounts a on a.id = e.ledger_account_id
     where t.call_id = $1 order by 1, 2`,
    [call?.id],
  );
  expect(moved.map(({ account, purpose, amount }) => [account, purpose, Number(amount)])).toEqual([
    ['abroad', 'payable', -costOf(outbound)],
    ['carrier', 'payable', -costOf(inbound)],
    ['operator', 'carrier_cost', costOf(inbound) + costOf(outbound)],
  ]);
});
