import type { SipRequest } from '../message';
import { headerValue, splitTopVia } from '../message';
import type { ClientTransaction } from '../transaction';
import { newId } from './identifiers';
import { viaOf } from './own-address';
import type { Stack } from './stack';

const IGNORE = {
  onResponse: () => undefined,
  onNoResponse: () => undefined,
  onTerminated: () => undefined,
};

/**
 * The CANCEL of an INVITE: its Via, Request-URI, From, To, Call-ID, CSeq number and Route (RFC 3261 §9.1).
 * @param extra - further header lines, each with its CRLF
 */
export function cancelText(transaction: ClientTransaction, request: SipRequest, extra: string): string {
  return textOf(request, viaOf(transaction.flow, transaction.branch), extra);
}

/** The CANCEL that would have come for this INVITE, had its sender still had a way to send it. */
export function unsentCancel(invite: SipRequest): string {
  return textOf(invite, splitTopVia(headerValue(invite, 'via') ?? '').top, '');
}

function textOf(request: SipRequest, via: string, extra: string): string {
  let text = `CANCEL ${request.uri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\n`;
  for (const { name, key, value } of request.headers) {
    if (key === 'from' || key === 'to' || key === 'call-id' || key === 'route') {
      text += `${name}: ${value}\r\n`;
    } else if (key === 'cseq') text += `CSeq: ${value.split(/\s/, 1)[0] ?? '1'} CANCEL\r\n`;
  }
  return `${text}${extra}Content-Length: 0\r\n\r\n`;
}

/**
 * Sends it, in a transaction of its own, and gives the INVITE 64·T1 to end. Where the connection of the
 * INVITE is gone and was ours to open, it goes by a new one.
 */
export function cancelRequest(
  stack: Stack,
  transaction: ClientTransaction,
  extra: string,
  text = cancelText(transaction, transaction.request, extra),
): void {
  const request: SipRequest = {
    kind: 'request',
    method: 'CANCEL',
    uri: transaction.request.uri,
    headers: [],
    body: '',
  };
  const { flow } = transaction;
  const again = flow.gone === true && flow.inbound !== true ? stack.flowTo(flow) : undefined;
  stack.request(newId(), request, again ?? flow, IGNORE, () => text, transaction.branch);
  transaction.expectEnd();
}
