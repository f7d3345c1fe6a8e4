import type Srf from 'drachtio-srf';
import { headerValue } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import type { Bench, Call, Peer } from './support';
import { answered, benches, HOST, Leg, offered, ringing, SDP } from './support';

const start = benches();
let bench: Bench;

beforeEach(async () => {
  bench = await start();
});

/** An application that connects every caller to this peer, and passes on what happens in the call. */
async function b2bua(to: Peer): Promise<{ srf: Srf; failures: number[]; destroyed: string[] }> {
  const failures: number[] = [];
  const destroyed: string[] = [];
  const transport = to.protocol === 'TCP' ? ';transport=tcp' : '';
  const srf = await bench.application((app) => {
    app.invite((req, res) => {
      app
        .createB2BUA(req, res, `sip:buyer@${HOST}:${to.port}${transport}`, {
          headers: { 'X-Campaign': 'solar' },
        })
        .then(
          ({ uas, uac }) => {
            uas.on('destroy', () => {
              destroyed.push('uas');
              uac.destroy();
            });
            uac.on('destroy', () => {
              destroyed.push('uac');
              uas.destroy();
            });
            for (const [one, other] of [
              [uas, uac],
              [uac, uas],
            ] as const) {
              one.on('info', (request, response) => {
                void other
                  .request({ method: 'INFO', headers: { 'X-Passed': 'yes' }, body: request.body } as never)
                  .then((answer) => response.send(answer.status));
              });
              one.on('update', (_request, response) =>
                response.send(200, { headers: { 'X-Update': 'seen' } }),
              );
              one.on('modify', (request, response) => {
                void other.modify(request.body).then((sdp) => response.send(200, { body: sdp }));
              });
            }
          },
          (error: { status?: number }) => failures.push(error.status ?? -1),
        );
    });
  });
  return { srf, failures, destroyed };
}

/** A call that stands. */
async function connected(a: Peer, b: Peer): Promise<Call> {
  const call = await ringing(a, b);
  await answered(a, b, call);
  return call;
}

describe.each([
  ['UDP', 'UDP'],
  ['TCP', 'TCP'],
  ['UDP', 'TCP'],
] as const)('a bridged call, caller by %s, buyer by %s', (from, to) => {
  let a: Peer;
  let b: Peer;
  beforeEach(async () => {
    a = from === 'UDP' ? await bench.udpPeer() : await bench.tcpPeer();
    b = to === 'UDP' ? await bench.udpPeer() : await bench.tcpListener();
  });

  test('the caller hangs up', async () => {
    const { destroyed } = await b2bua(b);
    const { caller, callee } = await connected(a, b);
    expect(bench.server.stats().dialogs).toBe(2);
    caller.request('BYE');
    await a.response(200, 'BYE');
    callee.answer(await b.request('BYE'), 200);
    expect(destroyed).toEqual(['uas']);
  });

  test('the buyer hangs up', async () => {
    const { destroyed } = await b2bua(b);
    const { caller, callee } = await connected(a, b);
    // The buyer answered our INVITE, whose Request-URI port is its own: what it sends goes to the server.
    callee.request('BYE');
    await b.response(200, 'BYE');
    caller.answer(await a.request('BYE'), 200);
    expect(destroyed).toEqual(['uac']);
  });

  test('INFO, UPDATE and re-INVITE pass', async () => {
    await b2bua(b);
    const { caller, callee } = await connected(a, b);
    caller.request('INFO', [], 'Signal=5');
    const info = await b.request('INFO');
    expect([info.body, headerValue(info, 'x-passed')]).toEqual(['Signal=5', 'yes']);
    callee.answer(info, 200);
    await a.response(200, 'INFO');
    caller.request('UPDATE', [], SDP);
    expect(headerValue(await a.response(200, 'UPDATE'), 'x-update')).toBe('seen');
    const moved = SDP.replace('40000', '40002');
    caller.reinvite(moved);
    const reinvite = await b.request('INVITE');
    expect(reinvite.body).toBe(moved);
    callee.answer(reinvite, 200, [], SDP);
    await b.request('ACK');
    const answer = await a.response(200, 'INVITE');
    expect(answer.body).toBe(SDP);
    caller.ack(answer);
    caller.request('BYE');
    await a.response(200, 'BYE');
    callee.answer(await b.request('BYE'), 200);
  });
});

