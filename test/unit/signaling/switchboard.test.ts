import { AdmissionControl, Relay, Switchboard } from '../../../src/signaling';
import type { SipTransport, UnknownSourcePolicy } from '../../../src/signaling';
import type { IncomingInvite } from '../../../src/signaling/sip/sip-stack';
import {
  CountingMedia,
  deskOf,
  Journal,
  MemoryAgents,
  MemoryCaps,
  MemoryFunds,
  ringTarget,
  ScriptedInvite,
  ScriptedStack,
  sold,
  TRUNK,
  PLAIN_CALLS,
} from './fakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** An INVITE from somewhere. */
class From extends ScriptedInvite {
  constructor(
    override readonly transport: SipTransport,
    override readonly sourceAddress: string,
    override readonly requestUri = 'sip:+18005550100@switch',
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super();
  }
  override header(name?: string): string | undefined {
    return this.headers[name ?? ''];
  }
  /** Where it was passed on to, and with what. */
  relayed: [string, Readonly<Record<string, string>>] | undefined;
  override relay(route = '', headers = {}): Promise<void> {
    this.relayed = [route, headers];
    return Promise.resolve();
  }
}

const CARRIER = '192.0.2.5';
const PHONE = '198.51.100.9';

/** A switchboard that sells every call to the next agent of a team, whose phones answer at once. */
function open(
  unknownSource: UnknownSourcePolicy = 'drop',
  agentOfPhone?: () => string,
  addressOf: (nodeId: string) => string | undefined = () => undefined,
) {
  let arrive: (invite: IncomingInvite) => void = () => undefined;
  class Stack extends ScriptedStack {
    override onInvite(handler?: (invite: IncomingInvite) => void): void {
      if (handler) arrive = handler;
    }
  }
  const stack = new Stack((uri, listener, stage) => {
    if (uri.startsWith('sip:agent-desk')) setTimeout(() => listener.onAnswer(stage.dialog()), 10);
  });
  const journal = new Journal();
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  /** Buyers in whose calls somebody was asked for. */
  const asked: string[] = [];
  let calls = 0;
  const agents = new MemoryAgents(() => ({
    agents: [
      { phones: 1, freeAfter: 0 },
      { phones: 1, freeAfter: 0 },
    ],
    ringMs: 500,
  }));
  const switchboard = new Switchboard(
    {
      stack,
      responseTimeoutMs: undefined,
      media: new CountingMedia(),
      ...PLAIN_CALLS,
      caps: new MemoryCaps(),
      funds: new MemoryFunds(() => undefined),
      agents,
      recorder: journal,
      observer: journal,
      clock,
      admission: new AdmissionControl(
        { maxCalls: 0, maxCps: 0, maxEventLoopDelayMs: 0, maxRssBytes: 0 },
        { eventLoopDelayMs: () => 0, rssBytes: () => 0 },
        clock,
      ),
      trunks: { trunkBySource: (address) => (address === CARRIER ? TRUNK : undefined) },
      agentOfFlow: ({ address }) => (address === PHONE ? agentOfPhone?.() : undefined),
      relay: new Relay({ secret: Buffer.from('all nodes'), addressOf, now: clock.now }),
      newCallId: () => `call-${++calls}`,
      desk: deskOf(() => sold([{ ...ringTarget(calls, 9), kind: 'softphone', uri: 'team:desk' }])),
      placeNamed: () => ({ ok: false, status: 404 }),
      findPlace: (_uri, buyerId) => {
        asked.push(buyerId);
        return { ok: false, status: 404 };
      },
      onBug: (error) => {
        throw error;
      },
    },
    unknownSource,
  );
  const take = (invite: From): From => {
    arrive(invite);
    return invite;
  };
  return { switchboard, take, journal, asked, agents };
}

describe('an INVITE of a stranger', () => {
  test.each([
    ['over UDP is left to the SIP server, which drops such', 'udp', 'drop', []],
    ['over TCP too', 'tcp', 'drop', []],
    ['on a connection that phones may make gets its answer', 'ws', 'drop', [403]],
    ['the same of wss', 'wss', 'drop', [403]],
    ['the same of tls', 'tls', 'drop', [403]],
    ['gets its answer where strangers are told', 'udp', 'forbid', [403]],
  ] as const)('%s', (_what, transport, policy, finals) => {
    const { take, journal, switchboard } = open(policy);
    expect(take(new From(transport, '203.0.113.7')).finals).toEqual(finals);
    expect(journal.events).toMatchObject([{ type: 'call.refused', sipStatus: 403 }]);
    expect(switchboard.size).toBe(0);
  });

  test('is no call of the carrier at the same address when it comes from a page', async () => {
    const { take, switchboard } = open();
    expect(take(new From('wss', CARRIER)).finals).toEqual([403]);
    expect(switchboard.size).toBe(0);
    take(new From('tls', CARRIER, undefined, { Contact: '<sip:carrier>' }));
    expect(switchboard.size).toBe(1);
    const drained = switchboard.drain(0);
    await jest.advanceTimersByTimeAsync(5_000);
    await drained;
  });
});

