import { randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { ByteSource } from '../../../src/recordings';
import { KeyRing, SealedAudio, SealError } from '../../../src/recordings';
import { Sealer } from '../../../src/recordings/sealer';
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  readHeader,
  SEALED_CHUNK_BYTES,
} from '../../../src/recordings/sealed-format';

const RING = new KeyRing(['a key of this installation, long enough']);
const ID: string = randomUUID();

function seal(pieces: readonly Buffer[], id = ID, ring = RING): Buffer {
  const sealer = new Sealer(id, 'PCMU', ring);
  const chunks = pieces.flatMap((piece) => sealer.push(piece));
  return Buffer.concat([sealer.header, ...chunks, sealer.end()]);
}

function sourceOf(file: Buffer): ByteSource {
  return {
    size: file.length,
    read: (offset, length) => Promise.resolve(Buffer.from(file.subarray(offset, offset + length))),
    close: () => Promise.resolve(),
  };
}

function openFile(file: Buffer, id = ID, ring = RING): Promise<SealedAudio> {
  return SealedAudio.open(sourceOf(file), id, ({ keyId, wrappedKey }) =>
    ring.unwrap({ keyId, wrapped: wrappedKey }),
  );
}

async function readAll(audio: SealedAudio, from?: number, to?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of audio.read(from, to)) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Whatever is done to a file, somebody notices before any of what was changed is heard. */
async function hears(file: Buffer, id = ID, ring = RING): Promise<Buffer> {
  return readAll(await openFile(file, id, ring));
}

test('what was sealed opens, however it came in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 3 * CHUNK_BYTES }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 12 }),
      async (length, cuts) => {
        const audio = randomBytes(length);
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(audio.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(audio.subarray(at));
        const file = seal(pieces);
        const opened = await openFile(file);
        expect(opened).toMatchObject({ size: length, encoding: 'PCMU', recovered: false });
        expect((await readAll(opened)).equals(audio)).toBe(true);
      },
    ),
    { numRuns: 40 },
  );
});

test('any part that is read is that part', async () => {
  const audio = randomBytes(12 * CHUNK_BYTES + 321);
  const opened = await openFile(seal([audio]));
  const place = fc.oneof(
    fc.integer({ min: 0, max: audio.length }),
    fc.constantFrom(0, CHUNK_BYTES, CHUNK_BYTES + 1, 8 * CHUNK_BYTES, 12 * CHUNK_BYTES, audio.length),
  );
  await fc.assert(
    fc.asyncProperty(place, place, async (a, b) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      expect((await readAll(opened, from, to)).equals(audio.subarray(from, to))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

describe('what was done to a file is noticed', () => {
  const audio = randomBytes(3 * CHUNK_BYTES + 1_000);
  const file = seal([audio]);
  const chunk = (index: number): Buffer =>
    file.subarray(HEADER_BYTES + index * SEALED_CHUNK_BYTES, HEADER_BYTES + (index + 1) * SEALED_CHUNK_BYTES);
  const header = file.subarray(0, HEADER_BYTES);
  const end = file.subarray(HEADER_BYTES + 3 * SEALED_CHUNK_BYTES);

  test('any bit that is another', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: file.length - 1 }),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const changed = Buffer.from(file);
          changed[at] = (changed[at] as number) ^ (1 << bit);
          await expect(hears(changed)).rejects.toThrow(SealError);
        },
      ),
      { numRuns: 60 },
    );
    // Every octet of the header matters.
    for (let at = 0; at < HEADER_BYTES; at++) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] as number) ^ 1;
      await expect(hears(changed)).rejects.toThrow(SealError);
    }
  });

  test('an end that is cut off, anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: file.length - 1 }), (length) =>
        expect(hears(file.subarray(0, length))).rejects.toThrow(SealError),
      ),
      { numRuns: 60 },
    );
    for (const chunks of [0, 1, 2, 3]) {
      const cut = file.subarray(0, HEADER_BYTES + chunks * SEALED_CHUNK_BYTES);
      await expect(hears(cut)).rejects.toThrow(SealError);
    }
  });

  test('chunks in another order, twice, or left out', async () => {
    const orders = [
      [chunk(1), chunk(0), chunk(2)],
      [chunk(0), chunk(0), chunk(2)],
      [chunk(0), chunk(2)],
      [end],
    ];
    for (const order of orders) {
      await expect(hears(Buffer.concat([header, ...order, end]))).rejects.toThrow(SealError);
    }
    // Behind the end.
    await expect(hears(Buffer.concat([file, chunk(0), end]))).rejects.toThrow(SealError);
  });

  test('chunks and headers of another file, also of the same recording', async () => {
    for (const other of [seal([audio], `${randomUUID()}`), seal([audio])]) {
      const foreign = other.subarray(HEADER_BYTES, HEADER_BYTES + SEALED_CHUNK_BYTES);
      const mixed = Buffer.concat([header, foreign, chunk(1), chunk(2), end]);
      await expect(hears(mixed)).rejects.toThrow(SealError);
      const beheaded = Buffer.concat([other.subarray(0, HEADER_BYTES), file.subarray(HEADER_BYTES)]);
      await expect(hears(beheaded, readHeader(other).recordingId)).rejects.toThrow(SealError);
    }
  });

  test('the file of another recording in its place', async () => {
    await expect(hears(file, randomUUID())).rejects.toThrow('another recording');
  });

  test('another key', async () => {
    const other = new KeyRing(['another key of another installation, long']);
    await expect(hears(file, ID, other)).rejects.toThrow('is not among recordings.keys');
    // One that says to be this one.
    const ring = new KeyRing(['a key of this installation, long enough']);
    jest.spyOn(ring, 'unwrap').mockReturnValue(randomBytes(32));
    await expect(hears(file, ID, ring)).rejects.toThrow(SealError);
  });
});

test('nothing of the audio stands in the file', () => {
  // Silence, of which each window is the same, and speech, of which each is another.
  for (const audio of [Buffer.alloc(100_000, 0xff), randomBytes(100_000)]) {
    const file = seal([audio]);
    for (let at = 0; at + 400 <= audio.length; at += 200) {
      expect(file.includes(audio.subarray(at, at + 400))).toBe(false);
    }
  }
});

test('a key is wrapped by the first of the ring, and opens with any of them', () => {
  const [one, two] = ['first key, made of thirty-two chars..', 'second key, made of thirty-two chars.'];
  const dataKey = randomBytes(32);
  const before = new KeyRing([one]);
  const after = new KeyRing([two, one]);
  const wrapped = before.wrap(dataKey);
  expect(wrapped.keyId).toBe(before.currentId);
  expect(after.unwrap(wrapped).equals(dataKey)).toBe(true);
  const again = after.wrap(dataKey);
  expect(again.keyId).not.toBe(before.currentId);
  expect(again.wrapped.equals(wrapped.wrapped)).toBe(false);
  expect(() => before.unwrap(again)).toThrow(SealError);
  const changed = Buffer.from(again.wrapped);
  changed[3] = (changed[3] as number) ^ 1;
  expect(() => after.unwrap({ ...again, wrapped: changed })).toThrow(SealError);
  expect(() => new KeyRing([])).toThrow(RangeError);
});
