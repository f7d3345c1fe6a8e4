import { KeyRing, RecordingFolder, Studio } from '../../src/recordings';
import type { RecordingBasics } from '../../src/domain';

/** What is said in the recordings of that process: any octet of it, by its place. */
export function octetAt(place: number): number {
  return Math.imul(place + 1, 2_654_435_761) >>> 24;
}

const PIECE_BYTES = 3_200;
const EVERY_MS = 2;

/** A process that records until it is killed. What it records, and where, the environment says. */
function main(): void {
  const { env } = process;
  const studio = new Studio(
    new RecordingFolder(env['RECORD_ROOT'] ?? '', 'n1'),
    new KeyRing([env['RECORD_KEY'] ?? '']),
    { maxOpen: 1, maxBytes: 100_000_000, maxQueuedBytes: 10_000_000 },
    { onBegin: () => undefined, onEnd: () => undefined, onFailed: () => undefined },
  );
  const sink = studio.record(JSON.parse(env['RECORD_BASICS'] ?? '') as RecordingBasics);
  if ('refused' in sink) throw new Error(sink.refused);
  sink.begin({ encoding: 'PCMU' });
  let place = 0;
  setInterval(() => {
    sink.write(Buffer.from(Array.from({ length: PIECE_BYTES }, (_none, index) => octetAt(place + index))));
    place += PIECE_BYTES;
  }, EVERY_MS);
  // Without whoever started it there is nothing to do.
  process.on('disconnect', () => process.exit(0));
}

if (require.main === module) main();
