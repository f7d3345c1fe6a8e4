import { HeaderReader } from './header-reader';

/** One value of Contact in a REGISTER (RFC 3261 §20.10, RFC 5626 §4.1). */
export interface RegisterContact {
  /** As written, without the brackets. */
  readonly uri: string;
  /** Unique among an agent's bindings. */
  readonly key: string;
  /** `+sip.instance` (RFC 5626 §4.1). */
  readonly instanceId: string | undefined;
  /** From 1 on (RFC 5626 §4.2). */
  readonly regId: number | undefined;
  /** Seconds; undefined when the header does not say. */
  readonly expires: number | undefined;
}

/** `all`: `Contact: *`. */
export type ParsedContacts =
  | { readonly kind: 'contacts'; readonly contacts: readonly RegisterContact[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'bad'; readonly reason: string };

const MAX_HEADER = 8_192;
const MAX_CONTACTS = 10;
const MAX_URI = 512;
const MAX_REG_ID = 2 ** 31 - 1;
const MAX_EXPIRES = 2 ** 32 - 1;

/** A URI without blanks, quotes, brackets, and headers of its own, which no phone has a use for. */
const URI = /^(sips?):(?:([^\s"<>@?]+)@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?((?:;[^\s"<>?;]+)*)$/i;
const INSTANCE = /^"<([^\s"<>]{1,128})>"$/;
/** Each is linear, and none may take what another could: a header of blanks costs nothing. */
const BLANKS = /\s*/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const WORDS = /[^"<>,;]*(?=<)/y;
const BRACKETED = /<([^<>]*)>/y;
const BARE = /[^\s,;<>"]+/y;
const NAME = /[^\s,;="<>]+/y;
const VALUE = /[^\s,;"<>]+/y;

/** Reads all values of Contact, `<sip:a@b>;expires=60, <sip:c@d>`; undefined is a REGISTER that asks. */
export function parseContacts(header: string | undefined): ParsedContacts {
  if (header === undefined) return { kind: 'contacts', contacts: [] };
  if (header.length > MAX_HEADER) return bad('Contact is too long');
  if (header.trim() === '*') return { kind: 'all' };
  const values = splitContacts(header);
  if (values === undefined) return bad('Contact is malformed');
  if (values.length > MAX_CONTACTS) return bad('too many Contacts');
  const contacts: RegisterContact[] = [];
  for (const value of values) {
    const contact = readContact(value);
    if (typeof contact === 'string') return bad(contact);
    if (contacts.some(({ key }) => key === contact.key)) return bad('two Contacts name the same phone');
    contacts.push(contact);
  }
  return { kind: 'contacts', contacts };
}

interface ContactValue {
  readonly uri: string;
  /** By lower-case name; quoted values keep their quotes. */
  readonly params: ReadonlyMap<string, string>;
}

/** Undefined when malformed, or when there is none. */
function splitContacts(header: string): ContactValue[] | undefined {
  const values: ContactValue[] = [];
  const reader = new HeaderReader(header);
  const skip = (char: string): boolean => {
    reader.take(BLANKS);
    const skipped = reader.skip(char);
    if (skipped) reader.take(BLANKS);
    return skipped;
  };
  do {
    reader.take(BLANKS);
    if (reader.take(QUOTED)) reader.take(BLANKS);
    else reader.take(WORDS);
    const uri = reader.take(BRACKETED)?.[1]?.trim() ?? reader.take(BARE)?.[0];
    if (uri === undefined) return undefined;
    const params = new Map<string, string>();
    while (skip(';')) {
      const name = reader.take(NAME)?.[0].toLowerCase();
      if (name === undefined || params.has(name)) return undefined;
      params.set(name, skip('=') ? ((reader.take(QUOTED) ?? reader.take(VALUE))?.[0] ?? '') : '');
    }
    values.push({ uri, params });
  } while (skip(',') && values.length <= MAX_CONTACTS);
  return reader.done || values.length > MAX_CONTACTS ? values : undefined;
}

/** What is wrong with it, when something is. */
function readContact({ uri, params }: ContactValue): RegisterContact | string {
  const sameUri = uri.length > MAX_URI ? undefined : canonicalUri(uri);
  if (sameUri === undefined) return 'the URI of a Contact is no SIP address';
  const instanceText = params.get('+sip.instance');
  const instanceId = instanceText === undefined ? undefined : INSTANCE.exec(instanceText)?.[1];
  if (instanceText !== undefined && instanceId === undefined) return '+sip.instance is malformed';
  const regIdText = params.get('reg-id');
  const regId = regIdText === undefined ? undefined : decimal(regIdText, MAX_REG_ID);
  if (regIdText !== undefined && (regId === undefined || regId < 1)) return 'reg-id is no number from 1';
  // RFC 5626 §6: reg-id without an instance means nothing.
  const outbound = instanceId !== undefined && regId !== undefined;
  return {
    uri,
    key: outbound ? `${instanceId};${regId}` : sameUri,
    instanceId,
    regId: outbound ? regId : undefined,
    // Malformed is as if it were not there (RFC 3261 §20.19).
    expires: decimal(params.get('expires') ?? '', MAX_EXPIRES),
  };
}

/** Equal for URIs that mean the same (RFC 3261 §19.1.4); undefined when it is none. */
function canonicalUri(uri: string): string | undefined {
  const [, scheme = '', user, host = '', port, parameters = ''] = URI.exec(uri) ?? [];
  if (host === '' || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) return undefined;
  const params = parameters.split(';').filter(Boolean);
  const telling = params
    .map((param) => param.toLowerCase())
    .filter((param) => /^(transport|user|ttl|method|maddr)=/.test(param))
    .sort();
  const place = `${host.toLowerCase()}${port === undefined ? '' : `:${Number(port)}`}`;
  return [`${scheme.toLowerCase()}:${user === undefined ? '' : `${user}@`}${place}`, ...telling].join(';');
}

/** A decimal from 0 to `max`; what is greater is `max`. Undefined when it is none. */
export function decimal(text: string, max: number): number | undefined {
  return /^\d{1,16}$/.test(text) ? Math.min(Number(text), max) : undefined;
}

function bad(reason: string): ParsedContacts {
  return { kind: 'bad', reason };
}
