import type Srf from 'drachtio-srf';
import type { Dialog } from 'drachtio-srf';
import { headerValue } from '../../../src/sip-server/message';
import type { Scheduler } from '../../../src/sip-server/transaction';
import { systemScheduler } from '../../../src/sip-server/transaction';
import { until } from '../../support/until';
import type { Bench, UdpPeer } from './support';
import { benches, HOST, Leg, SDP } from './support';

const start = benches();
let bench: Bench;
let a: UdpPeer;

/** Subscriptions of minutes end a thousand times as fast; the timers of transactions stay as they are. */
const HASTY: Scheduler = {
  after: (ms, action) => systemScheduler.after(ms > 20_000 ? ms / 1_000 : ms, action),
};

beforeEach(async () => {
  bench = await start({}, HASTY);
  a = await bench.udpPeer();
});

/** An application that accepts every subscription. */
async function notifier(seconds: number): Promise<{ srf: Srf; dialogs: Dialog[]; events: string[] }> {
  const dialogs: Dialog[] = [];
  const events: string[] = [];
  const srf = await bench.application((app) => {
    app.use('subscribe', (req, res) => {
      app.createUAS(req, res, { headers: { Expires: String(seconds) } } as never).then(
        (dialog) => {
          dialogs.push(dialog);
          const on = dialog as unknown as NodeJS.EventEmitter;
          on.on('unsubscribe', () => events.push('unsubscribe'));
          on.on('subscribe', (_req, response: { send(status: number, options: object): void }) => {
            events.push('subscribe');
            response.send(200, { headers: { Expires: String(seconds) } });
          });
        },
        (error: unknown) => events.push(String(error)),
      );
    });
  });
  return { srf, dialogs, events };
}

async function subscribe(): Promise<Leg> {
  const subscriber = Leg.caller(a);
  subscriber.request('SUBSCRIBE', ['Event: presence', 'Expires: 600']);
  subscriber.learn(await a.response(202));
  return subscriber;
}

function notify(dialog: Dialog, state: string): Promise<unknown> {
  return dialog.request({
    method: 'NOTIFY',
    headers: { Event: 'presence', 'Subscription-State': state },
  } as never);
}

describe('an application that is subscribed to', () => {
  test('NOTIFY, renewal and the end stay in one dialog', async () => {
    const { dialogs, events } = await notifier(600);
    const subscriber = await subscribe();
    await until('the dialog', () => dialogs.length === 1);
    const [dialog] = dialogs;
    if (!dialog) throw new Error('no dialog');
    const sent = notify(dialog, 'active;expires=600');
    const first = await a.request('NOTIFY');
    expect(headerValue(first, 'to')).toBe(subscriber.local);
    expect(headerValue(first, 'from')).toBe(subscriber.remote);
    subscriber.answer(first, 200);
    await sent;
    subscriber.request('SUBSCRIBE', ['Event: presence', 'Expires: 600']);
    await a.response(200, 'SUBSCRIBE');
    expect(events).toEqual(['subscribe']);
    expect(bench.server.stats().dialogs).toBe(1);
    void notify(dialog, 'terminated;reason=timeout').catch(() => undefined);
    subscriber.answer(await a.request('NOTIFY'), 200);
    await until('the dialog is gone', () => bench.server.stats().dialogs === 0);
    subscriber.request('SUBSCRIBE', ['Event: presence', 'Expires: 600']);
    await a.response(481, 'SUBSCRIBE');
  });

  test('nobody renews it: it ends by itself', async () => {
    await notifier(60);
    await subscribe();
    expect(bench.server.stats().dialogs).toBe(1);
    await until('the dialog is gone', () => bench.server.stats().dialogs === 0);
  });

  test('a subscriber that knows nothing of it any more ends it', async () => {
    const { dialogs } = await notifier(600);
    const subscriber = await subscribe();
    await until('the dialog', () => dialogs.length === 1);
    const [dialog] = dialogs;
    if (dialog) void notify(dialog, 'active').catch(() => undefined);
    subscriber.answer(await a.request('NOTIFY'), 481);
    await until('the dialog is gone', () => bench.server.stats().dialogs === 0);
    expect(a.count('BYE')).toBe(0);
  });

  test('goes: the subscriber is told, and may ask again', async () => {
    const { srf } = await notifier(600);
    const subscriber = await subscribe();
    srf.disconnect();
    const last = await a.request('NOTIFY');
    expect(headerValue(last, 'subscription-state')).toBe('terminated;reason=deactivated');
    expect(headerValue(last, 'event')).toBe('presence');
    subscriber.answer(last, 200);
    await until('the dialog is gone', () => bench.server.stats().dialogs === 0);
  });
});

