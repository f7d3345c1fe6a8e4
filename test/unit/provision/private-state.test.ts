import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import {
  forgetStarter,
  readState,
  requireOurs,
  startedHere,
  writeState,
} from '../../../src/provision/private-state';
import { processIdentity } from '../../../src/provision/process-identity';

const folder = mkdtempSync(join(tmpdir(), 'dce-state-'));
const file = join(folder, 'below', 'service.json');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is written is read back, by the owner alone', () => {
  const state = startedHere(5432, 'secret');
  writeState(file, state);
  expect(readState(file)).toEqual(state);
  expect(statSync(file).mode & 0o077).toBe(0);
  forgetStarter(file);
  expect(readState(file)).toEqual({ port: 5432, password: 'secret' });
});

test('whatever a file holds, it is either a whole state or none', () => {
  writeState(file, startedHere(5432, 'secret'));
  const whole = readFileSync(file, 'utf8');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json(),
        fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
      ),
      (text) => {
        writeFileSync(file, text);
        const state = readState(file);
        expect(state === undefined || (Number.isInteger(state.port) && state.password.length > 0)).toBe(true);
      },
    ),
  );
  expect(readState(join(folder, 'none'))).toBeUndefined();
});

test('a folder is refused only while another process that started on it lives', () => {
  const state = (starter: string) => ({ port: 1, password: 'x', starter });
  expect(() => requireOurs(undefined, '/srv')).not.toThrow();
  expect(() => requireOurs({ port: 1, password: 'x' }, '/srv')).not.toThrow();
  expect(() => requireOurs(startedHere(1, 'x'), '/srv')).not.toThrow();
  expect(() => requireOurs(state(`${process.ppid}:1`), '/srv')).not.toThrow();
  expect(() => requireOurs(state(processIdentity(process.ppid) ?? ''), '/srv')).toThrow(
    /an exchange runs on \/srv already/,
  );
});
