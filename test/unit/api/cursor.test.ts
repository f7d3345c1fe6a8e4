import fc from 'fast-check';
import { z } from 'zod';
import { readCursor, writeCursor } from '../../../src/api/cursor';

const position = z.tuple([z.number().int(), z.string().max(64)]);

test('what was written is read', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.string({ maxLength: 64, unit: 'grapheme' }), (at, id) => {
      const cursor = writeCursor([at, id]);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(readCursor(cursor, position)).toEqual([at, id]);
    }),
  );
});

test('anything else is the client’s mistake', () => {
  const foreign = fc.oneof(
    fc.string(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  );
  fc.assert(
    fc.property(foreign, (cursor) => {
      let read: unknown;
      try {
        read = readCursor(cursor, position);
      } catch (error) {
        expect(error).toMatchObject({ kind: 'validation', code: 'invalid_cursor' });
        return;
      }
      expect(position.safeParse(read).success).toBe(true);
    }),
  );
});
