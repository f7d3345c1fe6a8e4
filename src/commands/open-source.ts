import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/**
 * A file to be read, open already: a stream of a file that is not there fails before anybody listens.
 * @throws the file system's own error
 */
export async function openSource(path: string): Promise<Readable> {
  return (await open(path, 'r')).createReadStream();
}
