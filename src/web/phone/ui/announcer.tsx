import type { PhoneState } from '../state';
import { callTitle, TEXT } from '../texts';

/** Tells screen readers what has happened to the call and the connection, in one line that changes. */
export function Announcer({ state }: { readonly state: PhoneState }) {
  return (
    <>
      <p class="only-heard" aria-live="assertive">
        {callNews(state)}
      </p>
      <p class="only-heard" aria-live="polite">
        {connectionNews(state)}
      </p>
    </>
  );
}

function callNews({ call }: PhoneState): string {
  switch (call.phase) {
    case 'idle':
      return '';
    case 'ringing':
      return `${TEXT.incoming.heading}: ${callTitle(call.card)}`;
    case 'answering':
      return TEXT.incoming.answering;
    case 'ended':
      return TEXT.ended.by[call.by];
    case 'active': {
      const { transfer } = call;
      if (call.restoring) return TEXT.call.restoring;
      if (transfer.step === 'blind') return TEXT.transfer.transferring(transfer.target.name);
      if (transfer.step === 'consulting')
        return (transfer.talking ? TEXT.transfer.consulting : TEXT.transfer.ringing)(transfer.target.name);
      if (transfer.step === 'completing') return TEXT.transfer.completing(transfer.target.name);
      if (transfer.step === 'consult_over')
        return transfer.status > 0
          ? TEXT.transfer.consultFailed(transfer.target.name, transfer.status)
          : TEXT.transfer.over(transfer.target.name);
      if (transfer.step === 'none' && transfer.failed)
        return TEXT.transfer.failed(transfer.failed.target.name, transfer.failed.status);
      if (call.heldByPeer) return TEXT.call.heldByPeer;
      const { monitoring } = call.card;
      const up = monitoring === undefined ? TEXT.call.talking : TEXT.monitoring[monitoring];
      const sound = call.held ? TEXT.call.held : up;
      return call.muted ? `${sound}, ${TEXT.call.muted}` : sound;
    }
  }
}

function connectionNews({ screen, connection }: PhoneState): string {
  if (screen.name !== 'phone' || connection.phase === 'offline') return '';
  if (connection.phase === 'online') return TEXT.banner.connected;
  return connection.again ? TEXT.banner.reconnecting : TEXT.banner.connecting;
}
