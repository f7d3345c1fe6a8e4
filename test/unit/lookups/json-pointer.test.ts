import fc from 'fast-check';
import { atPointer, checkPointer } from '../../../src/lookups/json-pointer';

/** The document and the values of RFC 6901 §5. */
const DOCUMENT = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

test.each([
  ['', DOCUMENT],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
])('RFC 6901 §5: %j', (pointer, value) => {
  checkPointer(pointer);
  expect(atPointer(DOCUMENT, pointer)).toEqual(value);
});

test.each([
  '/nothing',
  '/foo/2',
  '/foo/-',
  '/foo/01',
  '/foo/length',
  '/foo/0/x',
  '/toString',
  '/__proto__',
  '/~01',
])('there is nothing at %s', (pointer) => expect(atPointer(DOCUMENT, pointer)).toBeUndefined());

test.each(['foo', '/~', '/a~2', '~1'])('%s is no pointer', (pointer) => {
  expect(() => checkPointer(pointer)).toThrow(RangeError);
});

test('law: whatever is in a document is found at its own pointer', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (document) => {
      const look = (at: unknown, pointer: string): void => {
        expect(atPointer(document, pointer)).toEqual(at);
        if (typeof at !== 'object' || at === null) return;
        for (const [key, inner] of Object.entries(at)) {
          look(inner, `${pointer}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`);
        }
      };
      look(document, '');
    }),
  );
});
