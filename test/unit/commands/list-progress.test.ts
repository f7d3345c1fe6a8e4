import { ProgressBar, secondsOf } from '../../../src/commands/list-progress';

let written: string[];
let now: number;
const screen = (isTTY: boolean, columns?: number): ConstructorParameters<typeof ProgressBar>[0] => ({
  isTTY,
  ...(columns === undefined ? {} : { columns }),
  write: (text: string) => written.push(text),
});
const state = (done: number, total?: number): Parameters<ProgressBar['show']>[0] => ({
  what: 'reading',
  done,
  total,
  note: '5 numbers',
});

beforeEach(() => {
  written = [];
  now = 0;
});

test('on a terminal a bar is drawn over itself, ten times a second at most, and taken away', () => {
  const bar = new ProgressBar(screen(true), () => now);
  for (now = 0; now <= 250; now += 10) bar.show(state(now, 1_000));
  bar.close();
  bar.close();
  expect(written).toEqual([
    '\rreading [##----------------------]  10 %  5 numbers, 1 s left',
    '\rreading [####--------------------]  20 %  5 numbers, 1 s left',
    `\r${' '.repeat(61)}\r`,
  ]);
});

test('it fits on its terminal, and leaves nothing of a longer one before', () => {
  const bar = new ProgressBar(screen(true, 30), () => now);
  now = 200;
  bar.show(state(1, 100));
  now = 400;
  bar.show({ ...state(1), note: '' });
  expect(written.map((text) => text.length)).toEqual([30, 30]);
  expect(written[1]?.trim()).toBe('reading');
});

test('elsewhere it is a line now and then', () => {
  const bar = new ProgressBar(screen(false), () => now);
  for (now = 0; now <= 25_000; now += 1_000) bar.show(state(now, 100_000));
  bar.close();
  expect(written).toEqual([
    'reading  10 %  5 numbers, 1 min 30 s left\n',
    'reading  20 %  5 numbers, 1 min 20 s left\n',
  ]);
});

test('how far it is nobody knows of a stream', () => {
  const bar = new ProgressBar(screen(false), () => now);
  now = 10_000;
  bar.show(state(7));
  expect(written).toEqual(['reading  5 numbers\n']);
});

test.each([
  [0, '0 s'],
  [1, '1 s'],
  [59_999, '1 min 0 s'],
  [61_000, '1 min 1 s'],
  [3_600_000, '60 min 0 s'],
])('%i ms are %s', (ms, text) => {
  expect(secondsOf(ms)).toBe(text);
});
