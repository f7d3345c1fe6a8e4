import { mkdir, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanWorld } from '../../../src/dialplan';
import { advancePlan, beginPlan } from '../../../src/dialplan';
import type { PlanAlert } from '../../../src/parts/plan-shelf';
import { PlanShelf } from '../../../src/parts/plan-shelf';
import { until } from '../../support/until';

let folder: string;
let world: Pick<PlanWorld, 'prompts' | 'engines'>;
let told: string[];
let alerts: PlanAlert[];
let cleared: PlanAlert[];
let shelf: PlanShelf;

const HEAD = ['dialplan: 1', 'name: hello', 'start: greet', 'steps:'];
const GREETING = (prompt: string): string =>
  [...HEAD, `  greet: { do: announce, play: [${prompt}], next: bye }`, '  bye: { do: hangup }'].join('\n');
const LOOP = [
  ...HEAD,
  '  greet: { do: set, tags: { a: x }, next: round }',
  '  round: { do: set, tags: { a: y }, next: greet }',
  'tags: { a: text }',
].join('\n');

let written = 0;
/** As careful editors do it: whole, under its name. Times of files are coarse, so each is given one of its own. */
const write = async (name: string, text: string): Promise<void> => {
  const path = join(folder, name);
  await writeFile(`${path}.new`, text);
  await utimes(`${path}.new`, 1_000, 1_000 + written++);
  await rename(`${path}.new`, path);
};

const open = (more: { pollMs?: number; settleMs?: number } = {}): PlanShelf =>
  new PlanShelf({
    folder,
    world: () => world,
    onAlert: (alert) => alerts.push(alert),
    onCleared: (alert) => cleared.push(alert),
    onRefused: (detail) => told.push(detail),
    settleMs: 5,
    pollMs: 20,
    ...more,
  });

const played = (): unknown => {
  const found = shelf.planFor('hello', undefined, undefined);
  const step = found?.plan.steps['greet'];
  return step?.do === 'announce' ? step.play[0] : undefined;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dce-plans-'));
  world = { prompts: new Set(['one', 'two']), engines: { mediasoup: ['play'] } };
  [told, alerts, cleared] = [[], [], []];
  shelf = open();
});
afterEach(async () => {
  await shelf.close();
  await rm(folder, { recursive: true, force: true });
});

