/**
 * Whether a CANCEL says that a colleague has answered (RFC 3326, RFC 3261 §9 as forking proxies use it):
 * `SIP;cause=200;text="Call completed elsewhere"`.
 */
export function answeredElsewhere(reasons: readonly string[]): boolean {
  return reasons.some((reason) => /^\s*SIP\s*;/i.test(reason) && /;\s*cause\s*=\s*200\b/i.test(reason));
}

/** The status of a NOTIFY's `message/sipfrag` body (RFC 3515 §2.4.5); undefined when it has none. */
export function fragStatus(body: string | undefined): number | undefined {
  const [, status] = /^SIP\/2\.0 ([1-6]\d\d)(?: |\r|\n|$)/.exec(body ?? '') ?? [];
  return status === undefined ? undefined : Number(status);
}
