import type { ConsentAct, RevocationAct } from './consent-act';
import { consentActSchema, revocationActSchema } from './consent-act';

/** Columns of a file of consents; those with `true` must be there. */
export const CONSENT_COLUMNS = {
  number: true,
  seller_id: false,
  campaign_id: false,
  scopes: true,
  given_at: true,
  expires_at: false,
  disclosure: true,
  disclosure_version: true,
  act: true,
  page_url: false,
  ip: false,
  user_agent: false,
  session: false,
  name: false,
  email: false,
  signed: false,
  certificate_issuer: false,
  certificate_id: false,
  certificate_claimed_by: false,
  certificate_expires_at: false,
  revoked_at: false,
  revocation_method: false,
  revocation_words: false,
} as const;
export type ConsentColumn = keyof typeof CONSENT_COLUMNS;

export type ConsentRow =
  | { readonly ok: true; readonly act: ConsentAct; readonly revocation: RevocationAct | undefined }
  /** What is wrong, without what was written: it may name a person. */
  | { readonly ok: false; readonly why: string };

/** Where each column stands. @throws RangeError for one that is missing, unknown or there twice */
export function readHeader(fields: readonly string[]): ReadonlyMap<ConsentColumn, number> {
  const places = new Map<ConsentColumn, number>();
  fields.forEach((field, place) => {
    const name = field.trim().toLowerCase().replace(/[ -]/g, '_');
    if (!Object.hasOwn(CONSENT_COLUMNS, name)) throw new RangeError(`there is no column "${field}"`);
    if (places.has(name as ConsentColumn)) throw new RangeError(`the column ${name} is there twice`);
    places.set(name as ConsentColumn, place);
  });
  for (const [name, needed] of Object.entries(CONSENT_COLUMNS)) {
    if (needed && !places.has(name as ConsentColumn)) throw new RangeError(`the column ${name} is missing`);
  }
  return places;
}

/** Reads one line. Empty fields are as if they were not there. */
export function readConsentRow(
  fields: readonly string[],
  places: ReadonlyMap<ConsentColumn, number>,
): ConsentRow {
  if (fields.length !== places.size) {
    return { ok: false, why: `${fields.length} fields instead of ${places.size}` };
  }
  const at = (column: ConsentColumn): string | undefined => {
    const text = fields[places.get(column) ?? -1]?.trim();
    return text === '' ? undefined : text;
  };
  const wrong = (['given_at', 'expires_at', 'certificate_expires_at', 'revoked_at'] as const).find(
    (column) => at(column) !== undefined && instantOf(at(column)) === undefined,
  );
  if (wrong) return { ok: false, why: `${wrong}: neither epoch milliseconds nor a date with its zone` };
  const signed = flagOf(at('signed'));
  if (signed === undefined) return { ok: false, why: 'signed: neither true nor false' };
  const act = consentActSchema.safeParse(
    given({
      number: at('number') ?? '',
      sellerId: at('seller_id'),
      campaignId: at('campaign_id'),
      scopes: at('scopes')?.split(/[\s;|]+/) ?? [],
      givenAt: instantOf(at('given_at')),
      expiresAt: instantOf(at('expires_at')),
      disclosure: given({ text: at('disclosure'), version: at('disclosure_version') }),
      act: at('act'),
      pageUrl: at('page_url'),
      ip: at('ip'),
      userAgent: at('user_agent'),
      session: at('session'),
      identity:
        at('name') === undefined && at('email') === undefined
          ? undefined
          : given({ name: at('name'), email: at('email') }),
      signed,
      certificate:
        at('certificate_id') === undefined
          ? undefined
          : given({
              issuer: at('certificate_issuer') ?? 'other',
              id: at('certificate_id'),
              claimedBy: at('certificate_claimed_by'),
              expiresAt: instantOf(at('certificate_expires_at')),
            }),
    }),
  );
  if (!act.success) return { ok: false, why: issueOf(act.error.issues[0]) };
  if (at('revoked_at') === undefined) return { ok: true, act: act.data, revocation: undefined };
  const revocation = revocationActSchema.safeParse(
    given({
      revokedAt: instantOf(at('revoked_at')),
      // It was honoured before, wherever these come from.
      honouredAt: instantOf(at('revoked_at')),
      method: at('revocation_method') ?? 'other',
      words: at('revocation_words'),
    }),
  );
  if (!revocation.success) return { ok: false, why: `revocation ${issueOf(revocation.error.issues[0])}` };
  return { ok: true, act: act.data, revocation: revocation.data };
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function issueOf(issue: { path: PropertyKey[]; message: string } | undefined): string {
  return issue ? `${issue.path.join('.')}: ${issue.message}` : 'not acceptable';
}

/** A date without its zone means another instant in another place: it is refused. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{10,16}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  const instant = Date.parse(text.replace(' ', 'T'));
  return Number.isNaN(instant) ? undefined : instant;
}

function flagOf(text: string | undefined): boolean | undefined {
  if (text === undefined || /^(false|no|n|0)$/i.test(text)) return false;
  return /^(true|yes|y|1)$/i.test(text) ? true : undefined;
}
