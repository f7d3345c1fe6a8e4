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
    reload: () => {
      const next = found.shift() ?? [];
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
  };
  const watch = new PromptWatch(prompts, { warn: (what: unknown) => told.push(what) } as never, 1_000);
  watch.start();
  watch.start();
  for (let i = 0; i < 5; i++) await jest.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([{ problem: 'b: bad' }, { problem: 'gone' }, { problem: 'a: bad' }]);
  expect(found).toEqual([]);
  watch.close();
});
