import { isIP } from 'node:net';
import type { AddressPolicy, E164, Target } from '../domain';
import { matchesHost, parsePhoneNumber } from '../domain';

/** Where buyers may have their calls sent. */
export interface DestinationRules {
  readonly addresses: AddressPolicy;
  /** Hosts of SIP URIs besides that of the standing target: names, `*.name` for what is below, addresses. */
  readonly sipHosts: readonly string[];
  /** True for numbers that may be rung at the exchange's cost. */
  readonly numberAllowed: (number: E164) => boolean;
}

export type Destination =
  { readonly ok: true; readonly uri: string } | { readonly ok: false; readonly problem: string };

/** Printable ASCII, no password, no headers (RFC 3261 §19.1.1); the host may be an IPv6 reference. */
const SIP_URI =
  /^(sips?):([!$&'()*+,\-./0-9=?A-Z_a-z~%]{1,128})@(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,253})(?::(\d{1,5}))?((?:;[!$&'()*+\-./0-9:=A-Z_a-z~%[\]]{1,64}){0,8})$/i;
/** Parameters that would send a request elsewhere than its host says (RFC 3261 §19.1.1). */
const STEERING = /^;?(maddr|lr|ttl|method|received|rport)$/i;

/**
 * The URI to ring where a buyer wants its call: a place that the exchange reaches must not be of the
 * buyer's choice alone, or buyers could make it knock at doors of its own network.
 */
export function sipDestination(
  text: string,
  target: Pick<Target, 'kind' | 'uri'>,
  rules: DestinationRules,
): Destination {
  const [, scheme, , host = '', port, parameters = ''] = SIP_URI.exec(text) ?? [];
  if (scheme === undefined) return { ok: false, problem: 'dest.sip is no SIP URI' };
  // Of a target that is a number the host is a carrier's gateway: any user part would be a free call.
  if (target.kind !== 'sip') return { ok: false, problem: `dest.sip: this target is a ${target.kind}` };
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) {
    return { ok: false, problem: 'dest.sip has no such port' };
  }
  if (parameters.split(';').some((parameter) => STEERING.test(parameter.split('=', 1)[0] ?? ''))) {
    return { ok: false, problem: 'dest.sip is steered by its parameters' };
  }
  const name = bareHost(host);
  if (name !== hostOf(target.uri) && !rules.sipHosts.some((rule) => matchesHost(name, rule))) {
    return { ok: false, problem: `dest.sip: calls are not sent to ${name}` };
  }
  // The standing target's own host, and those that were configured, are the operator's choice.
  if (isIP(name) !== 0 && name !== hostOf(target.uri)) {
    const refused = rules.addresses.refusal(name, name);
    if (refused !== undefined) return { ok: false, problem: `dest.sip: ${refused}` };
  }
  return { ok: true, uri: text };
}

/** The standing target's URI with another number in it; only of a target that is a number. */
export function numberDestination(
  text: string,
  target: Pick<Target, 'kind' | 'uri'>,
  rules: DestinationRules,
): Destination {
  if (target.kind !== 'pstn') return { ok: false, problem: 'dest.e164: the standing target is no number' };
  const parsed = parsePhoneNumber(text);
  if (!parsed.ok) return { ok: false, problem: `dest.e164 is no number (${parsed.reason})` };
  if (!rules.numberAllowed(parsed.number))
    return { ok: false, problem: 'dest.e164: not a number that is rung' };
  const uri = target.uri.replace(/^(sips?:)[^@]*@/i, `$1${parsed.number}@`);
  return { ok: true, uri };
}

function hostOf(uri: string): string | undefined {
  const match = /@(\[[^\]]+\]|[^:;?]+)/.exec(uri);
  return match?.[1] === undefined ? undefined : bareHost(match[1]);
}

function bareHost(host: string): string {
  return (host.startsWith('[') ? host.slice(1, -1) : host).toLowerCase().replace(/\.$/, '');
}
