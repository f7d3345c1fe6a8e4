import { apiRoutes, openApiDocument } from '../../../src/api';
import { Vault } from '../../../src/storage';
import { NumberLists } from '../../../src/market';

/** Every operation, with nothing behind it. */
export const ROUTES = apiRoutes({
  live: { list: () => [], hangup: () => false },
  news: { subscribe: () => () => undefined },
  deadLetters: { list: () => Promise.resolve([]), redrive: () => Promise.resolve(false) },
  bidRequests: {
    answer: () => Promise.reject(new Error('nobody asks')),
    cancel: () => Promise.resolve(false),
  },
  numberLists: { lists: new NumberLists(), now: () => 0 },
  persons: { vault: new Vault('a key that is only good for tests'), now: () => 0 },
  system: { stats: () => Promise.resolve({}) },
});

export const DOCUMENT = openApiDocument(ROUTES);
