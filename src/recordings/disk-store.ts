import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../domain';
import type { ObjectStore } from './object-store';
import type { ByteSource } from './sealed-audio';

/** Recordings in a folder of this machine, or of one that nodes share. */
export class DiskStore implements ObjectStore {
  readonly name = 'disk';
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Where an object lies. */
  pathOf(object: string): string {
    return join(this.#root, object);
  }

  /** Takes a file in, which is not where it was from then on. */
  async take(object: string, path: string): Promise<void> {
    await this.#fill(object, (into) => rename(path, into));
  }

  async put(object: string, path: string): Promise<void> {
    await this.#fill(object, async (into) => {
      await copyFile(path, `${into}.new`);
      await rename(`${into}.new`, into);
    });
  }

  async open(object: string): Promise<ByteSource> {
    const file = await open(this.pathOf(object), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new AppError(
        'unavailable',
        'recording_not_here',
        'the audio lies on another node, which does not share its folder',
      );
    });
    const { size } = await stat(this.pathOf(object));
    return {
      size,
      read: async (offset, length) => {
        const octets = Buffer.alloc(length);
        for (let filled = 0; filled < length;) {
          const { bytesRead } = await file.read(octets, filled, length - filled, offset + filled);
          if (bytesRead === 0) throw new Error('the file of a recording is shorter than it was');
          filled += bytesRead;
        }
        return octets;
      },
      close: () => file.close(),
    };
  }

  async remove(object: string): Promise<void> {
    await rm(this.pathOf(object), { force: true });
  }

  async #fill(object: string, place: (into: string) => Promise<void>): Promise<void> {
    const into = this.pathOf(object);
    await mkdir(dirname(into), { recursive: true, mode: 0o700 });
    await place(into);
  }
}
