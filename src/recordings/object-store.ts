import type { ByteSource } from './sealed-audio';

/** Where sealed recordings are kept, by the names of their objects. */
export interface ObjectStore {
  readonly name: 'disk' | 's3';
  /** Keeps a copy of a file. Doing it again changes nothing. */
  put(object: string, path: string): Promise<void>;
  /** @throws AppError `unavailable` where it is not there, or the store is away */
  open(object: string): Promise<ByteSource>;
  /** Idempotent. */
  remove(object: string): Promise<void>;
}
