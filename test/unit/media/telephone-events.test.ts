import fc from 'fast-check';
import { TelephoneEvents } from '../../../src/media/digits/telephone-events';

const KEYS = '0123456789*#ABCD';

interface Told {
  readonly key: string;
  readonly durationMs: number;
}

let told: Told[];
let events: TelephoneEvents;
beforeEach(() => {
  jest.useFakeTimers();
  told = [];
  events = new TelephoneEvents((key, durationMs) => told.push({ key, durationMs }));
});
afterEach(() => {
  events.close();
  expect(jest.getTimerCount()).toBe(0);
  jest.useRealTimers();
});

interface Packet {
  readonly timestamp: number;
  readonly code: number;
  readonly duration: number;
  readonly end?: boolean;
  readonly marker?: boolean;
}

function take({ timestamp, code, duration, end = false, marker = false }: Packet): void {
  const payload = Buffer.from([code, 10 | (end ? 0x80 : 0), 0, 0]);
  payload.writeUInt16BE(duration, 2);
  events.take({ timestamp: timestamp >>> 0, marker, payload });
}

/** RFC 4733 §2.5.1: every 50 ms, and the last one three times. */
function press(code: number, timestamp: number, ms: number): Packet[] {
  const packets: Packet[] = [];
  for (let at = 50; at < ms; at += 50) {
    packets.push({ timestamp, code, duration: at * 8, marker: at === 50 });
  }
  for (let i = 0; i < 3; i++) packets.push({ timestamp, code, duration: ms * 8, end: true });
  return packets;
}

test('law: however packets of presses are lost or doubled, each press of which one came is told once, in order', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          code: fc.integer({ min: 9, max: 11 }),
          ms: fc.integer({ min: 60, max: 900 }),
          arrives: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 24, maxLength: 24 }),
        }),
        { maxLength: 8 },
      ),
      fc.nat(2 ** 32 - 1),
      (presses, began) => {
        told = [];
        const reader = new TelephoneEvents((key, durationMs) => told.push({ key, durationMs }));
        events = reader;
        const wanted: string[] = [];
        let timestamp = began;
        for (const { code, ms, arrives } of presses) {
          let came = false;
          press(code, timestamp, ms).forEach((packet, index) => {
            for (let copies = arrives[index] ?? 1; copies > 0; copies--) {
              take(packet);
              came = true;
            }
            jest.advanceTimersByTime(packet.end ? 20 : 50);
          });
          if (came) wanted.push(KEYS[code] ?? '');
          // A pause of 200 ms.
          timestamp += (ms + 200) * 8;
          jest.advanceTimersByTime(200);
        }
        expect(told.map(({ key }) => key)).toEqual(wanted);
        reader.close();
      },
    ),
    { numRuns: 500 },
  );
});

test('a press is told when it ends, with its length; its further ends and late packets are nothing', () => {
  const packets = press(5, 4_000_000_000, 120);
  for (const packet of packets.slice(0, 3)) take(packet);
  expect(told).toEqual([{ key: '5', durationMs: 120 }]);
  for (const packet of packets) take(packet);
  expect(told).toHaveLength(1);
  for (const packet of press(6, 4_000_000_000 + 8_000, 80)) take(packet);
  // Of the one before, overtaken by the next one.
  for (const packet of packets) take(packet);
  expect(told.map(({ key }) => key).join('')).toBe('56');
});

test('where its end is lost, it has ended 100 ms after what came last', () => {
  const [first] = press(11, 100, 400);
  if (first) take(first);
  jest.advanceTimersByTime(99);
  expect(told).toEqual([]);
  jest.advanceTimersByTime(1);
  expect(told).toEqual([{ key: '#', durationMs: 50 }]);
  // What was only late changes nothing.
  for (const packet of press(11, 100, 400)) take(packet);
  expect(told).toHaveLength(1);
});

test('one that is held is told after two seconds, and once, though it goes on in parts of a long event', () => {
  const LONGEST = 0xffff;
  let timestamp = 1_000;
  for (let part = 0; part < 3; part++) {
    for (let duration = 400; duration <= LONGEST; duration += 400) {
      take({ timestamp, code: 12, duration });
      jest.advanceTimersByTime(50);
    }
    take({ timestamp, code: 12, duration: LONGEST });
    if (part === 0) expect(told).toEqual([{ key: 'A', durationMs: 2_000 }]);
    timestamp += LONGEST;
  }
  take({ timestamp: timestamp - LONGEST, code: 12, duration: LONGEST, end: true });
  expect(told).toHaveLength(1);
});

test('a sender whose timestamp runs on with the duration presses one key', () => {
  for (let at = 1; at <= 6; at++) take({ timestamp: at * 160, code: 3, duration: at * 160, end: at === 6 });
  expect(told).toEqual([{ key: '3', durationMs: 120 }]);
});

test('a packet with the marker is another press, though the end of the same key before it was lost', () => {
  take({ timestamp: 160, code: 3, duration: 320, marker: true });
  take({ timestamp: 1_000, code: 3, duration: 400, marker: true });
  take({ timestamp: 1_000, code: 3, duration: 640, end: true });
  expect(told).toEqual([
    { key: '3', durationMs: 40 },
    { key: '3', durationMs: 80 },
  ]);
});

test('a sender that begins anew, with a clock of its own, is heard', () => {
  for (const packet of press(1, 500_000, 80)) take(packet);
  for (const packet of press(2, 1_000, 80)) take(packet);
  expect(told.map(({ key }) => key).join('')).toBe('12');
});

test('other events than keys, and what is cut short, are nothing', () => {
  take({ timestamp: 1, code: 16, duration: 800, end: true });
  take({ timestamp: 1, code: 255, duration: 800, end: true });
  events.take({ timestamp: 1, marker: true, payload: Buffer.from([1, 0x80, 0]) });
  events.take({ timestamp: 1, marker: true, payload: Buffer.alloc(0) });
  jest.advanceTimersByTime(1_000);
  expect(told).toEqual([]);
});

test('what has not ended when it is closed is not told', () => {
  take({ timestamp: 1, code: 1, duration: 800 });
  events.close();
  jest.advanceTimersByTime(1_000);
  expect(told).toEqual([]);
});
