import { PromptWatch } from '../../../src/parts/prompt-watch';

afterEach(() => {
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

test('the folder is read again and again; what is wrong there is told once while it lasts', async () => {
  jest.useFakeTimers();
  const told: unknown[] = [];
  const found: (readonly string[] | Error)[] = [
    ['a: bad'],
    ['a: bad', 'b: bad'],
    new Error('gone'),
    [],
    ['a: bad'],
  ];
  const prompts = {
    problems: ['a: bad'],
    names: () => new Set<string>(),
    reload: () => {
      const next = found.shift() ?? [];
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  };
  const log = { warn: (what: unknown) => told.push(what) } as never;
  const watch = new PromptWatch({ prompts, log, campaigns: () => [], everyMs: 1_000 });
  watch.start();
  watch.start();
  for (let i = 0; i < 5; i++) await jest.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([{ problem: 'b: bad' }, { problem: 'gone' }, { problem: 'a: bad' }]);
  expect(found).toEqual([]);
  watch.close();
});

test('campaigns that name a prompt that there is not are told, from the beginning and once', async () => {
  jest.useFakeTimers();
  const told: unknown[] = [];
  const names = new Set(['consent/recording']);
  const prompts = { problems: [], names: () => names, reload: () => Promise.resolve([]) };
  const log = { warn: (what: unknown) => told.push(what) } as never;
  const campaigns = [
    { id: 'good', recording: { announce: 'consent/recording' } },
    { id: 'bad', recording: { announce: 'consent/gone' } },
    { id: 'quiet', recording: {} },
    { id: 'plain' },
  ];
  const watch = new PromptWatch({ prompts, log, campaigns: () => campaigns, everyMs: 1_000 });
  watch.start();
  await jest.advanceTimersByTimeAsync(3_000);
  const missing = (id: string, name: string) => ({
    problem: `campaign ${id}: there is no prompt ${name}, so its calls are not recorded`,
  });
  expect(told).toEqual([missing('bad', 'consent/gone')]);
  names.clear();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(told.slice(1)).toEqual([missing('good', 'consent/recording')]);
  watch.close();
});
