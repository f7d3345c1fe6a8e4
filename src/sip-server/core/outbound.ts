import type { ControlConnection } from '../control';
import type { SipRequest } from '../message';
import { Acknowledgements } from './acknowledgements';
import { ACK_IS_AUTOMATIC, NO_DIALOG } from './application-answers';
import { Cancellations } from './cancellations';
import { ClientDialogs } from './client-dialogs';
import type { AppDialog, Context } from './context';
import { DialogRequests } from './dialog-requests';
import { NewRequests } from './new-requests';
import type { NextHops } from './next-hop';
import { OwnRequests } from './own-requests';
import type { SentRequests } from './sent-request';
import type { Subscriptions } from './subscriptions';

/** The applications' requests to the wire, and the responses to the applications. */
export class Outbound {
  readonly #context: Context;
  readonly #acknowledgements: Acknowledgements;
  readonly #cancellations: Cancellations;
  readonly #inDialog: DialogRequests;
  readonly #outOfDialog: NewRequests;
  /** What the server sends in its own name. */
  readonly own: OwnRequests;
  readonly dialogs: ClientDialogs;

  constructor(context: Context, hops: NextHops, subscriptions: Subscriptions) {
    const sent: SentRequests = new Map();
    this.#context = context;
    this.#acknowledgements = new Acknowledgements(context, hops);
    this.#cancellations = new Cancellations(context, sent);
    this.#inDialog = new DialogRequests(
      context,
      hops,
      sent,
      this.#acknowledgements,
      this.#cancellations,
      subscriptions,
      (dialog) => this.own.hangUp(dialog, 'Dialog lost'),
    );
    this.own = new OwnRequests(context, this.#inDialog);
    this.dialogs = new ClientDialogs(context, subscriptions, this.#acknowledgements, this.own);
    this.#outOfDialog = new NewRequests(context, hops, sent, this.#cancellations, this.dialogs);
  }

  /** A request frame of an application: in a dialog where it names one, a CANCEL where it names a transaction. */
  send(
    messageId: string,
    transactionId: string,
    dialogName: string,
    routeUrl: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    if (dialogName !== '') this.#sendInDialog(messageId, dialogName, request, connection);
    else if (transactionId !== '') {
      this.#cancellations.fromApplication(messageId, transactionId, request, connection);
    } else this.#outOfDialog.fromApplication(messageId, routeUrl, request, connection);
  }

  /** The application is gone: nobody is left to end its calls but us. */
  applicationGone(connection: ControlConnection): void {
    this.#cancellations.cancelInvites('Reason: SIP;cause=503;text="application gone"\r\n', connection);
    const end = (): void => {
      for (const dialog of this.#context.dialogs.all())
        if (dialog.owner === connection) this.own.abandon(dialog);
    };
    if (this.#context.limits.orphanGraceMs === 0) end();
    else this.#context.scheduler.after(this.#context.limits.orphanGraceMs, end);
  }

  /** Ends every dialog; the server is going down. */
  endAll(): void {
    this.#cancellations.cancelInvites('');
    for (const dialog of this.#context.dialogs.all()) this.own.abandon(dialog);
  }

  #sendInDialog(
    messageId: string,
    dialogName: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    const dialog = this.#context.dialogs.get(dialogName);
    if (!dialog) connection.respond(messageId, request.method === 'ACK' ? ACK_IS_AUTOMATIC : NO_DIALOG);
    else if (request.method === 'ACK') this.#sendAck(messageId, dialog, request, connection);
    else this.#inDialog.fromApplication(messageId, dialog, request, connection);
  }

  #sendAck(messageId: string, dialog: AppDialog, request: SipRequest, connection: ControlConnection): void {
    const sent = this.#acknowledgements.fromApplication(messageId, dialog, request, connection);
    if (!sent || !dialog.endAfterAck) return;
    // The answer crossed our CANCEL: nobody wants this call (RFC 3261 §9.1, §15).
    this.own.bye(dialog, 'SIP;cause=487;text="cancelled"');
    this.#context.dialogs.remove(dialog);
  }
}
