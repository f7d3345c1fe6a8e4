import type Srf from 'drachtio-srf';
import type { SipRequest } from '../../../../src/sip-server/message';
import { SDP } from './constants';
import { Leg } from './leg';
import type { Peer } from './peers';

/** A call on its way through the server, seen from both its ends. */
export interface Call {
  caller: Leg;
  callee: Leg;
  /** As the called side got it. */
  invite: SipRequest;
}

/** A connects to the application, which calls B: the INVITE has arrived there. */
export async function offered(a: Peer, b: Peer): Promise<Call> {
  const caller = Leg.caller(a);
  caller.invite();
  const invite = await b.request('INVITE');
  return { caller, callee: Leg.callee(b, invite), invite };
}

/** The same, and the caller hears it ring. */
export async function ringing(a: Peer, b: Peer): Promise<Call> {
  const call = await offered(a, b);
  call.callee.answer(call.invite, 180);
  await a.response(180);
  return call;
}

/** B answers; both sides have what they need. */
export async function answered(a: Peer, b: Peer, { caller, callee, invite }: Call): Promise<void> {
  callee.answer(invite, 200, [], SDP);
  caller.ack(await a.response(200));
  await b.request('ACK');
}

/** An application that connects every caller to this URI, and hangs up on one side when the other does. */
export function bridgeCalls(srf: Srf, uri: string, options: Srf.CreateB2BUAOptions = {}): void {
  srf.invite((req, res) => {
    srf.createB2BUA(req, res, uri, options).then(
      ({ uas, uac }) => {
        uas.on('destroy', () => uac.destroy());
        uac.on('destroy', () => uas.destroy());
      },
      () => undefined,
    );
  });
}
