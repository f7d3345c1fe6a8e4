import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LIB = join(__dirname, '../../../scripts/lib');
let bin: string;

beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), 'dce-bin-'));
  for (const tool of ['sh', 'cat']) symlinkSync(`/bin/${tool}`, join(bin, tool));
});
afterEach(() => rmSync(bin, { recursive: true, force: true }));

/** Puts a program on the otherwise empty PATH. */
function program(name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

/** Runs a piece of a script with nothing but our programs on the PATH. */
function run(module: string, code: string): { code: number | null; said: string; out: string } {
  const text = `import * as it from ${JSON.stringify(join(LIB, module))};\n${code}`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    env: { PATH: bin },
    encoding: 'utf8',
  });
  return { code: status, said: stderr.trim(), out: stdout };
}

describe('the machine', () => {
  test.each(['20.18.3', '18.20.0', '9.0.0'])('Node.js %s is refused in one line', (version) => {
    expect(run('machine.mjs', `it.requireMachine('${version}')`)).toMatchObject({
      code: 1,
      said: `dce: Node.js 20.19 or newer is needed and this is ${version}: install it (nodejs.org) and start again`,
    });
  });

  test.each(['20.19.0', '22.1.0', '24.0.0'])('Node.js %s will do', (version) => {
    expect(run('machine.mjs', `it.requireMachine('${version}')`)).toMatchObject({ code: 0, said: '' });
  });

  test('another system is refused in one line', () => {
    const { code, said } = run('machine.mjs', `it.requireMachine('20.19.0', 'darwin')`);
    expect(code).toBe(1);
    expect(said).toBe('dce: the exchange runs on Linux and this is darwin: see docker-compose.yml');
  });
});

describe('Debian packages', () => {
  const install = (isRoot: boolean): string =>
    `await it.installDebian({ 'no-such-server': 'some-server' }, 'for a test', ${isRoot})`;

  test('a program that is there needs no package, however it came', () => {
    program('no-such-server', 'exit 0');
    expect(run('debian.mjs', install(false))).toEqual({ code: 0, said: '', out: '' });
  });

  test('without apt-get: what to install by hand', () => {
    const absent = `process.env.PATH = '${bin}'; ${install(true)}`;
    const { code, said } = run('debian.mjs', absent);
    expect(code).toBe(1);
    expect(said).toBe(
      'dce: some-server is missing for a test and there is no apt-get here: install it by hand and start again',
    );
  });

  test('without rights: the command to run', () => {
    program('apt-get', 'exit 0');
    program('sudo', 'exit 1');
    const { code, said } = run('debian.mjs', install(false));
    expect(code).toBe(1);
    expect(said).toBe(
      'dce: some-server is missing for a test: run  sudo apt-get update && sudo apt-get install -y some-server  and start again',
    );
  });

  test('lists that are too old are read anew, once', () => {
    program('apt-get', `case "$*" in *update*) : > '${bin}/read';; *) [ -e '${bin}/read' ];; esac`);
    expect(run('debian.mjs', install(true))).toMatchObject({ code: 0, said: '' });
  });

  test.each([
    ['a full disk', 'E: write error: No space left on device', 'the disk is full: make room and start again'],
    [
      'anything else',
      'E: Unable to locate package some-server',
      'some-server cannot be installed (E: Unable to locate package some-server): run  apt-get update && apt-get install -y some-server  and start again',
    ],
  ])('%s is one line', (_what, output, line) => {
    program('apt-get', `echo "Reading lists"; echo "${output}" >&2; exit 100`);
    const { code, said } = run('debian.mjs', install(true));
    expect(code).toBe(1);
    expect(said).toBe(`dce: ${line}`);
  });
});

describe('trouble that nobody caught', () => {
  test.each([
    ['ENOSPC', 'the disk is full: make room and start again'],
    ['EROFS', 'the disk is read-only: run from a folder that can be written to'],
    ['EACCES', 'no right to write to /srv/dce: change its owner, or run as the user who owns it'],
  ])('%s is one line', (errorCode, line) => {
    const throwing = `it.explainErrors(); throw Object.assign(new Error('x'), { code: '${errorCode}', path: '/srv/dce' })`;
    expect(run('trouble.mjs', throwing)).toMatchObject({ code: 1, said: `dce: ${line}` });
  });

  test('a bug keeps its stack', () => {
    expect(run('trouble.mjs', `it.explainErrors(); throw new TypeError('a bug')`).said).toMatch(
      /^dce: TypeError: a bug\n {4}at /,
    );
  });
});