describe('files', () => {
  test('a plan is taken as it is written, and as it is written next', async () => {
    await write('hello.yaml', GREETING('one'));
    await shelf.start();
    expect(shelf.planFor('hello', undefined, undefined)).toMatchObject({
      version: 0,
      plan: { name: 'hello' },
    });
    await write('hello.yaml', GREETING('two'));
    await until('the next version', () => played() === 'two');
    expect([told, alerts]).toEqual([[], []]);
  });

  test('changes are seen where the file system tells of none', async () => {
    await rm(folder, { recursive: true });
    await shelf.start();
    expect(alerts).toMatchObject([{ kind: 'refused', detail: expect.stringContaining('ENOENT') as string }]);
    await mkdir(folder);
    await write('hello.yaml', GREETING('one'));
    await until('the plan', () => played() === 'one');
    await until('the folder is back', () => cleared.length > 0);
  });

  test.each<[string, string, RegExp]>([
    ['a loop', LOOP, /hello\.yaml:5:3: leads back to itself .* \(steps\.greet\)/],
    ['a prompt that there is not', GREETING('three'), /hello\.yaml:5:33: there is no prompt three/],
    [
      'a tag that is not declared',
      GREETING('one').replace(
        '{ do: hangup }',
        '{ do: set, tags: { zip: "1" }, next: end }\n  end: { do: hangup }',
      ),
      /hello\.yaml:6:27: the tag zip is not declared/,
    ],
    [
      'another engine',
      `engine: freeswitch\n${GREETING('one')}`,
      /hello\.yaml:1:1: the engine freeswitch is not configured/,
    ],
    [
      'another name',
      GREETING('one').replace('name: hello', 'name: other'),
      /hello\.yaml:2:1: it is kept as hello/,
    ],
    ['no YAML', 'steps: [', /hello\.yaml:\d+:\d+: not YAML/],
    ['too much', `# ${'x'.repeat(70_000)}`, /hello\.yaml:1:1: longer than 65536 bytes/],
  ])('%s is refused by file, line and reason; the version before stays live', async (_, broken, reason) => {
    await write('hello.yaml', GREETING('one'));
    await shelf.start();
    const before = shelf.planFor('hello', undefined, undefined);
    await write('hello.yaml', broken);
    await until('an alert', () => alerts.length > 0);
    expect(alerts).toMatchObject([{ kind: 'refused', detail: expect.stringMatching(reason) as string }]);
    expect(shelf.planFor('hello', undefined, undefined)).toBe(before);
    const [file] = shelf.shipped;
    expect(file).toMatchObject({ name: 'hello', text: GREETING('one') });
    expect(file?.problems).not.toEqual([]);
    await write('hello.yaml', GREETING('two'));
    await until('the next version', () => played() === 'two');
    expect(cleared).toHaveLength(1);
  });

  test('one that was never good raises an alert once a call wants it, and the call goes on without', async () => {
    await write('hello.yaml', LOOP);
    await shelf.start();
    expect(alerts).toEqual([]);
    expect(told).toEqual([expect.stringMatching(/hello\.yaml:5:3: leads back/)]);
    for (let calls = 0; calls < 3; calls++) expect(shelf.planFor('hello', 'gone', undefined)).toBeUndefined();
    expect(alerts.map(({ kind, detail }) => [kind, detail])).toEqual([
      ['missing', expect.stringMatching(/hello\.yaml:5:3: leads back .*: calls go on without it$/)],
      ['missing', 'there is no dialplan gone: calls go on without it'],
    ]);
    await write('hello.yaml', GREETING('one'));
    // Also when no call asks for it any more.
    await until('it is there', () => cleared.length > 0);
    expect(cleared.map(({ kind }) => kind)).toEqual(['missing']);
    expect(played()).toBe('one');
  });

  test('a plan whose file is gone is gone; of two files of one name the first counts', async () => {
    await write('hello.yaml', GREETING('one'));
    await write('hello.yml', GREETING('two'));
    await shelf.start();
    expect(played()).toBe('one');
    expect(alerts).toMatchObject([
      { detail: expect.stringMatching(/hello\.yml: there is another file hello$/) as string },
    ]);
    await rm(join(folder, 'hello.yaml'));
    await until('the next version', () => played() === 'two');
    await rm(join(folder, 'hello.yml'));
    await until('no plan is left', () => shelf.shipped.length === 0);
    expect(played()).toBeUndefined();
  });
});

test('the plan of a number goes before that of its campaign, and a call without either has none', async () => {
  await write('hello.yaml', GREETING('one'));
  await write('other.yaml', GREETING('two').replace('name: hello', 'name: other'));
  await shelf.start();
  const named = (number?: string, campaign?: string): string | undefined =>
    shelf.planFor(number, campaign, 'seller')?.plan.name;
  expect([named('hello', 'other'), named(undefined, 'other'), named(), named('gone', 'other')]).toEqual([
    'hello',
    'other',
    undefined,
    'other',
  ]);
});

test('a call that is up goes on by the plan that it began with', async () => {
  await write('hello.yaml', GREETING('one'));
  await shelf.start();
  const call = shelf.planFor('hello', undefined, undefined);
  if (!call) throw new Error('there is no plan');
  const facts = { tags: {}, score: undefined, attestation: undefined };
  const begun = beginPlan(call.plan, facts, 0);
  await write('hello.yaml', [...HEAD, '  greet: { do: hangup, code: 600 }'].join('\n'));
  await until('another plan', () => shelf.planFor('hello', undefined, undefined) !== call);
  // Its next step is not there any more in what others take.
  expect(advancePlan(call.plan, begun.state, { kind: 'done' }, 0)).toMatchObject({ entered: ['bye'] });
  expect(() => Object.assign(call.plan.steps, { bye: undefined })).toThrow(TypeError);
});

test('prompts that go away are told of, and take a plan from nobody', async () => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance', 'queueMicrotask'] });
  try {
    shelf = open({ pollMs: 1_000_000 });
    await write('hello.yaml', GREETING('one'));
    await shelf.start();
    world = { ...world, prompts: new Set(['two']) };
    jest.advanceTimersByTime(15_000);
    expect(alerts).toMatchObject([
      { kind: 'flagged', detail: expect.stringContaining('there is no prompt one') as string },
    ]);
    expect(played()).toBe('one');
    world = { ...world, prompts: new Set(['one']) };
    jest.advanceTimersByTime(15_000);
    expect(cleared).toHaveLength(1);
  } finally {
    jest.useRealTimers();
  }
});
