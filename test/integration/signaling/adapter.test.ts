import type { SipRequest } from '../../../src/sip-server/message';
import { headerValue, headerValues } from '../../../src/sip-server/message';
import { DrachtioStack, flowUri, Relay } from '../../../src/signaling';
import type {
  DialogHandlers,
  IncomingRefer,
  IncomingRequest,
  SipDialog,
} from '../../../src/signaling/sip/sip-stack';
import { until } from '../../support/until';
import type { Bench, Peer } from '../sip-server/support';
import { benches, HOST, Leg, SDP, SECRET } from '../sip-server/support';

const start = benches();
const stacks: DrachtioStack[] = [];
let bench: Bench;
let stack: DrachtioStack;

beforeEach(async () => {
  bench = await start();
});
afterEach(() => {
  for (const one of stacks.splice(0)) one.close();
});

/** The adapter over the bench's server, with its handlers set before it connects. */
async function connect(prepare: (stack: DrachtioStack) => void = () => undefined): Promise<void> {
  stack = new DrachtioStack({ warn: () => undefined });
  stacks.push(stack);
  prepare(stack);
  const ready = new Promise((resolve) => stack.onReady(resolve));
  stack.connect({ host: HOST, port: bench.server.controlPort, secret: SECRET });
  await ready;
  // Its routes are on their way: they are read in the order in which they were sent.
  const probe = await bench.control();
  await probe.authenticate();
  probe.close();
}

/** Rings a peer by its flow, which answers. */
async function call(phone: Peer, uri = 'sip:k3j2@a1.invalid') {
  const route = `sip:${HOST}:${phone.port};transport=${phone.protocol.toLowerCase()}`;
  const answered = new Promise<SipDialog>((resolve, reject) => {
    stack.invite(
      uri,
      { sdp: SDP, callingNumber: '12125550123', route },
      {
        onTrying: () => undefined,
        onProgress: () => undefined,
        onAnswer: resolve,
        onFailure: (status, reason) => reject(new Error(`${status} ${reason}`)),
      },
    );
  });
  const invite = await phone.request('INVITE');
  const leg = Leg.callee(phone, invite);
  leg.answer(invite, 200, [], SDP);
  const dialog = await answered;
  await phone.request('ACK');
  return { invite, leg, dialog };
}

function listen(dialog: SipDialog, handlers: Partial<DialogHandlers> = {}): void {
  dialog.setHandlers({
    onEnd: () => undefined,
    onOffer: (sdp) => Promise.resolve({ ok: true, sdp }),
    onAckSdp: () => undefined,
    onRequest: () => Promise.resolve(200),
    ...handlers,
  });
}

/** The next NOTIFY, which is answered. */
async function notified(phone: Peer, leg: Leg, status = 200): Promise<SipRequest> {
  const notify = await phone.request('NOTIFY');
  leg.answer(notify, status);
  return notify;
}

describe('REGISTER', () => {
  test('is answered by who listens for it, with every value of a header', async () => {
    const seen: IncomingRequest[] = [];
    await connect((made) =>
      made.onRegister((request) => {
        seen.push(request);
        request.respond(200, { Contact: ['<sip:one@a>;expires=60', '<sip:two@b>;expires=30'] });
        request.respond(500);
      }),
    );
    const phone = await bench.tcpPeer();
    const leg = Leg.caller(phone, 'ann');
    leg.request('REGISTER', ['Authorization: Digest username="ann"']);
    const response = await phone.response(200);
    expect(headerValues(response, 'contact').join(',').split(/,\s*/)).toEqual([
      '<sip:one@a>;expires=60',
      '<sip:two@b>;expires=30',
    ]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ transport: 'tcp', sourceAddress: HOST, sourcePort: phone.port });
    expect(seen[0]?.header('authorization')).toBe('Digest username="ann"');
    expect(seen[0]?.callId).toBe(leg.callId);
  });

  test('is not allowed where nobody listens', async () => {
    await connect();
    const phone = await bench.udpPeer();
    Leg.caller(phone, 'ann').request('REGISTER');
    expect(headerValue(await phone.response(405), 'allow')).not.toContain('REGISTER');
  });
});

