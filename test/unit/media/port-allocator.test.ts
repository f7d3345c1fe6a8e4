import fc from 'fast-check';
import { PortAllocator } from '../../../src/media/mediasoup/port-allocator';

test('ports are even, in range, never given twice, and all of them can be had', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_024, max: 60_000 }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.option(fc.nat(100)), { maxLength: 200 }),
      (first, length, steps) => {
        const last = first + length;
        const ports = new PortAllocator(first, last);
        const room = Math.floor(last / 2) - Math.ceil(first / 2) + 1;
        const held: number[] = [];
        for (const giveBack of steps) {
          if (giveBack !== null) {
            const [port] = held.splice(giveBack % Math.max(1, held.length), 1);
            if (port !== undefined) ports.give(port);
          } else {
            const port = ports.take();
            expect(port === undefined).toBe(held.length === room);
            if (port === undefined) continue;
            expect(port % 2).toBe(0);
            expect(port >= first && port <= last && !held.includes(port)).toBe(true);
            held.push(port);
          }
          expect(ports.used).toBe(held.length);
        }
      },
    ),
  );
});

test('a port just given back is the last to be given again', () => {
  const ports = new PortAllocator(10_000, 10_006);
  const first = ports.take();
  if (first === undefined) throw new Error('no port');
  ports.give(first);
  expect([ports.take(), ports.take(), ports.take(), ports.take()]).toEqual([10_002, 10_004, 10_006, 10_000]);
  expect(ports.take()).toBeUndefined();
});

test('a range without an even port is refused', () => {
  expect(() => new PortAllocator(10_001, 10_001)).toThrow(RangeError);
});
