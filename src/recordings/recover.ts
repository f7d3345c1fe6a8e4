import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Waveform } from '../domain';
import type { KeyRing } from './key-ring';
import { sealChunk } from './sealer';
import { openChunk } from './sealed-audio';
import type { SealedHeader } from './sealed-format';
import {
  CHUNK_BYTES,
  FLAGS,
  HEADER_BYTES,
  readHeader,
  SEALED_CHUNK_BYTES,
  SealError,
  TAG_BYTES,
} from './sealed-format';
import { WaveformMeter } from './waveform';

/** What is in a file, once it has an end. */
export interface RecoveredAudio {
  readonly header: SealedHeader;
  /** Octets of audio. */
  readonly size: number;
  readonly sha256: Buffer;
  readonly waveform: Waveform;
}

/**
 * Ends a file that nobody ended: what authenticates stays, the rest is cut off, and an end is sealed that says so.
 * Of a file that has an end nothing is changed. May be run again at any time.
 * @param recordingId - whose file it is said to be
 * @returns undefined when there is no audio in it
 * @throws SealError when it is another's, or no key opens it
 */
export async function recoverFile(
  path: string,
  recordingId: string,
  ring: KeyRing,
): Promise<RecoveredAudio | undefined> {
  const file = await open(path, 'r+');
  try {
    return await recover(file, recordingId, ring);
  } finally {
    await file.close();
  }
}

async function recover(
  file: FileHandle,
  recordingId: string,
  ring: KeyRing,
): Promise<RecoveredAudio | undefined> {
  const octets = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await file.read(octets, 0, HEADER_BYTES, 0);
  if (bytesRead < HEADER_BYTES) return undefined;
  const header = readHeader(octets);
  if (header.recordingId !== recordingId) throw new SealError('this is the file of another recording');
  const key = ring.unwrap({ keyId: header.keyId, wrapped: header.wrappedKey });
  const of = { key, prefix: header.noncePrefix, header: octets };
  const meter = new WaveformMeter(header.encoding);
  const hash = createHash('sha256');
  const sealed = Buffer.alloc(SEALED_CHUNK_BYTES);
  let size = 0;
  const take = (audio: Buffer): void => {
    meter.push(audio);
    hash.update(audio);
    size += audio.length;
  };
  for (let counter = 0; ; counter++) {
    const at = HEADER_BYTES + counter * SEALED_CHUNK_BYTES;
    const length = await readFully(file, sealed, at);
    const chunk = { ...of, counter, sealed: sealed.subarray(0, length) };
    const more = length === SEALED_CHUNK_BYTES ? openChunk({ ...chunk, flag: FLAGS.more }) : undefined;
    if (more) {
      take(more);
      continue;
    }
    const last =
      length < TAG_BYTES
        ? undefined
        : (openChunk({ ...chunk, flag: FLAGS.last }) ?? openChunk({ ...chunk, flag: FLAGS.recovered }));
    if (last) take(last);
    else {
      await file.truncate(at);
      const end = sealChunk({ ...of, counter, flag: FLAGS.recovered, octets: Buffer.alloc(0) });
      await file.write(end, 0, end.length, at);
      await file.sync();
    }
    break;
  }
  key.fill(0);
  return size === 0 ? undefined : { header, size, sha256: hash.digest(), waveform: meter.result() };
}

/** As much as there is, up to a sealed chunk. */
async function readFully(file: FileHandle, into: Buffer, at: number): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const { bytesRead } = await file.read(into, filled, into.length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Milliseconds of so many octets of two channels. */
export function millisecondsOf(octets: number): number {
  return Math.floor(octets / 16);
}

/** Octets of a chunk that is not there yet when a process is killed are lost: so many milliseconds at most. */
export const MOST_LOST_MS = millisecondsOf(CHUNK_BYTES);