describe('a phone that is rung by its flow', () => {
  let phone: Peer;
  beforeEach(async () => {
    await connect();
    phone = await bench.tcpPeer();
  });

  test('gets the INVITE for its contact, and its dialog has the names that Replaces needs', async () => {
    const { invite, leg, dialog } = await call(phone);
    listen(dialog);
    expect(invite.uri).toBe('sip:k3j2@a1.invalid');
    expect(headerValue(invite, 'allow')).toContain('REFER');
    expect(dialog.id.callId).toBe(leg.callId);
    expect(leg.remote).toContain(`tag=${dialog.id.localTag}`);
    expect(leg.local).toContain(`tag=${dialog.id.remoteTag}`);
    leg.request('BYE');
    await phone.response(200, 'BYE');
  });

  test('is offered something new in mid-call, as often as we like, and may say no', async () => {
    const { leg, dialog } = await call(phone);
    listen(dialog);
    const held = SDP.replace(/a=sendrecv|$/, 'a=sendonly\r\n');
    const refused = dialog.offer(held);
    const first = await phone.request('INVITE');
    expect(first.body).toBe(held);
    expect(headerValue(first, 'contact')).toMatch(/^<sip:/);
    leg.answer(first, 491);
    await phone.request('ACK');
    expect(await refused).toEqual({ ok: false, status: 491 });
    const taken = dialog.offer(held);
    const again = await phone.request('INVITE');
    expect(Number(headerValue(again, 'cseq')?.split(' ')[0])).toBeGreaterThan(
      Number(headerValue(first, 'cseq')?.split(' ')[0]),
    );
    leg.answer(again, 200, [], SDP);
    await phone.request('ACK');
    expect(await taken).toEqual({ ok: true, sdp: SDP });
    expect(dialog.remoteSdp).toBe(SDP);
    // Both may offer again: nothing is left open.
    const third = dialog.offer(SDP);
    leg.answer(await phone.request('INVITE'), 488);
    await phone.request('ACK');
    expect(await third).toEqual({ ok: false, status: 488 });
    dialog.bye();
    leg.answer(await phone.request('BYE'), 200);
    expect(await dialog.offer(SDP)).toEqual({ ok: false, status: 0 });
  });

  test('hands the call on, and hears how that goes', async () => {
    const { leg, dialog } = await call(phone);
    const refers: IncomingRefer[] = [];
    listen(dialog, { onRefer: (refer) => refers.push(refer) });
    leg.request('REFER', ['Refer-To: <sip:bob@dce.invalid>', 'Referred-By: <sip:ann@dce.invalid>']);
    await until('the REFER is there', () => refers.length === 1);
    expect(refers[0]).toMatchObject({
      referTo: '<sip:bob@dce.invalid>',
      referredBy: '<sip:ann@dce.invalid>',
    });
    const progress = refers[0]?.accept();
    await phone.response(202);
    progress?.notify(100, 'Trying');
    progress?.notify(180, 'Ringing');
    progress?.notify(200, 'OK');
    progress?.notify(500, 'Too Late');
    const told = [await notified(phone, leg), await notified(phone, leg), await notified(phone, leg)];
    expect(told.map(({ body }) => body)).toEqual([
      'SIP/2.0 100 Trying\r\n',
      'SIP/2.0 180 Ringing\r\n',
      'SIP/2.0 200 OK\r\n',
    ]);
    expect(told.map((notify) => headerValue(notify, 'subscription-state'))).toEqual([
      'active;expires=300',
      'active;expires=300',
      'terminated;reason=noresource',
    ]);
    expect(new Set(told.map((notify) => headerValue(notify, 'event')))).toEqual(new Set(['refer']));
    expect(headerValue(told[0] as SipRequest, 'content-type')).toBe('message/sipfrag;version=2.0');

    // A second one in the same dialog is told apart.
    leg.request('REFER', ['Refer-To: sip:bob@dce.invalid']);
    await until('the next REFER is there', () => refers.length === 2);
    refers[1]?.accept().notify(486, 'Busy Here');
    expect(headerValue(await notified(phone, leg), 'event')).toBe(`refer;id=${leg.sequence}`);
    dialog.bye();
    leg.answer(await phone.request('BYE'), 200);
  });

  test('that wants to hear nothing of a transfer does not', async () => {
    const { leg, dialog } = await call(phone);
    listen(dialog, {
      onRefer: (refer) => {
        refer.accept().notify(200, 'OK');
        dialog.bye();
      },
    });
    leg.request('REFER', ['Refer-To: <sip:bob@dce.invalid>', 'Refer-Sub: false']);
    expect(headerValue(await phone.response(200, 'REFER'), 'refer-sub')).toBe('false');
    leg.answer(await phone.request('BYE'), 200);
    expect(phone.count('NOTIFY')).toBe(0);
  });

  test('that knows nothing of the subscription keeps the call', async () => {
    const { leg, dialog } = await call(phone);
    let ended = false;
    listen(dialog, {
      onEnd: () => (ended = true),
      onRefer: (refer) => refer.accept().notify(100, 'Trying'),
    });
    leg.request('REFER', ['Refer-To: <sip:bob@dce.invalid>']);
    await notified(phone, leg, 481);
    leg.request('INFO');
    await phone.response(200, 'INFO');
    expect(ended).toBe(false);
    dialog.bye();
    leg.answer(await phone.request('BYE'), 200);
  });

  test.each([
    ['names no place', ['X-Other: 1'], 400],
    ['is refused', ['Refer-To: <sip:bob@dce.invalid>'], 403],
  ])('hears so when its REFER %s', async (_what, headers, status) => {
    const { leg, dialog } = await call(phone);
    listen(dialog, { onRefer: (refer) => refer.reject(403) });
    leg.request('REFER', headers);
    await phone.response(status, 'REFER');
    dialog.bye();
    leg.answer(await phone.request('BYE'), 200);
  });
});

