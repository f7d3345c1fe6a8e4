import type { SipRequest } from '../message';
import { isWebSocket } from '../options';
import type { Flow, Hop } from '../transport';
import { applicationHeaders, tail } from './application-text';
import type { AppDialog, Context } from './context';
import type { NextHops } from './next-hop';

/** Methods whose requests in a dialog carry our Contact. */
const WITH_CONTACT = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER']);

/**
 * Where a request in a dialog goes: back where the peer is, or to the next hop that the dialog names. A
 * browser's Contact names nothing that can be reached (RFC 7118 §5.2.4): its dialog lives on the
 * connection that its last request came by.
 */
export function dialogFlow(
  { stack }: Context,
  hops: NextHops,
  dialog: AppDialog,
  nextHop: string,
): Flow | undefined {
  const { protocol, address, port, domain } = dialog.flow;
  const hop = hops.literal(nextHop);
  const back: Hop = { protocol, address, port, domain, standing: dialog.flow.inbound === true };
  const direct = dialog.routes.length === 0;
  const bound = isWebSocket(protocol) && (hop === undefined || isWebSocket(hop.protocol));
  if (dialog.symmetric || bound || (direct && hop?.standing === true)) return stack.flowTo(back);
  if (direct && protocol === 'tls') {
    // A phone's connection is verified already, and often the only way to it.
    const standing = stack.flowTo({ ...back, standing: true });
    if (standing?.established === true) return standing;
  }
  return hop ? stack.flowTo(hop) : dialog.flow;
}

/** What every request in a dialog carries (RFC 3261 §12.2.1.1). */
export function dialogHeaders(
  dialog: AppDialog,
  routes: readonly string[],
  sequence: number,
  method: string,
): string {
  let text = 'Max-Forwards: 70\r\n';
  for (const route of routes) text += `Route: ${route}\r\n`;
  return `${text}From: ${dialog.localParty}\r\nTo: ${dialog.remoteParty}\r\nCall-ID: ${dialog.callId}\r\nCSeq: ${sequence} ${method}\r\n`;
}

/** The text of a request in a dialog, from behind its Via on. */
export function dialogRequestText(
  dialog: AppDialog,
  routes: readonly string[],
  sequence: number,
  request: SipRequest,
  flow: Flow,
): string {
  const contact = WITH_CONTACT.has(request.method) ? `Contact: ${dialog.localContact}\r\n` : '';
  return (
    dialogHeaders(dialog, routes, sequence, request.method) +
    contact +
    applicationHeaders(request, flow) +
    tail(request)
  );
}

/** The same as a message, with what its ACK, its CANCEL and a response in the peer's stead copy from it. */
export function dialogRequest(
  dialog: AppDialog,
  uri: string,
  routes: readonly string[],
  sequence: number,
  request: SipRequest,
): SipRequest {
  return {
    ...request,
    uri,
    headers: [
      ...routes.map((value) => ({ name: 'Route', key: 'route', value })),
      { name: 'From', key: 'from', value: dialog.localParty },
      { name: 'To', key: 'to', value: dialog.remoteParty },
      { name: 'Call-ID', key: 'call-id', value: dialog.callId },
      { name: 'CSeq', key: 'cseq', value: `${sequence} ${request.method}` },
    ],
  };
}
