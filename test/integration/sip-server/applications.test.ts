import { headerValue, tagOf } from '../../../src/sip-server/message';
import { until } from '../../support/until';
import type { Bench, Control } from './support';
import {
  answered,
  benches,
  bridgeCalls,
  HOST,
  Leg,
  offered,
  responseTo,
  ringing,
  SDP,
  SECRET,
} from './support';

const start = benches();
let bench: Bench;

beforeEach(async () => {
  bench = await start({ limits: { applicationTimeoutMs: 400, maxFrameBytes: 20_000 } });
});

describe('applications that are not there', () => {
  test('nobody wants calls: 503 with Retry-After', async () => {
    const a = await bench.udpPeer();
    const caller = Leg.caller(a);
    caller.invite();
    const refused = await a.response(503);
    expect(headerValue(refused, 'retry-after')).toBe('5');
    caller.ack(refused);
    expect(a.count('100 INVITE')).toBe(1);
  });

  test('one that says nothing: 480, and its late answer is refused', async () => {
    const a = await bench.udpPeer();
    const late: (() => void)[] = [];
    const errors: unknown[] = [];
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        late.push(() => res.send(200, 'OK', { body: SDP }, (error: unknown) => errors.push(error)));
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    caller.ack(await a.response(480));
    late[0]?.();
    await until('the late answer is refused', () => errors.length > 0);
    expect(String(errors[0])).toContain('unknown transaction');
    expect(a.count('200 INVITE')).toBe(0);
  });

  test('one that went on ringing may take longer', async () => {
    const a = await bench.udpPeer();
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        res.send(180);
        setTimeout(() => res.send(486), 700);
      });
    });
    const caller = Leg.caller(a);
    caller.invite();
    await a.response(180);
    caller.ack(await a.response(486));
  });

  test('a request that is no call and gets no answer: 500', async () => {
    const a = await bench.udpPeer();
    await bench.application((srf) => srf.use('options', () => undefined));
    Leg.caller(a).request('OPTIONS');
    await a.response(500, 'OPTIONS');
  });

  test('a provisional response keeps nothing but a call open', async () => {
    const a = await bench.udpPeer();
    await bench.application((srf) => srf.use('options', (_req, res) => res.send(183)));
    Leg.caller(a).request('OPTIONS');
    await a.response(183, 'OPTIONS');
    await a.response(500, 'OPTIONS');
  });

  test('one that goes while the phone rings: the caller gets 503, the buyer CANCEL', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const srf = await bench.application((app) => bridgeCalls(app, `sip:b@${HOST}:${b.port}`));
    const { caller, callee, invite } = await ringing(a, b);
    srf.disconnect();
    caller.ack(await a.response(503));
    callee.answer(await b.request('CANCEL'), 200);
    callee.answer(invite, 487);
    await b.request('ACK');
  });

  test('an answer that comes after the application went is confirmed and ended', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const srf = await bench.application((app) => bridgeCalls(app, `sip:b@${HOST}:${b.port}`));
    const caller = Leg.caller(a);
    caller.invite();
    const invite = await b.request('INVITE');
    srf.disconnect();
    caller.ack(await a.response(503));
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 200, [], SDP);
    await b.request('ACK');
    callee.answer(await b.request('BYE'), 200);
  });

  test('one that goes in mid-call: both sides get BYE', async () => {
    const [a, b] = [await bench.udpPeer(), await bench.udpPeer()];
    const srf = await bench.application((app) => bridgeCalls(app, `sip:b@${HOST}:${b.port}`));
    const call = await offered(a, b);
    await answered(a, b, call);
    srf.disconnect();
    call.caller.answer(await a.request('BYE'), 200);
    call.callee.answer(await b.request('BYE'), 200);
    call.caller.request('INFO');
    await a.response(481, 'INFO');
  });
});

describe('several applications', () => {
  test('requests go to them in turn, each to one', async () => {
    const a = await bench.udpPeer();
    const counts = [0, 0];
    for (const which of [0, 1]) {
      await bench.application((srf) => {
        srf.use('options', (_req, res) => {
          counts[which] = (counts[which] ?? 0) + 1;
          res.send(200);
        });
      });
    }
    for (let i = 0; i < 6; i++) {
      Leg.caller(a).request('OPTIONS');
      await a.response(200, 'OPTIONS');
    }
    expect(counts).toEqual([3, 3]);
  });

  test('naming a verb again and again makes no bigger share, and taking one back leaves the others', async () => {
    const a = await bench.udpPeer();
    const [greedy, modest] = [await bench.control(), await bench.control()];
    for (const control of [greedy, modest]) {
      await control.authenticate();
      control.frame('r1|route|options');
    }
    for (let i = 0; i < 5; i++) greedy.frame('r2|route|options');
    greedy.frame('r3|route|info');
    greedy.frame('r4|remove_route|info');
    await until('all answered', () => greedy.received.includes('|response|r4|OK'));
    for (let i = 0; i < 6; i++) Leg.caller(a).request('OPTIONS');
    const shown = (control: Control): number => control.received.split('OPTIONS sip:').length - 1;
    await until('all six are shown', () => shown(greedy) + shown(modest) === 6);
    expect(shown(greedy)).toBe(3);
  });
});

