import type { CallAttempt } from '../../../src/domain';
import type { Plan } from '../../../src/dialplan';
import { ExchangePlanDesk } from '../../../src/parts/plan-desk';
import { ATTEMPT } from '../signaling/fakes';

interface Made {
  readonly number?: Readonly<Record<string, unknown>>;
  readonly campaign?: Readonly<Record<string, unknown>>;
  readonly target?: Readonly<Record<string, unknown>>;
}

/** A desk over a market of one of each, and what it asked of the shelf. */
function deskOf({ number, campaign, target }: Made): { desk: ExchangePlanDesk; asked: unknown[] } {
  const asked: unknown[] = [];
  const market = {
    numberByE164: () => ({ campaignId: 'c', sellerId: 's', status: 'active', ...number }),
    campaign: () => ({
      id: 'c',
      status: 'active',
      ringTimeoutMs: 1,
      maxDurationMs: 2,
      ringback: 'local',
      ...campaign,
    }),
    target: () => ({ buyerId: 'b', status: 'active', kind: 'sip', uri: 'sip:t', ...target }),
    buyer: () => ({ id: 'b', accountId: 'a', status: 'active' }),
  };
  const desk = new ExchangePlanDesk({
    shelf: {
      planFor: (...names) => {
        asked.push(names);
        return { plan: {} as Plan, version: 2 };
      },
    },
    known: { market } as never,
    clock: { now: () => 0, monotonic: () => 0 },
    callback: () => Promise.resolve(true),
  });
  return { desk, asked };
}

const attempt: CallAttempt = ATTEMPT;

test('the plan is asked for by number, campaign and seller, and told with what the number belongs to', () => {
  const { desk, asked } = deskOf({ number: { dialplan: 'own' }, campaign: { dialplan: 'shared' } });
  expect(desk.planOf(attempt)).toMatchObject({ version: 2, source: { campaignId: 'c', sellerId: 's' } });
  expect(asked).toEqual([['own', 'shared', 's']]);
});

test.each<[string, Made]>([
  ['without a plan', {}],
  ['of a number out of service', { number: { dialplan: 'own', status: 'disabled' } }],
  ['of a campaign that is paused', { number: { dialplan: 'own' }, campaign: { status: 'paused' } }],
])('calls %s are sold, or refused, at once', (_, made) => {
  const { desk, asked } = deskOf(made);
  expect(desk.planOf(attempt)).toBeUndefined();
  expect(asked).toEqual([]);
});

test('a call is transferred for no price, and not to a target that is off', () => {
  expect(deskOf({}).desk.target(attempt, 't')).toMatchObject({
    targetId: 't',
    uri: 'sip:t',
    price: 0,
    reservations: [],
    maxDurationMs: 2,
  });
  expect(deskOf({ target: { status: 'paused' } }).desk.target(attempt, 't')).toBeUndefined();
});
