import { deviceText } from '../../../../src/web/console/core/device';
import {
  durationText,
  moneyText,
  percentText,
  shortMoney,
  wordsOf,
} from '../../../../src/web/console/core/format';
import { isWithin, navigationOf } from '../../../../src/web/console/core/navigation';
import { may } from '../../../../src/web/console/core/rights';
import { qrPath } from '../../../../src/web/console/core/qr';
import type { FigureRow } from '../../../../src/web/console/core/revenue';
import { callSeries, gridOf, moneySeries, totalOf } from '../../../../src/web/console/core/revenue';
import { sorted } from '../../../../src/web/console/core/sort';

describe('figures', () => {
  it.each([
    [840, '840 ms'],
    [4_200, '4.2 s'],
    [187_000, '3:07'],
    [3_723_000, '1:02:03'],
    [null, '–'],
  ])('%p ms are %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });

  it('are money, per cent and words', () => {
    expect(moneyText(12_345_600)).toBe('12.3456');
    expect(moneyText(20_000_000, 'USD')).toBe('$20.00');
    expect(shortMoney(2_500_000_000_000, 'USD')).toBe('$2.50M');
    expect(percentText(0.123)).toBe('12.3%');
    expect(percentText(null)).toBe('–');
    expect([wordsOf('caller_hangup'), wordsOf('ringTimeoutMs')]).toEqual([
      'Caller hangup',
      'Ring timeout ms',
    ]);
  });
});

describe('the navigation', () => {
  const paths = (role: 'admin' | 'auditor' | 'buyer' | 'seller' | 'carrier', scopes: string[] = ['*']) =>
    navigationOf({ role, scopes }).flatMap(({ entries }) => entries.map(({ path }) => path));

  it('shows everybody what they may see', () => {
    expect(paths('admin')).toEqual(expect.arrayContaining(['/', '/calls', '/campaigns', '/revenue']));
    expect(paths('carrier')).toEqual(expect.arrayContaining(['/', '/calls']));
    expect(paths('carrier')).not.toContain('/campaigns');
    expect(paths('admin', ['calls:read'])).not.toContain('/campaigns');
    expect(paths('buyer', ['nothing:read'])).not.toContain('/calls');
    const withNumbers = (['admin', 'auditor', 'buyer', 'seller', 'carrier'] as const).filter((role) =>
      paths(role).includes('/numbers'),
    );
    expect(withNumbers).toEqual(['admin', 'auditor', 'seller']);
  });

  it('lets auditors read everything and change nothing', () => {
    expect(may({ role: 'auditor', scopes: ['*'] }, 'campaigns:read')).toBe(true);
    expect(may({ role: 'auditor', scopes: ['*'] }, 'campaigns:write')).toBe(false);
    expect(may({ role: 'admin', scopes: ['*:read'] }, 'campaigns:write')).toBe(false);
  });

  it('offers parties no more than their role may, whatever their scopes', () => {
    const mays = (role: 'buyer' | 'seller' | 'carrier', wanted: readonly string[]) =>
      wanted.filter((one) => may({ role, scopes: ['*'] }, one));
    const asked = ['bids:write', 'wallets:read', 'wallets:write', 'fraud:read', 'trunks:read', 'users:write'];
    expect(mays('buyer', asked)).toEqual(['bids:write', 'wallets:read', 'users:write']);
    expect(mays('seller', asked)).toEqual(['users:write']);
    expect(mays('carrier', asked)).toEqual(['trunks:read', 'users:write']);
  });

  it('marks the entry one is below', () => {
    expect([
      isWithin('/calls/1', '/calls'),
      isWithin('/calls', '/'),
      isWithin('/callsigns', '/calls'),
    ]).toEqual([true, false, false]);
  });
});

describe('series', () => {
  const row = (start: number, more: Partial<FigureRow>): FigureRow => ({
    ...{
      start,
      key: null,
      calls: 0,
      connected: 0,
      answered: 0,
      converted: 0,
      asr: null,
      acdMs: null,
      pddMs: null,
    },
    ...more,
  });
  const rows = [
    row(3_600_000, { calls: 2, connected: 1, revenueMicros: 5_000_000 }),
    row(0, { calls: 4, connected: 2, revenueMicros: 1_500_000 }),
    row(0, { key: 'other', calls: 1, revenueMicros: 500_000 }),
  ];

  it('have an instant for each bucket, and add up what is told apart', () => {
    expect(callSeries(rows)).toMatchObject({
      times: [0, 3_600],
      lines: [{ values: [5, 2] }, { values: [2, 1] }, {}],
    });
  });

  it('have every bucket, also those in which nothing was', () => {
    const from = new Date(2026, 2, 27, 12).getTime();
    const to = new Date(2026, 2, 31, 12).getTime();
    const days = gridOf(from, to, 'day');
    expect(days.map((at) => new Date(at * 1_000).getHours())).toEqual([0, 0, 0, 0]);
    expect(gridOf(from, from + 3_600_000 * 3, 'hour')).toHaveLength(3);
    expect(callSeries([], days).lines[0]?.values).toEqual([0, 0, 0, 0]);
  });

  it('show no money that is not told', () => {
    expect(moneySeries(rows).lines).toEqual([{ label: 'Revenue', values: [2, 5] }]);
    expect([totalOf(rows, 'revenueMicros'), totalOf(rows, 'marginMicros')]).toEqual([7_000_000, undefined]);
  });
});

it('rows without a key stand last, whichever way they are sorted', () => {
  const rows = [{ n: 2 }, { n: undefined }, { n: 10 }, { n: 1 }];
  expect(sorted(rows, ({ n }) => n, 'ascending').map(({ n }) => n)).toEqual([1, 2, 10, undefined]);
  expect(sorted(rows, ({ n }) => n, 'descending').map(({ n }) => n)).toEqual([10, 2, 1, undefined]);
});

it('a QR code is drawn by runs', () => {
  expect(qrPath([[true, true, false, true], [false]])).toBe('M0 0h2v1h-2zM3 0h1v1h-1z');
});

it('devices are named as people do', () => {
  expect(deviceText('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36')).toBe(
    'Chrome on Linux',
  );
  expect(deviceText('curl/8.1')).toBe('curl');
  expect(deviceText('')).toBe('Unknown');
});
