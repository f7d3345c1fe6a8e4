import { DrachtioOutgoingInvite } from '../../../../src/signaling/sip/drachtio-outgoing-invite';
import type { RawFailure, RawSrf } from '../../../../src/signaling/sip/drachtio-raw';

/** What the listener is told of a final response that drachtio-srf shows so. */
function told(status: number, sourceAddress: string): number[] {
  const statuses: number[] = [];
  const failure = Object.assign(new Error('no'), { status, res: { source_address: sourceAddress } });
  const srf = {
    createUAC: (...[, , , done]: Parameters<RawSrf['createUAC']>) => done(failure as unknown as RawFailure),
  } as unknown as RawSrf;
  new DrachtioOutgoingInvite(
    srf,
    'sip:x@y.invalid',
    { sdp: '', callingNumber: '1' },
    {
      onTrying: () => undefined,
      onProgress: () => undefined,
      onAnswer: () => undefined,
      onFailure: (given) => statuses.push(given),
    },
  );
  return statuses;
}

test('a connection that a drachtio-server says is gone has failed; a peer that says so is believed', () => {
  expect(told(410, '')).toEqual([430]);
  expect(told(410, '192.0.2.7')).toEqual([410]);
  expect(told(503, '')).toEqual([503]);
});
