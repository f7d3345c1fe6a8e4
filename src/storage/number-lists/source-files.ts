import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import { crc32, createGunzip, createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { openPromise } from 'yauzl';
import { asError } from '../../domain';
import { UnusableFile } from './number-sink';

/** What a list is read from: a file, plain, gzip or zip, or a stream that is plain or gzip. */
export type NumberSource = { readonly path: string } | { readonly name: string; readonly stream: Readable };

/** What was read, as the version's row keeps it. */
export interface SourceRecord {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** One file of numbers: a source, or an entry of a zip archive. */
export interface NumberFile {
  readonly name: string;
  readonly chunks: AsyncIterable<Buffer>;
}

const PIECE = 1_048_576;
/** Of one source, unpacked: the whole registry as XML is a third of it. */
const MAX_UNPACKED = 64 * 1024 ** 3;
const MAX_ENTRIES = 10_000;
const STORED = 0;
const DEFLATED = 8;

/**
 * Opens a source as the files that lie in it, one after the other, streamed.
 * @param onBytes - told of bytes of the source as they are read, for progress
 * @param onDone - told what was read, once all of it was
 * @throws UnusableFile when it is damaged, encrypted, cut off or too large; Error of the operating system
 */
export async function* filesOf(
  source: NumberSource,
  onBytes: (bytes: number) => void,
  onDone: (record: SourceRecord) => void,
): AsyncGenerator<NumberFile> {
  if ('path' in source && (await isZip(source.path))) {
    yield* zipFiles(source.path, onBytes);
    onDone(await recordOf(source.path));
    return;
  }
  const name = 'path' in source ? basename(source.path) : source.name;
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = 'path' in source ? createReadStream(source.path, { highWaterMark: PIECE }) : source.stream;
  const seen = hashed(stream, hash, (count) => {
    bytes += count;
    onBytes(count);
  });
  try {
    yield { name, chunks: limited(unpacked(seen)) };
  } finally {
    stream.destroy();
  }
  onDone({ name, bytes, sha256: hash.digest('hex') });
}

/** Bytes of the sources, packed as they are; undefined when one is a stream. */
export async function bytesOf(sources: readonly NumberSource[]): Promise<number | undefined> {
  let total = 0;
  for (const source of sources) {
    if (!('path' in source)) return undefined;
    total += (await stat(source.path)).size;
  }
  return total;
}

async function* hashed(
  stream: Readable,
  hash: Hash,
  onBytes: (count: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onBytes(chunk.length);
    yield chunk;
  }
}

/** gzip is known by its first two bytes (RFC 1952 §2.3.1). */
async function* unpacked(chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  // Not a loop over them: to leave that would end the stream.
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
    head = Buffer.concat([head, next.value]);
    if (head.length >= 4) break;
  }
  if (isZipHead(head)) throw new UnusableFile('a zip archive must be a file: it cannot be read as a stream');
  const whole = joined(head, chunks);
  if (head[0] === 0x1f && head[1] === 0x8b) yield* inflated(whole, createGunzip({ chunkSize: PIECE }));
  else yield* whole;
}

async function* joined(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

async function* inflated(
  packed: AsyncIterable<Buffer>,
  inflate: NodeJS.ReadWriteStream & AsyncIterable<Buffer | string>,
): AsyncGenerator<Buffer> {
  // Its errors come out of the iteration.
  pipeline(Readable.from(packed, { objectMode: false, highWaterMark: PIECE }), inflate, () => undefined);
  try {
    for await (const chunk of inflate) yield chunk as Buffer;
  } catch (error) {
    throw isOfZlib(error) ? new UnusableFile(`it is damaged or cut off: ${asError(error).message}`) : error;
  }
}

async function* limited(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_UNPACKED) throw new UnusableFile('it unpacks to more than 64 GiB');
    yield chunk;
  }
}

async function isZip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return isZipHead(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** A local file header, or the end of an empty archive. */
function isZipHead(head: Buffer): boolean {
  return (
    head.length >= 4 &&
    head[0] === 0x50 &&
    head[1] === 0x4b &&
    ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6))
  );
}

async function* zipFiles(path: string, onBytes: (bytes: number) => void): AsyncGenerator<NumberFile> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(path, { lazyEntries: true, autoClose: false });
    if (zip.entryCount > MAX_ENTRIES) throw new UnusableFile(`it has more than ${MAX_ENTRIES} entries`);
    for await (const entry of zip.eachEntry()) {
      if (!isPassedOver(entry.fileName)) yield await zipEntry(zip, path, entry, onBytes);
    }
  } catch (error) {
    throw ofTheArchive(error);
  } finally {
    zip?.close();
  }
}

async function zipEntry(
  zip: ZipFile,
  path: string,
  entry: Entry,
  onBytes: (bytes: number) => void,
): Promise<NumberFile> {
  const name = `${basename(path)}/${entry.fileName}`;
  if (entry.isEncrypted()) throw new UnusableFile(`${entry.fileName} is encrypted`);
  const { compressionMethod } = entry;
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) {
    throw new UnusableFile(`${entry.fileName} is packed in a way (${compressionMethod}) that is not known`);
  }
  const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false });
  const counted = tapped(raw as AsyncIterable<Buffer>, onBytes);
  const plain =
    compressionMethod === STORED ? counted : inflated(counted, createInflateRaw({ chunkSize: PIECE }));
  return { name, chunks: limited(checked(plain, entry)) };
}

async function* tapped(
  chunks: AsyncIterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** What comes out must be as long, and have the checksum, that the archive says. */
async function* checked(chunks: AsyncIterable<Buffer>, entry: Entry): AsyncGenerator<Buffer> {
  let sum = 0;
  let bytes = 0;
  for await (const chunk of chunks) {
    sum = crc32(chunk, sum);
    bytes += chunk.length;
    if (bytes > entry.uncompressedSize) break;
    yield chunk;
  }
  if (bytes !== entry.uncompressedSize || sum !== entry.crc32) {
    throw new UnusableFile(`${entry.fileName} is damaged: its checksum is another`);
  }
}

/** Folders, and what some systems put beside the files. */
function isPassedOver(name: string): boolean {
  return (
    name.endsWith('/') || name.startsWith('__MACOSX/') || name.split('/').at(-1)?.startsWith('.') === true
  );
}

function ofTheArchive(error: unknown): unknown {
  const isSystem = typeof (error as NodeJS.ErrnoException).code === 'string';
  return error instanceof UnusableFile || isSystem
    ? error
    : new UnusableFile(`it is damaged or cut off: ${asError(error).message}`);
}

function isOfZlib(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException).code).startsWith('Z_');
}

async function recordOf(path: string): Promise<SourceRecord> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: PIECE }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { name: basename(path), bytes, sha256: hash.digest('hex') };
}
