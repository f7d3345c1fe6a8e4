import { commonTrouble, MIN_FREE_BYTES, requireRoom, tellingLine } from '../../../src/provision/trouble';

const FOLDER = '/srv/dce';
const failure = (code: string): Error => Object.assign(new Error(`${code}: something, mkdir`), { code });

test.each([
  ['a system call', failure('ENOSPC')],
  ['a server', 'FATAL:  could not write lock file: No space left on device'],
])('a full disk, told by %s, is one line that says what to do', (_by, error) => {
  expect(commonTrouble(error, FOLDER)).toBe('the disk of /srv/dce is full: make room and start again');
});

test.each([
  ['EACCES', failure('EACCES')],
  ['EPERM', failure('EPERM')],
  ['a server', "Can't open the append-only file: Permission denied"],
])('missing rights, told by %s, are one line that says what to do', (_by, error) => {
  expect(commonTrouble(error, FOLDER)).toBe(
    'no right to write to /srv/dce: change its owner, or set DCE_DATA_DIR to another folder',
  );
});

test('a read-only disk is named, other trouble is left to who knows it', () => {
  expect(commonTrouble(failure('EROFS'), FOLDER)).toContain('is on a read-only disk');
  expect(commonTrouble(failure('ECONNREFUSED'), FOLDER)).toBeUndefined();
});

test('a disk with too little room is refused before anything is written', () => {
  expect(() => requireRoom(FOLDER, MIN_FREE_BYTES)).not.toThrow();
  expect(() => requireRoom(FOLDER, MIN_FREE_BYTES - 1)).toThrow(
    'the disk of /srv/dce has 299 MB left and 300 MB are needed: make room and start again',
  );
});

test('the telling line of a log is its last complaint, not its last line', () => {
  expect(tellingLine('LOG: up\nFATAL:  lock file exists\nHINT:  is another running?\n')).toBe(
    'FATAL:  lock file exists',
  );
  expect(tellingLine('first\nlast\n')).toBe('last');
  expect(tellingLine('')).toBe('');
});
