import { AddressPolicy } from '../../../src/domain';
import type { Resolution, SystemLookup } from '../../../src/outbound';
import { Resolver } from '../../../src/outbound';

describe('names', () => {
  let now = 0;
  let asked: string[] = [];
  const answers: Record<string, string[]> = {
    'public.example': ['8.8.8.8', '2606:4700::1111'],
    'mixed.example': ['127.0.0.1', '8.8.4.4'],
    'private.example': ['10.0.0.1'],
  };
  const waiting: (() => void)[] = [];
  const lookup: SystemLookup = (host, done) => {
    asked.push(host);
    const addresses = (answers[host] ?? []).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    waiting.push(() => done(addresses.length === 0 ? new Error('ENOTFOUND') : null, addresses));
  };
  const answer = (): void => {
    for (const tell of waiting.splice(0)) tell();
  };
  let resolver: Resolver;
  beforeEach(() => {
    now = 0;
    asked = [];
    resolver = new Resolver(new AddressPolicy(), () => now, lookup);
  });
  const resolve = (host: string): Resolution[] => {
    const seen: Resolution[] = [];
    resolver.resolve(host, (resolution) => seen.push(resolution));
    return seen;
  };

  test('only addresses that may be reached are used', () => {
    const seen = [...resolve('mixed.example')];
    expect(seen).toEqual([]);
    const mixed = resolve('mixed.example');
    const inside = resolve('private.example');
    answer();
    expect(mixed).toEqual([{ ok: true, addresses: [{ address: '8.8.4.4', family: 4 }] }]);
    expect(inside).toMatchObject([{ ok: false, why: 'refused' }]);
    expect(resolve('169.254.169.254')).toMatchObject([{ ok: false, why: 'refused' }]);
  });

  test('a name is asked for once at a time, and remembered for a while', () => {
    const both = [resolve('public.example'), resolve('public.example')];
    answer();
    expect(both.every(([one]) => one?.ok === true)).toBe(true);
    now = 29_000;
    expect(resolve('public.example')).toMatchObject([{ ok: true }]);
    expect(asked).toEqual(['public.example']);
    now = 31_000;
    expect(resolve('public.example')).toEqual([]);
    expect(asked).toHaveLength(2);
    answer();
  });

  test('a name that has no address is asked for again sooner', () => {
    const missing = resolve('missing.example');
    answer();
    expect(missing).toMatchObject([{ ok: false, why: 'unreachable' }]);
    now = 4_000;
    expect(resolve('missing.example')).toHaveLength(1);
    now = 6_000;
    expect(resolve('missing.example')).toHaveLength(0);
    answer();
  });
});
