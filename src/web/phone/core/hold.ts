/**
 * Whether a description says that its sender does not want to hear us (RFC 3264 §8.4). What stands in the
 * media section goes before what stands above it.
 */
export function asksForHold(sdp: string): boolean {
  const directions = sdp.match(/^a=(?:sendrecv|sendonly|recvonly|inactive)\s*$/gm) ?? [];
  const last = directions.at(-1)?.trim();
  return last === 'a=sendonly' || last === 'a=inactive';
}