test('an agent asks about the call that the INVITE names, and about no call of anybody else', async () => {
  const { switchboard, take, asked } = open('drop', () => 'desk-1');
  take(new From('udp', CARRIER, undefined, { Contact: '<sip:carrier>' }));
  take(new From('udp', CARRIER, undefined, { Contact: '<sip:carrier>' }));
  await jest.advanceTimersByTimeAsync(400);
  const [first = '', second = ''] = switchboard.answered().map(({ callId }) => callId);
  expect(switchboard.agentOf(first)).toBe('desk-0');
  expect(switchboard.agentOf(second)).toBe('desk-1');
  // A name that is another agent's counts for nothing: it is the agent's own call that is meant.
  for (const named of [second, first, 'nonsense']) {
    const invite = take(new From('ws', PHONE, 'sip:bob@dce.invalid', { 'X-DCE-Call-ID': named }));
    expect(invite.finals).toEqual([404]);
  }
  expect(asked).toEqual(['buyer-2', 'buyer-2', 'buyer-2']);
  const drained = switchboard.drain(0);
  await jest.advanceTimersByTimeAsync(5_000);
  await drained;
});

describe('an agent whose call another node has', () => {
  const ROUTE = 'sip:192.0.2.2:5060;transport=tcp';

  /** Node A, to which the phone is connected, and node B, which has the call. */
  async function nodes(addressOf: (nodeId: string) => string | undefined = () => ROUTE) {
    const a = open('drop', () => 'desk-0', addressOf);
    const b = open();
    b.take(new From('udp', CARRIER, undefined, { Contact: '<sip:carrier>' }));
    await jest.advanceTimersByTimeAsync(400);
    const [callId = ''] = b.switchboard.answered().map((call) => call.callId);
    a.agents.elsewhere.set('desk-0', { callId, nodeId: 'b' });
    const close = async (): Promise<void> => {
      const drained = b.switchboard.drain(0);
      await jest.advanceTimersByTimeAsync(5_000);
      await drained;
    };
    const ask = async (): Promise<From> => {
      const invite = a.take(new From('wss', PHONE, 'sip:bob@dce.invalid'));
      await jest.advanceTimersByTimeAsync(100);
      return invite;
    };
    return { a, b, ask, close };
  }

  test('asks there: the INVITE is passed on, and who asks is vouched for', async () => {
    const { b, ask, close } = await nodes();
    const invite = await ask();
    expect(invite.finals).toEqual([]);
    const [route, headers] = invite.relayed ?? [];
    expect(route).toBe(ROUTE);
    const arrived = b.take(new From('tcp', '192.0.2.1', invite.requestUri, headers));
    expect(arrived.finals).toEqual([404]);
    expect(b.asked).toEqual(['buyer-1']);
    await close();
  });

  test('is not passed on twice, nor to a call that she has no more', async () => {
    const { a, b, ask, close } = await nodes();
    const [, headers] = (await ask()).relayed ?? [];
    const back = a.take(new From('tcp', '192.0.2.2', 'sip:bob@dce.invalid', headers));
    await jest.advanceTimersByTimeAsync(100);
    expect(back.finals).toEqual([481]);
    expect(back.relayed).toBeUndefined();
    b.switchboard.hangup('call-1', 'over');
    expect(b.take(new From('tcp', '192.0.2.1', 'sip:bob@dce.invalid', headers)).finals).toEqual([481]);
    await close();
  });

  test.each([
    ['says so itself', { 'X-DCE-Asker': Buffer.from('["agent"]').toString('base64url') }],
    ['gives no reason to be believed', { 'X-DCE-Asker': '' }],
  ])('is not who %s', async (_what, headers) => {
    const { b, close } = await nodes();
    expect(b.take(new From('wss', PHONE, 'sip:bob@dce.invalid', headers)).finals).toEqual([403]);
    expect(b.asked).toEqual([]);
    await close();
  });

  test('hears that it cannot be when that node is not there, or she has no call', async () => {
    const { a, ask, close } = await nodes(() => undefined);
    expect((await ask()).finals).toEqual([480]);
    a.agents.elsewhere.clear();
    expect((await ask()).finals).toEqual([403]);
    await close();
  });
});
