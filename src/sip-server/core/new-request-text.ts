import type { SipRequest } from '../message';
import { headerValue, parseUri, tagOf, uriOfAddress } from '../message';
import type { Flow } from '../transport';
import { applicationHeaders, tail } from './application-text';
import { newId, newTag } from './identifiers';
import { contactOf, withLocalhost } from './own-address';

const FIRST_SEQUENCE_RANGE = 100_000;

/** A request outside a dialog, ready to be sent. */
export interface NewRequest {
  readonly headers: SipRequest['headers'];
  /** The request's text from the second line on, without Via. */
  readonly rest: string;
  readonly callId: string;
  readonly fromTag: string;
}

/** Completes an application's request outside a dialog (RFC 3261 §8.1.1): what it gave stays, what lacks is added. */
export function newRequest(request: SipRequest, flow: Flow): NewRequest {
  const givenFrom = headerValue(request, 'from');
  const from = partyOf(givenFrom === undefined ? contactOf(flow) : withLocalhost(givenFrom, flow));
  const fromTag = tagOf(from) || newTag();
  const fromValue = tagOf(from) === '' ? `${from};tag=${fromTag}` : from;
  const to = partyOf(withLocalhost(headerValue(request, 'to') ?? request.uri, flow));
  const callId = headerValue(request, 'call-id') ?? `${newId()}@${flow.localAddress}`;
  const cseq =
    headerValue(request, 'cseq') ??
    `${1 + Math.floor(Math.random() * FIRST_SEQUENCE_RANGE)} ${request.method}`;
  const headers: SipRequest['headers'] = [
    { name: 'From', key: 'from', value: fromValue },
    { name: 'To', key: 'to', value: to },
    { name: 'Call-ID', key: 'call-id', value: callId },
    { name: 'CSeq', key: 'cseq', value: cseq },
    { name: 'Max-Forwards', key: 'max-forwards', value: headerValue(request, 'max-forwards') ?? '70' },
  ];
  const contact = contactFor(request, flow);
  if (contact !== undefined) headers.push({ name: 'Contact', key: 'contact', value: contact });
  let rest = '';
  for (const { name, value } of headers) rest += `${name}: ${value}\r\n`;
  return { headers, rest: rest + applicationHeaders(request, flow) + tail(request), callId, fromTag };
}

/** A bare URI in angle brackets, so that its parameters stay its own (RFC 3261 §20.10). */
function partyOf(value: string): string {
  return value.includes('<') || !/^(sips?|tel):/i.test(value) ? value : bracketed(value);
}

function bracketed(value: string): string {
  const tag = value.indexOf(';tag=');
  return tag < 0 ? `<${value}>` : `<${value.slice(0, tag)}>${value.slice(tag)}`;
}

function contactFor(request: SipRequest, flow: Flow): string | undefined {
  const given = headerValue(request, 'contact');
  if (given === undefined) {
    return request.method === 'INVITE' || request.method === 'SUBSCRIBE' ? contactOf(flow) : undefined;
  }
  const uri = parseUri(uriOfAddress(given));
  // The application cannot know our transport: its placeholder becomes a Contact that works.
  return uri?.host === 'localhost' ? contactOf(flow, uri.user) : given;
}
