import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { RecordingBasics } from '../../../../src/domain';
import type { ByteSource, ObjectStore } from '../../../../src/recordings';
import { KeyRing, RecordingLibrary } from '../../../../src/recordings';
import { readHeader } from '../../../../src/recordings/sealed-format';
import { Sealer } from '../../../../src/recordings/sealer';
import { saveRecording } from '../../../../src/storage';
import type { Queryable } from '../../../../src/storage';

export const RING = new KeyRing(['a key that is only good for tests ....']);

/** Sealed recordings in memory. */
class Shelf implements ObjectStore {
  readonly name = 'disk';
  readonly objects = new Map<string, Buffer>();
  readonly library = new RecordingLibrary(RING, [this]);

  put(): Promise<void> {
    return Promise.reject(new Error('nothing is put here'));
  }

  open(object: string): Promise<ByteSource> {
    const file = this.objects.get(object);
    if (!file) return Promise.reject(new Error('it is not there'));
    return Promise.resolve({
      size: file.length,
      read: (offset, length) => Promise.resolve(Buffer.from(file.subarray(offset, offset + length))),
      close: () => Promise.resolve(),
    });
  }

  remove(object: string): Promise<void> {
    this.objects.delete(object);
    return Promise.resolve();
  }
}

/** Where every API of a test finds what {@link storeRecording} made. */
export const recordingShelf = new Shelf();

/** A recording as it begins. */
export function recordingBasics(more: Partial<RecordingBasics> = {}): RecordingBasics {
  return {
    id: randomUUID(),
    callId: 'call-of-a-recording',
    kind: 'conversation',
    nodeId: 'n1',
    campaignId: 'campaign',
    sellerId: 'seller-account',
    buyerId: 'buyer',
    buyerAccountId: 'buyer-account',
    targetId: 'target',
    startedAt: Date.now(),
    keepDays: 90,
    consent: {
      needs: 'one_party',
      citation: 'N.Y. Penal Law §250.00',
      announcedAt: null,
      caller: { states: ['NY'], by: 'area code' },
      other: { states: [], by: 'nothing' },
    },
    ...more,
  };
}

/** Keeps a recording of that audio. */
export async function storeRecording(
  db: Queryable,
  more: Partial<RecordingBasics> = {},
  audio: Buffer = randomBytes(2_000),
): Promise<{ readonly id: string; readonly audio: Buffer }> {
  const basics = recordingBasics(more);
  const { id } = basics;
  const sealer = new Sealer(id, 'PCMU', RING);
  const file = Buffer.concat([sealer.header, ...sealer.push(audio), sealer.end()]);
  const { keyId, wrappedKey: sealedKey } = readHeader(file);
  recordingShelf.objects.set(id, file);
  await saveRecording(
    db,
    basics,
    {
      encoding: 'PCMU',
      durationMs: Math.floor(audio.length / 16),
      pausedMs: 0,
      lostMs: [0, 0],
      bytes: audio.length,
      sha256: createHash('sha256').update(audio).digest('hex'),
      waveform: { stepMs: 100, caller: [12], other: [34] },
    },
    { keyId, sealedKey, object: id },
  );
  return { id, audio };
}
