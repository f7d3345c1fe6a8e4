import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processAt } from '../../../src/provision/process-at';
import { isRunning, processIdentity } from '../../../src/provision/process-identity';

const folder = mkdtempSync(join(tmpdir(), 'dce-processes-'));
const pidFile = join(folder, 'server.pid');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a pid file is believed when its process works in the folder, also by another name of it', () => {
  writeFileSync(pidFile, `${process.pid}\n/some/path\n`);
  expect(processAt(pidFile, process.cwd())).toBe(process.pid);
  const link = join(folder, 'link');
  symlinkSync(process.cwd(), link);
  expect(processAt(pidFile, link)).toBe(process.pid);
});

test.each([
  ['a process that works elsewhere', String(process.pid)],
  ['no process', String(2 ** 22 + 1)],
  ['init', '1'],
  ['nonsense', 'abc'],
  ['nothing', ''],
  ['a process group', '-1'],
])('a pid file that names %s is not', (_what, text) => {
  writeFileSync(pidFile, text);
  expect(processAt(pidFile, folder)).toBeUndefined();
});

test('without a pid file or without the folder there is no process', () => {
  expect(processAt(join(folder, 'none'), folder)).toBeUndefined();
  expect(processAt(pidFile, join(folder, 'none'))).toBeUndefined();
});

test('an identity is that of one process: the same pid at another time is somebody else', () => {
  const mine = processIdentity(process.pid) ?? '';
  expect(isRunning(mine)).toBe(true);
  expect(isRunning(`${process.pid}:1`)).toBe(false);
  expect(isRunning(`${2 ** 22 + 1}:1`)).toBe(false);
  expect(isRunning('')).toBe(false);
});