describe('calls that the application makes', () => {
  test('a digest challenge is answered with the same Call-ID and From, and the next CSeq', async () => {
    const b = await bench.udpPeer();
    const srf = await bench.application(() => undefined);
    const call = srf.createUAC(`sip:bob@${HOST}:${b.port}`, {
      localSdp: SDP,
      auth: { username: 'u', password: 'p' },
    });
    const first = await b.request('INVITE');
    b.send(
      responseTo(first, 401, 'x', [
        'WWW-Authenticate: Digest realm="r", nonce="n", algorithm=MD5, qop="auth"',
      ]),
    );
    await b.request('ACK');
    const second = await b.request('INVITE');
    expect(headerValue(second, 'authorization')).toContain('username="u"');
    expect(headerValue(second, 'call-id')).toBe(headerValue(first, 'call-id'));
    expect(headerValue(second, 'from')).toBe(headerValue(first, 'from'));
    const sequence = (request: typeof first): number => parseInt(headerValue(request, 'cseq') ?? '', 10);
    expect(sequence(second)).toBe(sequence(first) + 1);
    const callee = Leg.callee(b, second);
    callee.answer(second, 200, [], SDP);
    const dialog = await call;
    await b.request('ACK');
    dialog.destroy();
    callee.answer(await b.request('BYE'), 200);
  });

  test('a reliable provisional is confirmed with PRACK', async () => {
    const b = await bench.udpPeer();
    const srf = await bench.application(() => undefined);
    const call = srf.createUAC(`sip:bob@${HOST}:${b.port}`, {
      localSdp: SDP,
      headers: { Supported: '100rel' },
    });
    const invite = await b.request('INVITE');
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 183, ['Require: 100rel', 'RSeq: 71'], SDP);
    const prack = await b.request('PRACK');
    expect(headerValue(prack, 'rack')).toBe(`71 ${headerValue(invite, 'cseq')}`);
    callee.answer(prack, 200);
    callee.answer(invite, 200);
    const dialog = await call;
    await b.request('ACK');
    dialog.destroy();
    callee.answer(await b.request('BYE'), 200);
  });

  test('a reliable provisional of ours is repeated until PRACK comes', async () => {
    const a = await bench.udpPeer();
    const answers: (() => void)[] = [];
    await bench.application((srf) => {
      srf.invite((_req, res) => {
        res.send(183, 'Session Progress', { headers: { Require: '100rel' }, body: SDP }, () => undefined);
        answers.push(() => res.send(486));
      });
    });
    const caller = Leg.caller(a);
    caller.invite(['Supported: 100rel']);
    const first = await a.response(183);
    const again = await a.response(183);
    expect(headerValue(again, 'rseq')).toBe(headerValue(first, 'rseq'));
    const before = caller.remote;
    caller.learn(first);
    caller.request('PRACK', [`RAck: ${headerValue(first, 'rseq')} 1 INVITE`]);
    await a.response(200, 'PRACK');
    const confirmed = a.count('183 INVITE');
    caller.request('PRACK', ['RAck: 99 1 INVITE']);
    await a.response(481, 'PRACK');
    expect(a.count('183 INVITE')).toBe(confirmed);
    caller.remote = before;
    answers[0]?.();
    caller.ack(await a.response(486));
  });

  test('a reliable provisional that nobody confirms ends the call with 504', async () => {
    const a = await bench.udpPeer();
    await bench.application((srf) => {
      srf.invite((_req, res) => res.send(183, { headers: { Require: '100rel' } }));
    });
    const caller = Leg.caller(a);
    caller.invite(['Supported: 100rel']);
    caller.ack(await a.response(504));
  });

  test('an answer that crossed the CANCEL: the server itself hangs up behind the ACK', async () => {
    const b = await bench.udpPeer();
    const control = await bench.control();
    await control.authenticate();
    control.frame(`i|sip||\r\nINVITE sip:b@${HOST}:${b.port} SIP/2.0\r\n\r\n${SDP}`);
    const invite = await b.request('INVITE');
    const callee = Leg.callee(b, invite);
    callee.answer(invite, 180);
    await until('the 180 is shown', () => control.received.includes('SIP/2.0 180'));
    const transaction =
      /\|response\|i\|OK(?:\|[^|]*){6}\|([^|]*)\|Msg sent:/.exec(control.received)?.[1] ?? '';
    control.frame(`c|sip|${transaction}|\r\nCANCEL sip:b@${HOST} SIP/2.0\r\nReason: SIP;cause=200\r\n\r\n`);
    const cancel = await b.request('CANCEL');
    expect(headerValue(cancel, 'reason')).toBe('SIP;cause=200');
    callee.answer(invite, 200, [], SDP);
    callee.answer(cancel, 200);
    await until('the 200 is shown', () => control.received.includes('SIP/2.0 200'));
    const dialog = `${callee.callId};from-tag=${tagOf(headerValue(invite, 'from') ?? '')}`;
    expect(control.received).toContain(`|${transaction}|${dialog}|`);
    control.frame(`k|sip||${dialog}\r\nACK sip:placeholder SIP/2.0\r\n\r\n`);
    await b.request('ACK');
    callee.answer(await b.request('BYE'), 200);
  });

  test('a request to the server itself is refused', async () => {
    const srf = await bench.application(() => undefined);
    const call = srf.createUAC(`sip:me@${HOST}:${bench.port('udp')}`, { localSdp: SDP });
    await expect(call).rejects.toThrow('can not send request to myself');
  });
});

