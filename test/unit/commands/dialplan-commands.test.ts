import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addDialplanCommands } from '../../../src/commands/dialplan-commands';

const SHIPPED = join(__dirname, '../../../dialplans');
const PROMPTS = join(__dirname, '../../../freeswitch/prompts');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dce-plans-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command; tells what it said and how it ended. */
async function dce(...words: string[]): Promise<{ said: string[]; code: number }> {
  const said: string[] = [];
  let code = 0;
  const program = new Command()
    .exitOverride()
    .configureOutput({ writeErr: (text) => void said.push(text.trim()) });
  const engines = { mediasoup: ['play', 'gather', 'record', 'whisper', 'voicemail'] } as const;
  addDialplanCommands(program, {
    configured: () => ({ folder: SHIPPED, prompts: PROMPTS, engines }),
    withDatabase: () => Promise.reject(new Error('no database is needed')),
    user: () => 'ann@here',
    say: (line) => void said.push(line),
    clock: { now: () => Date.parse('2026-11-23T15:00:00Z'), monotonic: () => 0 },
    setExitCode: (given) => void (code = given),
  });
  await program.parseAsync(['dialplan', ...words], { from: 'user' });
  return { said, code };
}

function write(name: string, lines: readonly string[]): string {
  const file = join(folder, name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const HEAD = ['dialplan: 1', 'name: mine', 'start: hello'];
const named = (name: string): string[] => ['dialplan: 1', `name: ${name}`, 'start: hello'];

test('check reads every plan of a folder and says what is wrong, by line', async () => {
  const good = write('good.yaml', [...named('good'), 'steps: { hello: { do: hangup } }']);
  const bad = write('bad.yaml', [
    ...named('bad'),
    'steps:',
    '  hello: { do: announce, play: [greeting/welcome], next: nowhere }',
  ]);
  write('notes.txt', ['no plan']);
  expect(await dce('check', folder)).toEqual({
    said: [`${bad}:5:52: there is no step nowhere (steps.hello.next)`, '2 plans read, 1 refused'],
    code: 1,
  });
  expect(await dce('check', good)).toEqual({ said: ['1 plans read, 0 refused'], code: 0 });
});

test('check goes by what is configured, and takes every plan that is shipped', async () => {
  const { said, code } = await dce('check');
  expect(said.filter((line) => !line.includes(': warning: '))).toEqual([
    expect.stringMatching(/^\d+ plans read, 0 refused$/),
  ]);
  expect(code).toBe(0);
  const file = write('other.yaml', [
    'engine: freeswitch',
    ...named('mine'),
    'steps:',
    '  hello: { do: ring, detectMachine: true, exhausted: bye }',
    '  bye: { do: hangup }',
  ]);
  const refused = await dce('check', file);
  expect(refused.said).toEqual(
    expect.arrayContaining([
      `${file}:1:1: the engine freeswitch is not configured (engine)`,
      `${file}:3:1: it is kept as other, and must be called that (name)`,
    ]),
  );
});

test('check looks for prompts where it is told to', async () => {
  mkdirSync(join(folder, 'prompts/en'), { recursive: true });
  writeFileSync(join(folder, 'prompts/en/hi.wav'), '');
  const file = write('p.yaml', [
    ...named('p'),
    'steps:',
    '  hello: { do: announce, play: [en/hi, en/ho], next: bye }',
    '  bye: { do: hangup }',
  ]);
  expect(await dce('check', file, '--prompts', join(folder, 'prompts'))).toEqual({
    said: [`${file}:5:40: there is no prompt en/ho (steps.hello.play.1)`, '1 plans read, 1 refused'],
    code: 1,
  });
});

test('a folder without a plan proves nothing', async () => {
  expect(await dce('check', folder)).toEqual({ said: ['0 plans read, 0 refused'], code: 1 });
});

test('simulate tells a call its way', async () => {
  const plan = join(SHIPPED, 'qualified-insurance.yaml');
  const { said, code } = await dce(
    'simulate',
    plan,
    'done',
    'keys:7',
    'keys:1',
    'keys:2',
    'keys:10001',
    'sold',
    'nobody',
    'ended',
  );
  expect(code).toBe(0);
  expect(said).toEqual([
    'greet          → answer; play greeting/insurance, consent/recording',
    '               ← done',
    'line           → play insurance/which-line, take up to 1 keys',
    '               ← keys 7',
    '               → play sorry/not-understood, insurance/which-line, take up to 1 keys',
    '               ← keys 1',
    'auto',
    'insured        → line = auto; play insurance/insured-now, take up to 1 keys',
    '               ← keys 2',
    'insured-no',
    'zip            → insured = no; play ask/zip, take up to 5 keys',
    '               ← keys 10001',
    'sell           → zip = 10001; auction',
    '               ← sold',
    'which-whisper',
    'ring-auto      → ring, 1 at once',
    '               ← nobody',
    'wait           → wait up to 120 s, ringing again every 10 s',
    '               ← ended',
    '               → hang up: the conversation is over (480 where not answered)',
  ]);
});

test('simulate goes by what the call brings, and when it comes', async () => {
  const ends = async (...words: string[]): Promise<string | undefined> =>
    (await dce('simulate', ...words)).said.at(-1);
  const hours = join(SHIPPED, 'after-hours-voicemail.yaml');
  expect((await dce('simulate', hours)).said).toContain('sell     → auction');
  expect((await dce('simulate', hours, '--at', '2026-11-22T15:00:00Z')).said[1]).toContain('hours/closed');
  const challenge = join(SHIPPED, 'fraud-challenge.yaml');
  expect(await ends(challenge, 'keys:1', 'keys:1', '--score', '0.9')).toContain(
    'did not prove to be a person',
  );
  expect(await ends(challenge, 'keys:7', '--score', '0.9')).toContain('the conversation is over');
});

test('simulate says which answer cannot be', async () => {
  expect(await dce('simulate', join(SHIPPED, 'direct.yaml'), 'sold', 'sold')).toMatchObject({
    said: expect.arrayContaining(['sold cannot come of that: ended or nobody']) as string[],
    code: 1,
  });
  await expect(dce('simulate', join(SHIPPED, 'direct.yaml'), 'maybe')).rejects.toThrow(
    'maybe: must be keys:…',
  );
  await expect(dce('simulate', join(SHIPPED, 'direct.yaml'), '--score', '7')).rejects.toThrow(
    'must be 0 to 1',
  );
  const bad = write('bad.yaml', [...HEAD, 'steps: {}']);
  expect(await dce('simulate', bad)).toEqual({
    said: [`${bad}:3:1: there is no step hello (start)`],
    code: 1,
  });
});

test('schema is what editors are given beside the plans', async () => {
  const { said } = await dce('schema');
  expect(JSON.parse(said.join(''))).toEqual(
    JSON.parse(readFileSync(join(SHIPPED, 'plan.schema.json'), 'utf8')),
  );
});
