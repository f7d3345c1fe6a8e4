import type { HeaderField, SipRequest } from '../message';
import type { AppDialog, Context } from './context';
import type { DialogRequests } from './dialog-requests';

const APPLICATION_GONE = 'SIP;cause=503;text="application gone"';

/** What the server sends in dialogs in its own name: BYE, the last NOTIFY, session refreshes. */
export class OwnRequests {
  readonly #context: Context;
  readonly #requests: DialogRequests;

  constructor(context: Context, requests: DialogRequests) {
    this.#context = context;
    this.#requests = requests;
  }

  /** Hangs up, and tells the application. */
  hangUp(dialog: AppDialog, why: string): void {
    const text = this.bye(dialog, `SIP;cause=200;text="${why}"`);
    this.#context.dialogs.remove(dialog);
    if (text !== undefined) dialog.owner?.sip('application', text, dialog.flow, 'unsolicited', dialog.id);
  }

  /** Ends a dialog that no application is left for. */
  abandon(dialog: AppDialog): void {
    if (dialog.subscription !== undefined) {
      if (dialog.role === 'uas') this.#endSubscription(dialog);
    } else if (dialog.state === 'confirmed') this.bye(dialog, APPLICATION_GONE);
    this.#context.dialogs.remove(dialog);
  }

  /**
   * Sends BYE.
   * @param reason - value of its Reason header
   * @returns the BYE; undefined when there is no way to the peer
   */
  bye(dialog: AppDialog, reason?: string): string | undefined {
    const headers = reason === undefined ? [] : [{ name: 'Reason', key: 'reason', value: reason }];
    return this.#requests.fromServer(dialog, ownRequest(dialog, 'BYE', headers));
  }

  /**
   * A session refresh of our own: UPDATE, or a re-INVITE with the SDP that stands for a peer without
   * UPDATE (RFC 4028 §7.4). The refresher is named by its role in this very request: we are its client.
   */
  refresh(dialog: AppDialog, seconds: number): void {
    const method = dialog.refreshMethod;
    if (method === 'INVITE' && (dialog.inviteFromUs || dialog.inviteFromPeer)) return;
    const request = ownRequest(dialog, method, [
      { name: 'Session-Expires', key: 'session-expires', value: `${seconds};refresher=uac` },
      { name: 'Supported', key: 'supported', value: 'timer' },
    ]);
    if (method === 'INVITE') request.body = dialog.localSdp;
    this.#requests.fromServer(dialog, request, (status) => {
      if (method !== 'UPDATE' || (status !== 405 && status !== 501)) return;
      dialog.refreshMethod = 'INVITE';
      this.refresh(dialog, seconds);
    });
  }

  /** Who subscribed hears that it is over, and may ask again (RFC 6665 §4.1.3); who is subscribed to finds out. */
  #endSubscription(dialog: AppDialog): void {
    const request = ownRequest(dialog, 'NOTIFY', [
      { name: 'Event', key: 'event', value: dialog.subscription ?? '' },
      { name: 'Subscription-State', key: 'subscription-state', value: 'terminated;reason=deactivated' },
    ]);
    this.#requests.fromServer(dialog, request);
  }
}

function ownRequest(dialog: AppDialog, method: string, headers: HeaderField[]): SipRequest {
  return { kind: 'request', method, uri: dialog.remoteTarget, headers, body: '' };
}
