/** A SIP message as the stand-in reads it: enough for one phone that behaves. */
export interface SipText {
  /** Undefined for a response. */
  readonly method: string | undefined;
  readonly uri: string;
  /** Undefined for a request. */
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

export function readSip(text: string): SipText {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const [, status] = /^SIP\/2\.0 (\d{3})/.exec(first) ?? [];
  const [method = '', uri = ''] = first.split(' ');
  return {
    method: status === undefined ? method : undefined,
    uri,
    status: status === undefined ? undefined : Number(status),
    headers: lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()] as const;
    }),
    body: text.slice(end + 4),
  };
}

export function headerOf(message: SipText, name: string): string | undefined {
  return message.headers.find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
}

export const tagOf = (value: string | undefined): string | undefined =>
  /;tag=([^;>\s]+)/.exec(value ?? '')?.[1];

export function writeSip(
  first: string,
  headers: readonly (readonly [string, string])[],
  body = '',
  type = 'application/sdp',
): string {
  const all = [
    ...headers,
    ...(body === '' ? [] : ([['Content-Type', type]] as const)),
    ['Content-Length', String(Buffer.byteLength(body))] as const,
  ];
  return `${first}\r\n${all.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${body}`;
}