describe('an INVITE of another node', () => {
  test('goes down the connection of the phone, and its dialog through us', async () => {
    const flows = { secret: Buffer.from('all nodes'), addressOf: () => 'sip:here', now: Date.now };
    const relay = new Relay(flows);
    await connect((made) => made.onInvite((invite) => relay.take(invite) || invite.reject(404)));
    const phone = await bench.tcpPeer();
    const node = await bench.udpPeer();
    const flow = { transport: 'tcp' as const, address: HOST, port: phone.port };
    const via = new Relay(flows).routeVia({ contact: 'sip:k3j2@a1.invalid', flow, nodeId: 'b' } as never);

    const caller = Leg.caller(node);
    caller.target = via?.uri ?? '';
    caller.invite();
    const invite = await phone.request('INVITE');
    expect(invite.uri).toBe(via?.uri);
    expect(flowUri(flow)).toContain(String(phone.port));
    const callee = Leg.callee(phone, invite);
    callee.learnRoutes(invite);
    callee.answer(invite, 200, ['Contact: <sip:k3j2@a1.invalid>'], SDP);
    caller.ack(await node.response(200));
    await phone.request('ACK');
    caller.request('BYE');
    callee.answer(await phone.request('BYE'), 200);
    await node.response(200, 'BYE');
    expect(bench.server.stats().dialogs).toBe(0);
  });

  test("of an agent goes to the node that has the agent's call, and so does all of its dialog", async () => {
    const node = await bench.udpPeer();
    const flows = { secret: Buffer.from('all nodes'), now: Date.now };
    const relay = new Relay({ ...flows, addressOf: () => `sip:${HOST}:${node.port};transport=udp` });
    const asked = { agentId: 'ann', callId: 'call-1', nodeId: 'b' };
    await connect((made) => made.onInvite((invite) => relay.sendAsker(invite, asked)));
    const phone = await bench.tcpPeer();
    const caller = Leg.caller(phone, 'ann');
    caller.target = 'sip:bob@dce.invalid';
    caller.invite();
    const invite = await node.request('INVITE');
    expect(invite.uri).toBe('sip:bob@dce.invalid');
    const seen = { callId: caller.callId, header: (name: string) => headerValue(invite, name.toLowerCase()) };
    expect(new Relay({ ...flows, addressOf: () => undefined }).askerOf(seen as never)).toEqual({
      agentId: 'ann',
      callId: 'call-1',
      sourceAddress: HOST,
    });
    const callee = Leg.callee(node, invite);
    callee.learnRoutes(invite);
    callee.answer(invite, 200, [`Contact: <sip:b@${HOST}:${node.port}>`], SDP);
    caller.ack(await phone.response(200));
    await node.request('ACK');
    caller.request('BYE');
    callee.answer(await node.request('BYE'), 200);
    await phone.response(200, 'BYE');
  });

  test('for a connection that is gone is refused, and nobody is dialled', async () => {
    const relay = new Relay({ secret: Buffer.from('x'), addressOf: () => 'sip:here', now: Date.now });
    await connect((made) => made.onInvite((invite) => relay.take(invite) || invite.reject(404)));
    const node = await bench.udpPeer();
    const flow = { transport: 'wss' as const, address: HOST, port: 9 };
    const via = relay.routeVia({ contact: 'sip:k3j2@a1.invalid', flow, nodeId: 'b' } as never);
    const caller = Leg.caller(node);
    caller.target = via?.uri ?? '';
    caller.invite();
    caller.ack(await node.response(430));
  });
});
