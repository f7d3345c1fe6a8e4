import type { Deprecation } from './route';

/**
 * Headers of an operation that should not be used any more: since when (RFC 9745), until when it works
 * (RFC 8594), and what is in its place (RFC 5829).
 *
 * @param values - by name, what stands for the names in the path
 */
export function deprecationHeaders(
  { since, sunset, successor }: Deprecation,
  values: Readonly<Record<string, string>>,
): Record<string, string> {
  const place = successor.replace(/:(\w+)/g, (word, name: string) => {
    const value = values[name];
    return value === undefined ? word : encodeURIComponent(value);
  });
  return {
    Deprecation: `@${Math.floor(Date.parse(since) / 1000)}`,
    ...(sunset === undefined ? {} : { Sunset: new Date(sunset).toUTCString() }),
    Link: `</api/v1${place}>; rel="successor-version"`,
  };
}
