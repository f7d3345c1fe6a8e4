import type { ControlConnection } from '../control';
import type { SipRequest } from '../message';
import { applicationHeaders, NO_BODY, tail } from './application-text';
import type { AppDialog, Context } from './context';
import { dialogFlow, dialogHeaders } from './dialog-request-parts';
import { ACK_IS_AUTOMATIC, echoPeer } from './application-answers';
import { newBranch, newId } from './identifiers';
import type { NextHops } from './next-hop';
import { viaOf } from './own-address';

/** ACK of the 2xx to our INVITEs: outside any transaction, kept for repetitions of its 2xx (RFC 3261 §13.2.2.4). */
export class Acknowledgements {
  readonly #context: Context;
  readonly #hops: NextHops;

  constructor(context: Context, hops: NextHops) {
    this.#context = context;
    this.#hops = hops;
  }

  /** An application's ACK; false when no 2xx waits for it. */
  fromApplication(
    messageId: string,
    dialog: AppDialog,
    request: SipRequest,
    connection: ControlConnection,
  ): boolean {
    const sequence = dialog.unacknowledged;
    if (sequence === undefined) {
      connection.respond(messageId, ACK_IS_AUTOMATIC);
      return false;
    }
    dialog.unacknowledged = undefined;
    dialog.inviteFromUs = false;
    const text = this.send(dialog, sequence, applicationHeaders(request, dialog.flow), tail(request));
    connection.echo(messageId, echoPeer(dialog.flow), newId(), undefined, text);
    return true;
  }

  /**
   * Sends it.
   * @param sequence - CSeq number of the INVITE
   * @param headers - further header lines, each with its CRLF
   * @returns the ACK
   */
  send(dialog: AppDialog, sequence: number, headers = '', rest = NO_BODY): string {
    const { uri, routes, nextHop } = dialog.addressing();
    const flow = dialogFlow(this.#context, this.#hops, dialog, nextHop) ?? dialog.flow;
    const text = `ACK ${uri} SIP/2.0\r\nVia: ${viaOf(flow, newBranch())}\r\n${dialogHeaders(dialog, routes, sequence, 'ACK')}${headers}${rest}`;
    dialog.ackText = text;
    flow.send(text);
    return text;
  }

  /** The 2xx came again: so does its ACK, once there was one. */
  repeat(dialog: AppDialog): void {
    if (dialog.ackText !== undefined) dialog.flow.send(dialog.ackText);
  }
}
