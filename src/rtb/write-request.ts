import type { Target } from '../domain';
import { npaOf, nxxOf } from '../domain';
import { AUCTION_TYPE_NUMBERS } from './auction-type';
import type { BidRequest } from './bid-request';
import type { CallerHasher } from './caller-hash';
import type { HttpRequest } from './http/exchange';
import type { PingCall, PingPlan, PlannedPing } from './ping-plan';
import { SIGNATURE_HEADER, signRequest } from './signature';

const MICROS = 1_000_000;
const ZIP = /^\d{5}/;

/** What buyers are told about a call, shared by all requests for it. */
export interface RequestFacts {
  readonly call: PingCall;
  readonly plan: PingPlan;
  /** Seconds that an offer should stand. */
  readonly expirySeconds: number;
}

/** The request to one buyer. Its number stays with the exchange unless the buyer's contract says otherwise. */
export function bidRequest(
  { call, plan, expirySeconds }: RequestFacts,
  { bid, ping, target, floor, duplicate }: PlannedPing,
  id: string,
  tmaxMs: number,
  callerHash: string | undefined,
): BidRequest {
  const { attempt } = call;
  const { from, attestation } = attempt;
  const { campaign } = plan;
  const zip = ZIP.exec(attempt.tags['zip'] ?? '')?.[0];
  return {
    id,
    tmax: Math.floor(tmaxMs),
    at: AUCTION_TYPE_NUMBERS[campaign.auctionType],
    cur: [campaign.currency],
    imp: [
      {
        id: bid.id,
        bidfloor: (floor ?? campaign.reservePrice) / MICROS,
        bidceiling: bid.price / MICROS,
        exp: expirySeconds,
        dest: destinations(target),
      },
    ],
    call: {
      ...given('npa', from && npaOf(from)),
      ...given('nxx', from && nxxOf(from)),
      ...given('state', call.state),
      ...given('zip', zip),
      ...given('tz', call.timezone),
      ...given('hashed_ani', callerHash),
      ...given('ani', ping.showCaller ? from : undefined),
      dnis: attempt.to,
      ...given('attest', attestation),
      verstat: attempt.verstat,
      dup: duplicate ?? false,
      ...given('fraud_band', call.fraudLevel),
      recording: call.recorded,
      origin: call.origin ?? 'unknown',
    },
    tags: attempt.tags,
  };
}

/** The request as it is sent: a JSON body, or of a GET everything in the query; signed where there is a secret. */
export function pingHttpRequest(
  request: BidRequest,
  { ping }: Pick<PlannedPing, 'ping'>,
  now: number,
): HttpRequest {
  const url = placeOf(ping.url);
  const body = ping.method === 'POST' ? JSON.stringify(request) : '';
  if (ping.method === 'GET') for (const [name, value] of flat(request)) url.searchParams.append(name, value);
  return signed({ url, method: ping.method, body }, ping.secret, now);
}

/** A POST of JSON, signed where there is a secret. */
export function jsonPost(
  url: string,
  content: unknown,
  secret: string | undefined,
  now: number,
): HttpRequest {
  return signed({ url: placeOf(url), method: 'POST', body: JSON.stringify(content) }, secret, now);
}

/** The same hash for one buyer all day, whichever bid of it asks. */
export function callerHashFor(
  hasher: CallerHasher,
  { attempt }: Pick<PingCall, 'attempt'>,
  { bid }: Pick<PlannedPing, 'bid'>,
  now: number,
): string | undefined {
  return attempt.from === undefined ? undefined : hasher.daily(attempt.from, bid.buyerId, now);
}

/** A text that is no URL leads nowhere: it is refused where it is to be connected to, as any bad place is. */
function placeOf(url: string): URL {
  return new URL(URL.canParse(url) ? url : 'about:invalid');
}

function signed(
  { url, method, body }: Pick<HttpRequest, 'url' | 'method' | 'body'>,
  secret: string | undefined,
  now: number,
): HttpRequest {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'user-agent': 'dce-rtb',
    'x-openrtb-version': '2.6',
  };
  if (body !== '') {
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  if (secret !== undefined) {
    headers[SIGNATURE_HEADER] = signRequest(secret, method, url.pathname + url.search, body, now);
  }
  return { url, method, headers, body };
}

function flat({ imp: [imp], call, tags, cur, ...rest }: BidRequest): [string, string][] {
  const { dest = [], ...wanted } = imp ?? {};
  const fields = {
    ...rest,
    cur: cur.join(','),
    ...wanted,
    id: rest.id,
    bid: imp?.id,
    dest: dest.join(','),
    ...call,
  };
  return [
    ...Object.entries(fields).filter(([, value]) => value !== undefined),
    ...Object.entries(tags).map(([name, value]) => [`tag.${name}`, value] as const),
  ].map(([name, value]) => [name, String(value)]);
}

function destinations({ kind }: Pick<Target, 'kind'>): ('sip' | 'pstn')[] {
  return kind === 'sip' ? ['sip'] : kind === 'pstn' ? ['pstn'] : [];
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: Value });
}
