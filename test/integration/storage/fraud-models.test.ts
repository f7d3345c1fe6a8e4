import { ModelShelf } from '../../../src/fraud';
import { SHIPPED_MODELS } from '../../../src/fraud/shipped-models';
import { Market } from '../../../src/market';
import type { Database } from '../../../src/storage';
import {
  listFraudModels,
  MarketFeed,
  offerFraudModel,
  putFraudModel,
  setFraudModelStatus,
} from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(() => own.query('delete from fraud_models'));

const MODEL = { kind: 'gbdt', trainedOn: 'a test', metrics: { rocAuc: 0.9 } };
const statuses = async (): Promise<string[]> =>
  (await listFraudModels(db)).map(({ id, status }) => `${id} ${status}`).sort();

test('a model is in the shadow until it is promoted; the one before is retired then', async () => {
  expect(await putFraudModel(db, 'one', MODEL)).toBe(true);
  await putFraudModel(db, 'two', MODEL);
  expect(await statuses()).toEqual(['one shadow', 'two shadow']);
  await setFraudModelStatus(db, 'one', 'active');
  expect(await statuses()).toEqual(['one active', 'two shadow']);
  await setFraudModelStatus(db, 'two', 'active');
  expect(await statuses()).toEqual(['one retired', 'two active']);
  await setFraudModelStatus(db, 'two', 'retired');
  await setFraudModelStatus(db, 'one', 'shadow');
  expect(await statuses()).toEqual(['one shadow', 'two retired']);
  expect((await listFraudModels(db))[0]).toMatchObject(MODEL);
  await expect(setFraudModelStatus(db, 'three', 'active')).rejects.toMatchObject({ kind: 'not_found' });
});

test('promoting what is not there retires nothing', async () => {
  await putFraudModel(db, 'one', MODEL);
  await setFraudModelStatus(db, 'one', 'active');
  await expect(setFraudModelStatus(db, 'other', 'active')).rejects.toThrow('there is no model other');
  expect(await statuses()).toEqual(['one active']);
});

test('an id speaks of one model for ever', async () => {
  await putFraudModel(db, 'one', MODEL);
  expect(await putFraudModel(db, 'one', { ...MODEL })).toBe(false);
  expect(await offerFraudModel(db, 'one', { ...MODEL, kind: 'logistic' })).toBe(false);
  expect((await listFraudModels(db))[0]).toMatchObject(MODEL);
  await expect(putFraudModel(db, 'one', { ...MODEL, kind: 'logistic' })).rejects.toMatchObject({
    kind: 'conflict',
  });
});

test('of several promoted at once one is active', async () => {
  const ids = ['a', 'b', 'c', 'd'];
  for (const id of ids) await putFraudModel(db, id, MODEL);
  await Promise.all(ids.map((id) => setFraudModelStatus(db, id, 'active')));
  expect((await statuses()).filter((line) => line.endsWith('active'))).toHaveLength(1);
});

test('the market has the model that decides and the one that is tried, and they score', async () => {
  const [better, simpler] = SHIPPED_MODELS;
  if (!better || !simpler) throw new Error('two models come with the product');
  for (const model of SHIPPED_MODELS) await putFraudModel(db, model.id, model);
  await setFraudModelStatus(db, better.id, 'active');
  const market = new Market();
  const feed = new MarketFeed(db, market, {});
  await feed.start();
  await until('the models', () => market.models.size === 2);
  const models = new ModelShelf().of(market.models);
  expect([models.active?.id, models.shadow?.id]).toEqual([better.id, simpler.id]);
  await setFraudModelStatus(db, better.id, 'retired');
  await until('it is retired', () => market.models.get(better.id)?.status === 'retired');
  expect(new ModelShelf().of(market.models).active).toBeUndefined();
  await feed.close();
});
