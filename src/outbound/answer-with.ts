import type { LookupFunction } from 'node:net';
import type { Resolved } from './resolver';

/** A look-up for one connection that says nothing but what was judged before. */
export function answerWith(addresses: readonly Resolved[]): LookupFunction {
  return (_host, options, done) => {
    if (options.all === true) done(null, [...addresses]);
    else done(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 4);
  };
}
