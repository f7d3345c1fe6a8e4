import { NumberLists } from '../../../src/market';
import { NumberListFeed } from '../../../src/storage';
import { until } from '../../support/until';
import { daysAgo, lines, take } from '../storage/support/number-list-files';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const NOW = Date.UTC(2030, 0, 1);
let api: TestApi;
let lists: NumberLists;
let feed: NumberListFeed;

beforeAll(async () => {
  lists = new NumberLists();
  api = await startTestApi({ numberLists: { lists, now: () => NOW } });
  feed = new NumberListFeed(api.pool, lists);
  await feed.start();
});
afterAll(async () => {
  feed.close();
  await api.close();
});

const day = (days: number): string => new Date(daysAgo(days)).toISOString().slice(0, 10);

test('lists are shown with their versions, and which of them this node answers from', async () => {
  const empty = await api.ask('GET', '/api/v1/number-lists');
  expect(empty.body).toMatchObject({ items: [], node: { entries: 0, oldestAgeMs: null } });
  await take(api.pool, 'national', lines(212, 555, 0, 100), { asOf: daysAgo(3) });
  await take(api.pool, 'national', lines(212, 555, 0, 200), { asOf: daysAgo(2) });
  await take(api.pool, 'state:TX', lines(212, 555, 50, 60), { asOf: daysAgo(1) });
  await take(api.pool, 'national', 'rubbish\n', { format: 'lines' });
  await until(
    'the node has them',
    () => lists.names().length === 2 && lists.version('national')?.version === day(2),
  );
  const { status, body } = await api.ask('GET', '/api/v1/number-lists');
  expect(status).toBe(200);
  expect(body).toMatchObject({
    items: [
      {
        list: 'national',
        status: 'failed',
        inUse: false,
        problem: expect.stringMatching(/cannot be used/) as string,
      },
      { list: 'state:TX', status: 'current', inUse: true, problem: null },
      {
        list: 'national',
        version: day(2),
        status: 'current',
        entries: 200,
        inUse: true,
        ageMs: NOW - daysAgo(2),
      },
      { list: 'national', version: day(3), status: 'previous', entries: 100, inUse: false },
    ],
    node: { entries: 210, oldestAgeMs: NOW - daysAgo(2) },
  });
  const texas = await api.ask('GET', '/api/v1/number-lists?list=state:TX&limit=1');
  expect(texas.body['items']).toMatchObject([
    { list: 'state:TX', sources: [{ name: 'list.txt', bytes: 120 }] },
  ]);
});

test('a number is checked as a decision would', async () => {
  const { body } = await api.ask('GET', '/api/v1/number-lists/check?number=%2B12125550055');
  expect(body).toEqual({
    number: '+12125550055',
    hits: [{ list: 'national' }, { list: 'state', state: 'TX' }],
    lists: [
      { list: 'national', version: day(2), asOf: daysAgo(2) },
      { list: 'state', state: 'TX', version: day(1), asOf: daysAgo(1) },
    ],
  });
  expect((await api.ask('GET', '/api/v1/number-lists/check?number=(212)%20555-0999')).body).toMatchObject({
    number: '+12125550999',
    hits: [],
  });
});

test.each(['?number=nobody', '?', '?number=', '?number=12&other=1'])('check%s is refused', async (query) => {
  expect(await api.ask('GET', `/api/v1/number-lists/check${query}`)).toMatchObject({ status: 400 });
});

test.each(['list=state', 'list=everybody', 'limit=0', 'limit=1000'])(
  'a list with %s is refused',
  async (query) => {
    expect(await api.ask('GET', `/api/v1/number-lists?${query}`)).toMatchObject({ status: 400 });
  },
);

test('it needs the scope of the rows', async () => {
  const key = await api.keyWith('calls:read');
  expect(await api.ask('GET', '/api/v1/number-lists', { key })).toMatchObject({ status: 403 });
  const reader = await api.keyWith('dnc:read');
  expect(await api.ask('GET', '/api/v1/number-lists', { key: reader })).toMatchObject({ status: 200 });
});
