import type { RecordingFormat } from '../../../../src/media';
import { SilenceWatch } from '../../../../src/signaling/plan/silence-watch';

/** A second of both channels: this octet of the caller's, and loud ones of the other's. */
const second = (caller: number): Buffer =>
  Buffer.from(Array.from({ length: 16_000 }, (_, index) => (index % 2 === 0 ? caller : 0x80)));

test.each<[RecordingFormat['encoding'], number, number]>([
  // Silence, and half of full scale, as ITU-T G.711 has them.
  ['PCMU', 0xff, 0x90],
  ['PCMA', 0xd5, 0xba],
])('who says nothing for long enough has said all, once (%s)', (encoding, silent, loud) => {
  let told = 0;
  const written: number[] = [];
  const sink = {
    begin: () => undefined,
    write: (octets: Buffer) => written.push(octets.length),
    end: () => undefined,
  };
  const watch = new SilenceWatch(sink, 3_000, () => told++);
  watch.begin({ encoding });
  for (const octet of [silent, silent, loud, silent, silent]) watch.write(second(octet));
  expect(told).toBe(0);
  for (let seconds = 0; seconds < 4; seconds++) watch.write(second(silent));
  expect(told).toBe(1);
  expect(written).toHaveLength(9);
});
