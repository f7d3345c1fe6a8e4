import { formatHost } from '../message';
import type { Flow } from '../transport';

/** `address:port` of our side of a flow, as it stands in Via and Contact. */
export function sentBy(flow: Flow): string {
  return `${formatHost(flow.localAddress)}:${flow.localPort}`;
}

/** Our Contact on this flow: where in-dialog requests are to come. */
export function contactOf(flow: Flow, user = ''): string {
  const transport = flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}`;
  return `<sip:${user === '' ? '' : `${user}@`}${sentBy(flow)}${transport}>`;
}

/** A Via of ours. `rport` asks for symmetric responses (RFC 3581). */
export function viaOf(flow: Flow, branch: string): string {
  return `SIP/2.0/${flow.protocol.toUpperCase()} ${sentBy(flow)};rport;branch=${branch}`;
}

/** The application writes `localhost` where it cannot know our address. */
export function withLocalhost(value: string, flow: Flow): string {
  return value.includes('@localhost') ? value.replaceAll('@localhost', `@${sentBy(flow)}`) : value;
}