describe('a call that is not answered', () => {
  test('486 goes back to the caller', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const { failures } = await b2bua(b);
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    expect(headerValue(invite, 'x-campaign')).toBe('solar');
    Leg.callee(b, invite).answer(invite, 486);
    await b.request('ACK');
    caller.ack(await a.response(486));
    await until('the application hears of it', () => failures.includes(486));
  });

  test('CANCEL while it rings', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const { failures } = await b2bua(b);
    const { caller, callee, invite } = await ringing(a, b);
    caller.cancel();
    await a.response(200, 'CANCEL');
    caller.ack(await a.response(487));
    const cancel = await b.request('CANCEL');
    expect(headerValue(cancel, 'via')).toBe(headerValue(invite, 'via'));
    expect(cancel.uri).toBe(invite.uri);
    callee.answer(cancel, 200);
    callee.answer(invite, 487);
    await b.request('ACK');
    await until('the application hears of it', () => failures.includes(487));
  });

  test('CANCEL before anything came back waits for the first provisional', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await b2bua(b);
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    caller.cancel();
    caller.ack(await a.response(487));
    await until('the INVITE is repeated', () => b.count('INVITE') > 2);
    expect(b.count('CANCEL')).toBe(0);
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 180);
    callee.answer(await b.request('CANCEL'), 200);
    callee.answer(invite, 487);
    await b.request('ACK');
  });

  test('an answer that crosses the CANCEL is confirmed and ended at once', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await b2bua(b);
    const { caller, callee, invite } = await ringing(a, b);
    caller.cancel();
    caller.ack(await a.response(487));
    const cancel = await b.request('CANCEL');
    callee.answer(invite, 200, [], SDP);
    callee.answer(cancel, 200);
    await b.request('ACK');
    callee.answer(await b.request('BYE'), 200);
  });

  test('a buyer that never answers is given up after 64 T1', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const { failures } = await b2bua(b);
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(408));
    expect(b.count('INVITE')).toBeGreaterThan(4);
    expect(failures).toEqual([408]);
  });

  test('a buyer whose port takes no connection is given up at once', async () => {
    const a = await bench.udpPeer();
    const gone = await bench.tcpListener();
    gone.close();
    const { failures } = await b2bua(gone);
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(503));
    expect(failures).toEqual([503]);
  });
});

describe('what the network loses', () => {
  test('a lost ACK: the 200 is repeated, then BYE, and the application is told', async () => {
    const a = await bench.udpPeer();
    const reasons: unknown[] = [];
    await bench.application((srf) => {
      srf.invite((req, res) => {
        void srf.createUAS(req, res, { localSdp: SDP }).then((dialog) => {
          dialog.on('destroy', (...args: unknown[]) => reasons.push(args[1]));
        });
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    const bye = await a.request('BYE');
    expect(headerValue(bye, 'reason')).toContain('ACK timeout');
    expect(a.count('200 INVITE')).toBeGreaterThan(5);
    caller.answer(bye, 200);
    await until('the application is told', () => reasons.length > 0);
    expect(reasons).toEqual(['ACK timeout']);
  });

  test('an INVITE that is repeated is answered once, with the same response', async () => {
    const a = await bench.udpPeer();
    let invites = 0;
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        invites++;
        res.send(486);
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    caller.inviteAgain();
    caller.inviteAgain();
    const first = await a.response(486);
    caller.inviteAgain();
    const second = await a.response(486);
    expect(headerValue(second, 'to')).toBe(headerValue(first, 'to'));
    caller.ack(first);
    expect(invites).toBe(1);
  });

  test('a 200 that is repeated is confirmed again', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await b2bua(b);
    const call = await offered(a, b);
    await answered(a, b, call);
    const { caller, callee, invite } = call;
    callee.answer(invite, 200, [], SDP);
    await b.request('ACK');
    caller.request('BYE');
    callee.answer(await b.request('BYE'), 200);
  });

  test('a response with a Via behind ours is not for us', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await b2bua(b);
    const { caller, callee, invite } = await offered(a, b);
    callee.answer(invite, 404, ['Via: SIP/2.0/UDP elsewhere.example.com;branch=z9hG4bKx']);
    callee.answer(invite, 486);
    await b.request('ACK');
    caller.ack(await a.response(486));
    expect(a.count('404 INVITE')).toBe(0);
  });

  test('a second fork that answers too is confirmed and ended', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    await b2bua(b);
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    const [first, second] = [Leg.callee(b, invite), Leg.callee(b, invite)];
    first.answer(invite, 200, [], SDP);
    caller.ack(await a.response(200));
    await b.request('ACK');
    second.answer(invite, 200, [], SDP);
    await b.request('ACK');
    const bye = await b.request('BYE');
    expect(headerValue(bye, 'to')).toBe(second.local);
    second.answer(bye, 200);
    expect(a.count('BYE')).toBe(0);
    caller.request('BYE');
    const last = await b.request('BYE');
    expect(headerValue(last, 'to')).toBe(first.local);
    first.answer(last, 200);
  });
});
