import { headerValue } from '../../../src/sip-server/message';
import type { Scheduler } from '../../../src/sip-server/transaction';
import { systemScheduler } from '../../../src/sip-server/transaction';
import { until } from '../../support/until';
import type { Bench, UdpPeer } from './support';
import { benches, Leg, SDP } from './support';

const start = benches();
let bench: Bench;
let a: UdpPeer;

/** The minutes of RFC 4028 pass a hundred times as fast; the timers of transactions stay as they are. */
const HASTY: Scheduler = {
  after: (ms, action) => systemScheduler.after(ms > 20_000 ? ms / 100 : ms, action),
};

/** A call that the application answers with these headers. */
async function answered(
  offered: string[],
  headers: Record<string, string> = {},
): Promise<{
  caller: Leg;
  sessionExpires: string | undefined;
  destroyed: unknown[];
  modify: () => Promise<string>;
}> {
  const destroyed: unknown[] = [];
  const modify: (() => Promise<string>)[] = [];
  await bench.application((srf) => {
    srf.invite((req, res) => {
      void srf.createUAS(req, res, { localSdp: SDP, headers }).then((dialog) => {
        dialog.on('destroy', (...args: unknown[]) => destroyed.push(args[1]));
        modify.push(() => dialog.modify(SDP));
      });
    });
  });
  const caller = Leg.caller(a);
  caller.invite(offered);
  const answer = await a.response(200);
  caller.ack(answer);
  await until('the application has its dialog', () => modify.length > 0);
  return {
    caller,
    sessionExpires: headerValue(answer, 'session-expires'),
    destroyed,
    modify: async () => (await modify[0]?.()) ?? '',
  };
}

async function hangUp(caller: Leg): Promise<void> {
  caller.request('BYE');
  await a.response(200, 'BYE');
}

beforeEach(async () => {
  bench = await start({}, HASTY);
  a = await bench.udpPeer();
});

describe('session timers (RFC 4028)', () => {
  test('an interval below 90 s is refused with Min-SE', async () => {
    const caller = Leg.caller(a);
    caller.invite(['Session-Expires: 60']);
    const refused = await a.response(422);
    expect(headerValue(refused, 'min-se')).toBe('90');
    caller.ack(refused);
  });

  test('a caller who is to refresh and falls silent is hung up on', async () => {
    const { caller, sessionExpires, destroyed } = await answered([
      'Supported: timer',
      'Session-Expires: 90;refresher=uac',
    ]);
    expect(sessionExpires).toBe('90;refresher=uac');
    const bye = await a.request('BYE');
    expect(headerValue(bye, 'reason')).toContain('Session timer expired');
    caller.answer(bye, 200);
    await until('the application is told', () => destroyed.length > 0);
    expect(destroyed).toEqual(['Session timer expired']);
  });

  test('a caller without refresher is left alone', async () => {
    const { caller, sessionExpires } = await answered(['Supported: timer', 'Session-Expires: 90']);
    expect(sessionExpires).toBeUndefined();
    await hangUp(caller);
  });

  test('we refresh by UPDATE, as the refresher of our own request', async () => {
    const { caller } = await answered(['Supported: timer', 'Session-Expires: 90;refresher=uas']);
    const update = await a.request('UPDATE');
    expect(headerValue(update, 'session-expires')).toBe('90;refresher=uac');
    expect(update.body).toBe('');
    caller.answer(update, 200);
    caller.answer(await a.request('UPDATE'), 200);
    await hangUp(caller);
  });

  test('a caller that knows no UPDATE is refreshed by re-INVITE with the SDP that stands', async () => {
    const { caller } = await answered(['Supported: timer', 'Session-Expires: 90;refresher=uas']);
    caller.answer(await a.request('UPDATE'), 501);
    for (let i = 0; i < 2; i++) {
      const invite = await a.request('INVITE');
      expect(invite.body).toBe(SDP);
      expect(headerValue(invite, 'session-expires')).toBe('90;refresher=uac');
      caller.answer(invite, 200, [], SDP);
      await a.request('ACK');
    }
    expect(a.count('UPDATE')).toBe(1);
    await hangUp(caller);
  });
});

describe('two who change the call at once (RFC 3261 §14.2)', () => {
  test('a re-INVITE while ours is open: 491, and ours goes on', async () => {
    const { caller, modify } = await answered([]);
    const modified = modify();
    const ours = await a.request('INVITE');
    caller.reinvite();
    caller.ack(await a.response(491));
    caller.answer(ours, 200, [], SDP);
    await a.request('ACK');
    expect(await modified).toBe(SDP);
    await hangUp(caller);
  });

  test('a second re-INVITE while the first is open: 500 with Retry-After', async () => {
    const held: (() => void)[] = [];
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf.createUAS(req, res, { localSdp: SDP }).then((dialog) => {
          dialog.on('modify', (_req, response) => held.push(() => response.send(200, { body: SDP })));
        });
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(200));
    caller.reinvite(SDP.replace('40000', '40010'));
    await until('the application sees the first', () => held.length === 1);
    const second = caller.twin();
    second.reinvite(SDP.replace('40000', '40020'));
    const refused = await a.response(500);
    expect(headerValue(refused, 'retry-after')).toBeDefined();
    second.ack(refused);
    held[0]?.();
    caller.ack(await a.response(200));
    expect(held).toHaveLength(1);
    await hangUp(second);
  });
});
