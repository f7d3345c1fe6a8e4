import type { DomainEvent } from '../../../src/events';
import { CallEvents } from '../../../src/parts/call-events';
import type { CallEvent } from '../../../src/signaling';

const told: DomainEvent[] = [];
const market = {
  trunk: () => undefined,
  bid: () => undefined,
  buyer: () => undefined,
  campaign: () => undefined,
};
const events = new CallEvents(
  market,
  (event) => told.push(event),
  () => 0,
);

type Said<T> = T extends CallEvent ? Omit<T, 'callId' | 'at'> : never;
const say = (event: Said<CallEvent>): void =>
  events.onCall({ callId: 'call-1', at: 5, ...event } as CallEvent);

beforeEach(() => {
  told.length = 0;
});

test('holding, going on and sounds are told to the buyer whose conversation it is', () => {
  const attempt = { from: undefined, to: '+12125550100', trunkId: 'trunk', origin: 'trunk' };
  say({ type: 'call.received', attempt } as unknown as Said<CallEvent>);
  const target = { buyerId: 'buyer', buyerAccountId: 'account', targetId: 't', bidId: 'b', price: 1 };
  say({ type: 'call.answered', target, pddMs: 1, agentId: undefined } as unknown as Said<CallEvent>);
  told.length = 0;
  say({ type: 'call.held' });
  say({ type: 'call.resumed' });
  say({ type: 'call.sound_played', sound: 'tone', to: ['caller', 'buyer'] });
  const talk = { campaignId: null, buyerId: 'buyer' };
  expect(told).toMatchObject([
    { type: 'call.held', subject: { kind: 'call', id: 'call-1' }, accounts: ['account'], data: talk },
    { type: 'call.resumed', subject: { id: 'call-1' }, accounts: ['account'], data: talk },
    {
      type: 'call.sound_played',
      accounts: ['account'],
      data: { ...talk, sound: 'tone', to: ['caller', 'buyer'] },
    },
  ]);
});

test('a recording that pauses and who listens in are told to the buyer, a refusal with its reason', () => {
  say({ type: 'call.recording', recordingId: 'r1', state: 'paused', by: 'agent:ann', resumesAt: 7 });
  say({ type: 'call.recording', recordingId: '', state: 'refused', detail: 'a law' });
  say({ type: 'call.monitored', mode: 'whisper', by: 'user:eve', accountId: 'operator' });
  const accounts = ['account'];
  const buyerId = 'buyer';
  expect(told).toMatchObject([
    {
      ...{ type: 'call.recording', accounts },
      data: { buyerId, recordingId: 'r1', state: 'paused', detail: null, by: 'agent:ann', resumesAt: 7 },
    },
    {
      ...{ type: 'call.recording', accounts },
      data: { recordingId: null, state: 'refused', detail: 'a law', by: null, resumesAt: null },
    },
    {
      ...{ type: 'call.monitored', accounts },
      data: { buyerId, mode: 'whisper', by: 'user:eve', accountId: 'operator' },
    },
  ]);
});

test('a buyer hears that it has the call no more, and nothing of what comes after', () => {
  say({ type: 'call.returned', from: 'answered' });
  say({ type: 'call.recording', recordingId: 'message', state: 'on' });
  expect(told).toMatchObject([
    {
      ...{ type: 'call.returned', accounts: ['account'] },
      data: { campaignId: null, sellerId: null, buyerId: 'buyer', from: 'answered' },
    },
    { type: 'call.recording', accounts: [], data: { buyerId: null, recordingId: 'message' } },
  ]);
});

test('of a call that nobody answered holding is told to the exchange alone', () => {
  events.onCall({ callId: 'unknown', at: 5, type: 'call.held' });
  expect(told).toMatchObject([{ accounts: [], data: { campaignId: null, buyerId: null } }]);
});
