import { apiRoutes, openApiDocument } from '../../../src/api';
import { knowing, obedient } from '../../integration/api/support/test-control';
import { testPhone } from '../../integration/api/support/test-phone';
import { PortPolicy } from '../../../src/billing';
import { AddressPolicy } from '../../../src/domain';
import { NumberLists } from '../../../src/market';
import { Vault } from '../../../src/storage';

/** Every operation, with nothing behind it. */
export const ROUTES = apiRoutes({
  live: { list: () => [], hangup: () => false },
  callControl: obedient([]),
  ...knowing(),
  testCalls: {
    nodeId: 'a',
    assertReady: () => undefined,
    start: () => undefined,
    hangUp: () => undefined,
  },
  recordings: { openWav: () => Promise.reject(new Error('nobody listens')) },
  news: { subscribe: () => () => undefined },
  bidRequests: {
    answer: () => Promise.reject(new Error('nobody asks')),
    cancel: () => Promise.resolve(false),
  },
  persons: { vault: new Vault('a key that is only good for tests'), now: () => 0 },
  numberLists: { lists: new NumberLists(), now: () => 0 },
  system: { stats: () => Promise.resolve({}) },
  webhooks: {
    places: { addresses: new AddressPolicy(), ports: new PortPolicy(), allowHttp: [] },
    tester: { test: () => Promise.resolve(undefined) },
  },
  phone: testPhone().services,
});

export const DOCUMENT = openApiDocument(ROUTES);
