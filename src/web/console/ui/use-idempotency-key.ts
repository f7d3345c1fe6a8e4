import { useState } from 'preact/hooks';

/** One key for as long as something stands on the page: however often it is sent, it is done once. */
export function useIdempotencyKey(): string {
  // Browsers make UUIDs for pages that came over TLS, or from this machine.
  const [key] = useState(() => crypto.randomUUID?.() ?? String(Math.random()).slice(2));
  return key;
}
