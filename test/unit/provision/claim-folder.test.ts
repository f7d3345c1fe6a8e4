import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimFolder, isClaimed } from '../../../src/provision';
import { processIdentity } from '../../../src/provision/process-identity';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'dce-claim-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('a folder is made, is one owner’s, and is free when it was given back', () => {
  const folder = join(home, 'a/b');
  expect(isClaimed(folder)).toBe(false);
  const giveBack = claimFolder(folder);
  expect(isClaimed(folder)).toBe(true);
  expect(() => claimFolder(folder)).toThrow(
    `an exchange runs on ${folder} already (process ${process.pid}): stop it, or set DCE_DATA_DIR to another folder`,
  );
  giveBack();
  expect(isClaimed(folder)).toBe(false);
  claimFolder(folder)();
});

test.each([
  ['a process that is gone', () => `${spawnSync('true').pid}:1`],
  ['another process that has its pid now', () => `${process.pid}:1`],
  ['nobody', () => ''],
])('what %s left behind keeps nobody out', (_who, owner) => {
  writeFileSync(join(home, 'owner'), owner());
  expect(isClaimed(home)).toBe(false);
  claimFolder(home)();
  expect(existsSync(join(home, 'owner'))).toBe(false);
});

test('giving back takes nothing from who has it now', () => {
  const giveBack = claimFolder(home);
  const other = processIdentity(process.ppid) ?? '';
  writeFileSync(join(home, 'owner'), other);
  giveBack();
  expect(isClaimed(home)).toBe(true);
});

test.each([
  ['is a file', 'file', 'is no folder, a file is in its place'],
  ['lies below a file', 'file/data', 'is no folder, a file is in its place'],
])('a folder that %s is one line that says what to do', (_how, path, why) => {
  writeFileSync(join(home, 'file'), '');
  expect(() => claimFolder(join(home, path))).toThrow(
    `${join(home, path)} ${why}: set DCE_DATA_DIR to another folder`,
  );
});

test('a file system without room for folders is one line too, and is told at once', () => {
  expect(() => claimFolder('/proc/dce/data')).toThrow(
    '/proc/dce/data cannot be made (ENOENT): set DCE_DATA_DIR to another folder',
  );
});
