import fc from 'fast-check';
import type { ConnectionEvent } from '../../../src/web/phone/core/connection-machine';
import { connectionReducer, connectionWord, OFFLINE } from '../../../src/web/phone/core/connection-machine';
import { retryDelayMs } from '../../../src/web/shared/retry-delay';

const after = (...events: readonly ConnectionEvent[]) => events.reduce(connectionReducer, OFFLINE);
const lost: ConnectionEvent = { type: 'failed', trouble: 'network' };

describe('the connection', () => {
  it('comes up, is lost, and comes back', () => {
    expect(after({ type: 'start' }, { type: 'registered' })).toEqual({ phase: 'online' });
    const waiting = after({ type: 'start' }, { type: 'registered' }, lost);
    expect(waiting).toEqual({ phase: 'waiting', attempt: 0, again: true, trouble: 'network' });
    const retried = connectionReducer(waiting, { type: 'retry' });
    expect(retried).toEqual({ phase: 'connecting', attempt: 1, again: true });
    expect(connectionReducer(retried, { type: 'registered' })).toEqual({ phase: 'online' });
  });

  it('counts the attempts that fail in a row', () => {
    const failed = after({ type: 'start' }, lost, { type: 'retry' }, lost, { type: 'retry' }, lost);
    expect(failed).toEqual({ phase: 'waiting', attempt: 3, again: false, trouble: 'network' });
  });

  it('stays away once it is stopped, whatever comes late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<ConnectionEvent>({ type: 'registered' }, lost, { type: 'retry' })),
        (late) => {
          expect(after({ type: 'start' }, { type: 'stop' }, ...late)).toEqual(OFFLINE);
        },
      ),
    );
  });

  it('is named by three words', () => {
    expect(connectionWord(OFFLINE)).toBe('offline');
    expect(connectionWord(after({ type: 'start' }))).toBe('connecting');
    expect(connectionWord(after({ type: 'start' }, lost))).toBe('connecting');
    expect(connectionWord(after({ type: 'start' }, { type: 'registered' }))).toBe('online');
  });
});

describe('the wait before the next attempt', () => {
  it('is short at first, grows, and is never longer than 15 s, nor none', () => {
    expect(retryDelayMs(0, 0.999)).toBeLessThanOrEqual(500);
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const wait = retryDelayMs(attempt, random);
        expect(wait).toBeGreaterThanOrEqual(250);
        expect(wait).toBeLessThanOrEqual(15_000);
        expect(retryDelayMs(attempt + 1, random)).toBeGreaterThanOrEqual(wait);
      }),
    );
  });

  it('differs from phone to phone', () => {
    expect(retryDelayMs(5, 0)).not.toBe(retryDelayMs(5, 0.9));
  });
});
