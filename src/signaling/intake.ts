import type { CallAttempt, CallOrigin, E164, Trunk } from '../domain';
import { CALL_ORIGINS, parsePhoneNumber } from '../domain';
import { readIdentity } from './caller-identity';
import { addressUris, decodeEscapes, userPart } from './sip-uri';
import type { IncomingInvite } from './sip/sip-stack';

export type Intake =
  | { readonly ok: true; readonly attempt: CallAttempt }
  | {
      readonly ok: false;
      readonly sipStatus: number;
      readonly detail: string;
      readonly unsupported?: string;
    };

/** The address of a reservation, and the number that it stands for. */
export interface ReservedAddress {
  readonly user: string;
  readonly number: E164;
}

/** User part of a reservation's own address: it never looks like a telephone number. */
const RESERVED_USER = /^r[0-9a-f]{30}$/;
const MAX_TAGS = 32;
const MAX_TAG_LENGTH = 256;
/** Tags that plans alone set, as `dce.challenge`. */
const OWN_TAGS = 'dce.';
const MAX_FORWARDERS = 10;
/** Option tags of a Require header that the switch can honour (RFC 3261 §8.2.2.3). */
const UNDERSTOOD_EXTENSIONS = new Set(['100rel', 'timer']);
/** URI parameters that steer SIP itself (RFC 3261 §19.1.1) and say nothing of the call. */
const SIP_URI_PARAMETERS = new Set([
  'transport',
  'user',
  'method',
  'ttl',
  'maddr',
  'lr',
  'ob',
  'gr',
  'cpc',
  'rn',
  'npdi',
]);

/** Turns an INVITE into what the decision reads: numbers in E.164, identity, tags. */
export function readAttempt(
  invite: IncomingInvite,
  trunk: Trunk,
  callId: string,
  now: number,
  reserved?: ReservedAddress,
): Intake {
  const unsupported = unsupportedExtensions(invite.header('Require'));
  if (unsupported !== undefined) {
    return { ok: false, sipStatus: 420, detail: `extension not supported: ${unsupported}`, unsupported };
  }
  if (invite.header('Contact') === undefined)
    return { ok: false, sipStatus: 400, detail: 'Contact is missing' };
  const dialled = userPart(invite.requestUri);
  const to = reserved ? { ok: true as const, ...reserved } : dialled && parsePhoneNumber(dialled.user);
  if (!dialled || !to?.ok) {
    return {
      ok: false,
      sipStatus: dialled ? 404 : 484,
      detail: 'the dialled address is not a telephone number',
    };
  }
  const tags = readTags(invite, dialled.parameters);
  return {
    ok: true,
    attempt: {
      callId,
      receivedAt: now,
      from: callerNumber(invite),
      to: to.number,
      trunkId: trunk.id,
      origin: trunk.origin,
      claimedOrigin: claimedOrigin(tags['call-origin']),
      ...readIdentity(invite, trunk.trustsVerstat),
      reservation: reserved?.user,
      forwardedBy: forwarders(invite),
      tags,
    },
  };
}

/** The user part that an INVITE came to, when it is the address of a reservation. */
export function reservedUser({ requestUri }: IncomingInvite): string | undefined {
  const user = userPart(requestUri)?.user;
  return user !== undefined && RESERVED_USER.test(user) ? user : undefined;
}

/** What the seller says of this one call (`X-Call-Origin`); what its contract makes of that is another matter. */
function claimedOrigin(claim: string | undefined): CallOrigin | undefined {
  return CALL_ORIGINS.find((origin) => origin === claim?.trim().toLowerCase());
}

/** Who passed the call on before it came here: Diversion (RFC 5806), then History-Info (RFC 7044). */
function forwarders(invite: IncomingInvite): readonly E164[] {
  const numbers: E164[] = [];
  for (const name of ['Diversion', 'History-Info']) {
    for (const uri of addressUris(invite.header(name) ?? '')) {
      const number = parsePhoneNumber(userPart(uri)?.user ?? '');
      if (number.ok && !numbers.includes(number.number) && numbers.length < MAX_FORWARDERS) {
        numbers.push(number.number);
      }
    }
  }
  return numbers;
}

/**
 * The caller, as the carrier vouches for it: P-Asserted-Identity (RFC 3325), then Remote-Party-ID,
 * then From. A number that asks for privacy is still known to the switch; showing it is another matter.
 */
function callerNumber(invite: IncomingInvite): E164 | undefined {
  for (const name of ['P-Asserted-Identity', 'Remote-Party-ID', 'From']) {
    const value = invite.header(name);
    if (value === undefined) continue;
    for (const uri of addressUris(value)) {
      const part = userPart(uri);
      const number = part ? parsePhoneNumber(part.user) : undefined;
      if (number?.ok) return number.number;
    }
  }
  return undefined;
}

function readTags(invite: IncomingInvite, uriParameters: string): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  let count = 0;
  const add = (name: string, value: string): void => {
    if (count >= MAX_TAGS || name === '' || name.length > MAX_TAG_LENGTH || name === '__proto__') return;
    // What the exchange itself found out of the caller is nothing that a sender may say.
    if (name.startsWith(OWN_TAGS)) return;
    tags[name] = value.slice(0, MAX_TAG_LENGTH);
    count++;
  };
  for (const header of invite.headerNames()) {
    if (header.length > 2 && (header.startsWith('X-') || header.startsWith('x-'))) {
      add(header.slice(2).toLowerCase(), invite.header(header) ?? '');
    }
  }
  for (const parameter of uriParameters.split(';')) {
    const equals = parameter.indexOf('=');
    if (equals <= 0) continue;
    const name = parameter.slice(0, equals).toLowerCase();
    if (!SIP_URI_PARAMETERS.has(name)) add(name, decodeEscapes(parameter.slice(equals + 1)));
  }
  return tags;
}

function unsupportedExtensions(require: string | undefined): string | undefined {
  if (require === undefined) return undefined;
  const unknown = require
    .split(',')
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => tag !== '' && !UNDERSTOOD_EXTENSIONS.has(tag));
  return unknown.length > 0 ? unknown.join(', ') : undefined;
}
