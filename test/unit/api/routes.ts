import { apiRoutes, openApiDocument } from '../../../src/api';

/** Every operation, with nothing behind it. */
export const ROUTES = apiRoutes({
  live: { list: () => [], hangup: () => false },
  news: { subscribe: () => () => undefined },
  deadLetters: { list: () => Promise.resolve([]), redrive: () => Promise.resolve(false) },
  bidRequests: {
    answer: () => Promise.reject(new Error('nobody asks')),
    cancel: () => Promise.resolve(false),
  },
  system: { stats: () => Promise.resolve({}) },
});

export const DOCUMENT = openApiDocument(ROUTES);
