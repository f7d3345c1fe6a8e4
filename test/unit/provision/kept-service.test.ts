import type { PrivateService } from '../../../src/provision';
import { KeptService } from '../../../src/provision';
import { until } from '../../support/until';

/** A service that dies when it is told to. */
class Fake implements PrivateService {
  up = true;
  constructor(readonly url = 'fake://1') {}
  isUp(): boolean {
    return this.up;
  }
  stop(): Promise<void> {
    this.up = false;
    return Promise.resolve();
  }
  leave(): void {
    this.up = false;
  }
}

/** Hands out services in turn; an error stands for a start that fails. */
async function keep(...starts: (Fake | Error)[]): Promise<{ kept: KeptService; news: string[] }> {
  const news: string[] = [];
  const kept = await KeptService.start(
    () => {
      const next = starts.shift() ?? new Error('nothing left to start');
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    { onDown: (why) => news.push(why), onBack: () => news.push('back'), watchMs: 1 },
  );
  return { kept, news };
}

test('what dies is started again, until that works', async () => {
  const [first, second] = [new Fake(), new Fake()];
  const { kept, news } = await keep(first, new Error('no luck'), new Error('none yet'), second);
  first.up = false;
  await until('it to be back', () => news.includes('back'));
  expect(news).toEqual(['it died', 'no luck', 'none yet', 'back']);
  expect(kept.isUp()).toBe(true);
  second.up = false;
  await until('the next death to be noticed', () => news.at(-1) !== 'back');
  await kept.stop();
});

test('at another address it is of no use: it is stopped, and the next try may have the old one', async () => {
  const [first, elsewhere, last] = [new Fake(), new Fake('fake://2'), new Fake()];
  const { kept, news } = await keep(first, elsewhere, last);
  first.up = false;
  await until('it to be back', () => news.includes('back'));
  expect(news).toEqual(['it died', 'its port is taken by another program', 'back']);
  expect(elsewhere.up).toBe(false);
  expect(kept.url).toBe('fake://1');
  await kept.stop();
});

test('what was stopped, or left, stays down', async () => {
  for (const end of ['stop', 'leave'] as const) {
    const first = new Fake();
    const { kept, news } = await keep(first, new Fake());
    await kept[end]();
    expect(first.up).toBe(false);
    await new Promise((wait) => setTimeout(wait, 20));
    expect(news).toEqual([]);
  }
});

test('stopping while it is being started again ends the one that comes up', async () => {
  const [first, second] = [new Fake(), new Fake()];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const starts = [() => Promise.resolve(first), () => gate.then(() => second)];
  let under = 0;
  const kept = await KeptService.start(() => starts[under++]?.() ?? Promise.reject(new Error('no more')), {
    onDown: () => undefined,
    onBack: () => undefined,
    watchMs: 1,
  });
  first.up = false;
  await until('the restart to begin', () => under === 2);
  const stopped = kept.stop();
  release();
  await stopped;
  expect(second.up).toBe(false);
});

test('the first start has no second try', async () => {
  await expect(keep(new Error('no room'))).rejects.toThrow('no room');
});