describe('the control port', () => {
  test('a wrong secret: NO, and the connection ends', async () => {
    const control = await bench.control();
    control.frame('a|authenticate|wrong|');
    await until('the connection ends', () => control.closed);
    expect(control.received).toContain('|response|a|NO|incorrect secret');
  });

  test.each(['r|route|invite', 'p|ping', 's|sip||\r\nOPTIONS sip:a@127.0.0.1 SIP/2.0\r\n\r\n', 'x|proxy|t|'])(
    'without the secret nothing is done: %j',
    async (payload) => {
      const control = await bench.control();
      control.frame(payload);
      await until('the connection ends', () => control.closed);
      expect(control.received).toMatch(/\|response\|.\|NO\|not authenticated$/);
      expect(bench.server.stats().clientTransactions).toBe(0);
    },
  );

  test('ping is answered', async () => {
    const control = await bench.control();
    await control.authenticate();
    control.frame('p1|ping');
    await until('pong', () => control.received.includes('|response|p1|OK|pong'));
  });

  test.each([
    ['one token only', 'm1', 'm1|NO|Invalid message format'],
    ['a kind that does not exist', 'm2|shutdown', 'm2|NO|Unknown message type'],
    ['a response to nothing', 'm3|sip||\r\nSIP/2.0 200 OK\r\n\r\n', 'm3|NO|transaction id missing'],
    [
      'a response to what is unknown',
      'm4|sip|t|\r\nSIP/2.0 200 OK\r\n\r\n',
      'm4|NOK|Response not sent due to unknown transaction',
    ],
    ['text that is no SIP', 'm5|sip||\r\nhello', 'm5|NOK|Unknown server error: the message cannot be read'],
    ['no text at all', 'm6|sip||', 'm6|NOK|'],
    [
      'a dialog that does not exist',
      'm7|sip||x;from-tag=y\r\nBYE sip:placeholder SIP/2.0\r\n\r\n',
      'm7|NOK|Server error: unable to find dialog',
    ],
    [
      'CANCEL of nothing',
      'm8|sip|t|\r\nCANCEL sip:a@b SIP/2.0\r\n\r\n',
      'm8|NOK|unable to cancel unknown transaction id: t',
    ],
    [
      'a Request-URI that is none',
      'm9|sip||\r\nINVITE bob SIP/2.0\r\n\r\n',
      'm9|NOK|invalid request-uri: bob',
    ],
    [
      'a transport that is not spoken',
      'm0|sip||\r\nOPTIONS sip:a@127.0.0.1;transport=sctp SIP/2.0\r\n\r\n',
      'm0|NOK|requested protocol/transport not available',
    ],
  ])('%s', async (_name, payload, answer) => {
    const control = await bench.control();
    await control.authenticate();
    control.frame(payload);
    await until(answer, () => control.received.includes(`|response|${answer}`));
  });

  test.each([
    ['no length', 'hello world, this is no frame'],
    ['a length without end', '123456789012#x'],
    ['an oversized frame', '20001#'],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
  ])('%s ends the connection and nothing else', async (_name, bytes) => {
    const other = await bench.control();
    await other.authenticate();
    const control = await bench.control();
    await control.authenticate();
    control.socket.write(bytes);
    await until('the connection ends', () => control.closed);
    other.frame('p1|ping');
    await until('the others are served', () => other.received.includes('|p1|OK|pong'));
  });

  test('a large frame is no trouble below the limit, nor are many in one write', async () => {
    const b = await bench.udpPeer();
    const control = await bench.control();
    await control.authenticate();
    const body = 'x'.repeat(15_000);
    control.frame(
      `big|sip||\r\nMESSAGE sip:b@${HOST}:${b.port} SIP/2.0\r\nContent-Type: text/plain\r\n\r\n${body}`,
    );
    const message = await b.request('MESSAGE');
    expect(message.body).toBe(body);
    b.send(responseTo(message, 200, 't'));
    const pings = Array.from({ length: 300 }, (_, i) => `p${i}|ping`);
    control.socket.write(pings.map((ping) => `${ping.length}#${ping}`).join(''));
    await until('all are answered', () => control.received.includes('|response|p299|OK|pong'));
    expect(control.received.split('|OK|pong').length - 1).toBe(300);
  });

  test('authentication goes by the whole secret', async () => {
    for (const offered of ['', SECRET.slice(1), `${SECRET} `]) {
      const control = await bench.control();
      control.frame(`a|authenticate|${offered}|`);
      await until('the connection ends', () => control.closed);
      expect(control.received).toContain('incorrect secret');
    }
  });
});
