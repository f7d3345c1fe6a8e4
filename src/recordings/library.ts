import { AppError, asError } from '../domain';
import type { SealedRow } from '../storage';
import type { KeyRing } from './key-ring';
import type { ObjectStore } from './object-store';
import { SealedAudio } from './sealed-audio';
import { SealError } from './sealed-format';
import { readWav, wavSize } from './wav';

/** A recording as a WAV file, of which any part can be had. */
export interface WavFile {
  /** Octets. */
  readonly size: number;
  /** @throws AppError `unavailable` when what is stored is not as it was sealed */
  read(from: number, to: number): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Opens what is kept, wherever it lies. */
export class RecordingLibrary {
  readonly #ring: KeyRing;
  readonly #stores: Readonly<Partial<Record<ObjectStore['name'], ObjectStore>>>;

  constructor(ring: KeyRing, stores: readonly (ObjectStore | undefined)[]) {
    this.#ring = ring;
    this.#stores = Object.fromEntries(stores.flatMap((store) => (store ? [[store.name, store]] : [])));
  }

  /** @throws SealError when it is not as it was sealed; AppError `unavailable` when it cannot be reached */
  async open({ id, keyId, sealedKey, store, object }: SealedRow): Promise<SealedAudio> {
    const at = this.#stores[store];
    if (!at) {
      throw new AppError('unavailable', 'recording_not_here', `no store of the kind ${store} is configured`);
    }
    const source = await at.open(object);
    try {
      return await SealedAudio.open(source, id, () => this.#ring.unwrap({ keyId, wrapped: sealedKey }));
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** The same as a WAV file. @throws AppError `unavailable`, whatever is wrong with it */
  async openWav(row: SealedRow): Promise<WavFile> {
    const audio = await this.open(row).catch(asUnavailable);
    return {
      size: wavSize(audio.size),
      read: async function* (from, to) {
        try {
          yield* readWav(audio, from, to);
        } catch (error) {
          asUnavailable(error);
        }
      },
      close: () => audio.close(),
    };
  }
}

/** What is broken is for people of the exchange to look into; who listens is told that it is. */
function asUnavailable(error: unknown): never {
  if (error instanceof SealError) throw new AppError('unavailable', 'recording_damaged', error.message);
  if (error instanceof AppError) throw error;
  throw new AppError(
    'unavailable',
    'recording_not_here',
    `its audio cannot be reached: ${asError(error).message}`,
  );
}
