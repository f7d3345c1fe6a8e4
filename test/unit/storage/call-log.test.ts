import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { CallLog } from '../../../src/storage';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dce-call-log-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (options: ConstructorParameters<typeof CallLog>[1] = {}): CallLog =>
  new CallLog(join(folder, 'calls.log'), options);
const files = (): string[] => readdirSync(folder).sort();

test('what was appended and not stored is there for the next run, in order, nothing else', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ maxLength: 40 }).map(inOneLine), fc.boolean()), {
        size: 'max',
        maxLength: 80,
      }),
      (lines) => {
        const log = open({ maxSegmentBytes: 100 });
        const unstored: string[] = [];
        for (const [line, stored] of lines) {
          const logged = log.append(line);
          if (!logged) throw new Error('it is not full');
          if (stored) log.done(logged);
          else unstored.push(line);
        }
        log.close();
        const next = open();
        // A file with one open line is kept whole: what was stored is stored again, which changes nothing.
        const left = next.leftovers();
        let at = 0;
        for (const line of unstored) {
          at = left.indexOf(line, at) + 1;
          expect(at).toBeGreaterThan(0);
        }
        expect(left.every((line) => lines.some(([appended]) => appended === line))).toBe(true);
        next.forgetLeftovers();
        expect(files()).toEqual([]);
      },
    ),
  );
});

test('a file whose lines are all stored is removed; the one that is being written stays', () => {
  const log = open({ maxSegmentBytes: 10 });
  const first = log.append('a line longer than that');
  const second = log.append('another one of that length');
  expect(files()).toHaveLength(2);
  if (!first || !second) throw new Error('it is not full');
  log.done(second);
  expect(files()).toEqual(['calls.log.00000001']);
  log.done(first);
  expect(files()).toEqual([]);
  expect(log.bytes).toBe(0);
});

test('a line that was cut short by the end of the process is left out', () => {
  const log = open();
  log.append('whole');
  log.close();
  appendFileSync(join(folder, 'calls.log.00000001'), '{"half');
  expect(open().leftovers()).toEqual(['whole']);
});

test('it takes no more than its limit, and more again once something is stored', () => {
  const log = open({ maxBytes: 30, maxSegmentBytes: 10 });
  const first = log.append('0123456789');
  expect(log.append('0123456789')).toBeDefined();
  expect(log.append('0123456789')).toBeUndefined();
  if (!first) throw new Error('it is not full');
  log.done(first);
  expect(log.append('0123456789')).toBeDefined();
});

test('files of an earlier run are not written to, and stay until they are forgotten', () => {
  open().append('before');
  const log = open();
  log.append('now');
  expect(files()).toEqual(['calls.log.00000001', 'calls.log.00000002']);
  expect(log.leftovers()).toEqual(['before']);
  log.forgetLeftovers();
  expect(files()).toEqual(['calls.log.00000002']);
});

function inOneLine(text: string): string {
  return JSON.stringify(text);
}
