import { ALERTS } from '../../../../src/events/event-types';
import { ALERT_TEXTS, alertText } from '../../../../src/web/console/core/alert-text';
import type { LiveAlert } from '../../../../src/web/console/live/board';

const NAMES = { accountName: (id: string) => (id === 'acme' ? 'Acme' : id) };
const EVERYTHING = {
  ...{ callId: 'c/1', bidId: 'b1', targetId: 't1', accountId: 'acme', nodeId: 'n1', part: 'redis' },
  ...{ currency: 'USD', amountMicros: 12_500_000, score: 0.87 },
};

const alertOf = (code: string, more: Partial<LiveAlert> = {}): LiveAlert => ({
  ...{ id: 'x', about: 'x', at: 0, code, severity: 'warning', detail: 'something is so' },
  ...more,
});

test('every alert of the exchange has a text of its own', () => {
  expect(ALERT_TEXTS).toEqual(expect.arrayContaining([...ALERTS]));
});

test.each(ALERTS)('%s is told in sentences, whatever it comes with', (code) => {
  for (const more of [{}, EVERYTHING]) {
    const { title, text, links } = alertText(alertOf(code, more), NAMES);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(text).toMatch(/^[A-Z0-9$].*\.$/);
    expect(`${title} ${text}`).not.toMatch(/undefined|null|NaN|\[object/);
    for (const { href, label } of links)
      expect([href, label]).toEqual([expect.stringMatching(/^\/console\//), expect.any(String)]);
  }
});

test('money, accounts and things are named, and linked to', () => {
  expect(alertText(alertOf('wallet.low', EVERYTHING), NAMES)).toEqual({
    title: 'The wallet of Acme runs low',
    text: '$12.50 is left. Money must come in before it covers no calls.',
    links: [{ href: '/console/wallets/acme?currency=USD', label: 'Open the wallet' }],
  });
  expect(alertText(alertOf('call.one_way_audio', EVERYTHING), NAMES).links).toEqual([
    { href: '/console/calls/c%2F1', label: 'Open the call' },
  ]);
});

test('one that is not known here is told by its own clause', () => {
  expect(alertText(alertOf('node.lost'), NAMES)).toEqual({
    ...{ title: 'Node lost', text: 'Something is so.', links: [] },
  });
});