describe('an application that subscribes', () => {
  /** What it is notified of. */
  async function subscriber(): Promise<string[]> {
    const states: string[] = [];
    const srf = await bench.application((app) => {
      app.use('notify', (req, res) => {
        states.push(`outside ${req.get('Subscription-State')}`);
        res.send(200);
      });
    });
    srf
      .createUAC(`sip:state@${HOST}:${a.port}`, {
        method: 'SUBSCRIBE',
        headers: { Event: 'presence', Expires: '600', From: '<sip:state@localhost>' },
      } as never)
      .then(
        (dialog) => {
          const on = dialog as unknown as NodeJS.EventEmitter;
          on.on('notify', (req: { get(name: string): string }, res: { send(status: number): void }) => {
            states.push(req.get('Subscription-State'));
            res.send(200);
          });
        },
        (error: unknown) => states.push(String(error)),
      );
    return states;
  }

  test('hears every NOTIFY, until the last', async () => {
    const states = await subscriber();
    const request = await a.request('SUBSCRIBE');
    const leg = Leg.callee(a, request);
    leg.answer(request, 200, ['Expires: 600']);
    await until('the dialog', () => bench.server.stats().dialogs === 1);
    leg.request('NOTIFY', ['Event: presence', 'Subscription-State: active']);
    await a.response(200, 'NOTIFY');
    leg.request('NOTIFY', ['Event: presence', 'Subscription-State: terminated;reason=noresource']);
    await a.response(200, 'NOTIFY');
    expect(states).toEqual(['active', 'terminated;reason=noresource']);
    await until('the dialog is gone', () => bench.server.stats().dialogs === 0);
  });

  test('hears a NOTIFY that overtook the answer', async () => {
    const states = await subscriber();
    const request = await a.request('SUBSCRIBE');
    const leg = Leg.callee(a, request);
    leg.request('NOTIFY', ['Event: presence', 'Subscription-State: pending']);
    await a.response(200, 'NOTIFY');
    leg.answer(request, 200, ['Expires: 600']);
    await until('the application knows its dialog', () => bench.server.stats().clientTransactions === 0);
    leg.request('NOTIFY', ['Event: presence', 'Subscription-State: terminated']);
    await a.response(200, 'NOTIFY');
    expect(states).toEqual(['outside pending', 'terminated']);
  });

  test('is refused', async () => {
    const states = await subscriber();
    const request = await a.request('SUBSCRIBE');
    Leg.callee(a, request).answer(request, 489);
    await until('it hears of it', () => states.length === 1);
    expect(bench.server.stats().dialogs).toBe(0);
  });
});

describe('in a call', () => {
  test('REFER and the NOTIFYs that tell of it pass, and the call goes on', async () => {
    const b = await bench.udpPeer();
    const heard: string[] = [];
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf.createB2BUA(req, res, `sip:bob@${HOST}:${b.port}`, {}).then(({ uas, uac }) => {
          uas.on('destroy', () => uac.destroy());
          uas.on('refer', (request, response) => {
            heard.push(request.get('Refer-To'));
            response.send(202);
            void uas.request({
              method: 'NOTIFY',
              headers: { Event: 'refer', 'Subscription-State': 'terminated;reason=noresource' },
              body: 'SIP/2.0 200 OK',
            } as never);
          });
        });
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await b.request('ACK');
    caller.request('REFER', ['Refer-To: <sip:else@192.0.2.1>']);
    await a.response(202, 'REFER');
    const told = await a.request('NOTIFY');
    expect(told.body).toBe('SIP/2.0 200 OK');
    caller.answer(told, 200);
    // The end of the transfer's subscription is not the end of the call.
    expect(bench.server.stats().dialogs).toBe(2);
    caller.request('BYE');
    callee.answer(await b.request('BYE'), 200);
    await a.response(200, 'BYE');
    expect(heard).toEqual(['<sip:else@192.0.2.1>']);
  });

  test('UPDATE before the answer reaches the application’s side, and its answer the caller', async () => {
    const b = await bench.udpPeer();
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf.createB2BUA(req, res, `sip:bob@${HOST}:${b.port}`, {}).then(({ uas, uac }) => {
          uas.on('destroy', () => uac.destroy());
        });
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 183, [], SDP);
    caller.learn(await a.response(183));
    const early = caller.twin();
    early.target = caller.target;
    early.request('UPDATE', [], SDP.replace('40000', '40010'));
    // drachtio-srf answers for the application here.
    await a.response(200, 'UPDATE');
    callee.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200, 'INVITE'));
    await b.request('ACK');
    caller.sequence = early.sequence;
    caller.request('BYE');
    callee.answer(await b.request('BYE'), 200);
    await a.response(200, 'BYE');
  });
});
