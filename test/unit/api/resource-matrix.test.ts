import { credentialRoutes } from '../../../src/api/access/credentials';
import { userRoutes } from '../../../src/api/access/users';
import { withFields } from '../../../src/api/lists/sparse-fields';
import type { Route } from '../../../src/api/route';
import { ROUTES } from './routes';

const ALL: readonly Route[] = [
  ...ROUTES,
  ...[...userRoutes({} as never), ...credentialRoutes()].map(withFields),
];

/** What can be done with one kind of thing, in this order. */
const OPERATIONS = ['list', 'get', 'create', 'replace', 'change', 'remove', 'import', 'export'] as const;
type Operation = (typeof OPERATIONS)[number];

/** Of each operation its method, and its path behind that of the resource. */
const PLACES: Readonly<Record<Operation, readonly [method: string, path: RegExp]>> = {
  list: ['get', /^$/],
  get: ['get', /^\/:\w+$/],
  create: ['post', /^$/],
  replace: ['put', /^\/:\w+$/],
  change: ['patch', /^\/:\w+$/],
  remove: ['delete', /^\/:\w+$/],
  import: ['post', /^\/import$/],
  export: ['get', /^\/export$/],
};

const EVERYTHING = OPERATIONS.join(' ');

/** What each resource has, and why it has no more. */
const MATRIX: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['accounts', 'trunks', 'sellers', 'numbers', 'campaigns', 'buyers', 'targets', 'bids'],
      ...['agents', 'teams', 'dnc', 'hours-overrides'],
    ].map((path) => [path, EVERYTHING]),
  ),
  // What a user is is not replaced: address and account stay, the password is the user's own.
  users: 'list get create change remove',
  // Made once with a secret that is told once, and revoked: another one is another credential.
  keys: 'list get create remove',
  'oauth-clients': 'list get create remove',
  // Their secrets are told once: a file or a replacement would not hold them.
  webhooks: 'list get create change remove',
  // What changes of a plan is its text, as a whole.
  dialplans: 'list get create replace remove',
  'payment-methods': 'list get create change remove',
  // What happened is read. A call is hung up, not archived.
  calls: 'list get remove export',
  auctions: 'list get export',
  'webhook-deliveries': 'list get',
  audit: 'list',
  // Proof is appended and revoked by further records (docs/privacy.md); files of it have their own import.
  consents: 'list get create',
  // Books are appended: what is wrong is reversed, credited or adjusted by entries on top.
  'ledger/entries': 'list export',
  settlements: 'list get export',
  invoices: 'list get create export',
  adjustments: 'list get create',
  payments: 'list get create',
  statements: 'get',
  reconciliations: 'list get create',
  'analytics/calls': 'list',
  // They go from state to state, by operations of their own: review, resolve, approve, cancel.
  disputes: 'list get create export',
  'fraud/cases': 'list get',
  'publisher-payouts': 'list get create',
  'payout-items': 'list',
  // One for each account: there while the account is.
  wallets: 'list get create change',
  'payout-terms': 'list get replace',
};

/** What is told once is not kept, for whoever asks again; a file is read as it comes, and known by what it holds. */
const TOLD_ONCE = ['/keys', '/oauth-clients', '/users', '/users/:id/link', '/webhooks'];
const FILES = ['/trunks/:id/cdr-files', '/trunks/:id/rate-decks'];

function operationsOf(path: string): string {
  const has = (operation: Operation): boolean => {
    const [method, behind] = PLACES[operation];
    return ALL.some(
      (route) =>
        route.method === method && route.path.startsWith(path) && behind.test(route.path.slice(path.length)),
    );
  };
  return OPERATIONS.filter(has).join(' ');
}

test.each(Object.entries(MATRIX))('%s: %s', (path, operations) => {
  expect(operationsOf(`/${path}`)).toBe(operations);
});

test('whatever is listed by pages shows some fields alone, if asked', () => {
  const pages = ALL.filter(({ method, path, query }) => {
    const shape = (query as { readonly shape?: object } | undefined)?.shape ?? {};
    return method === 'get' && 'cursor' in shape && !path.startsWith('/statements/');
  });
  expect(pages.length).toBeGreaterThan(30);
  const whole = pages.filter(({ query }) => !('fields' in (query as unknown as { shape: object }).shape));
  expect(whole.map(({ path }) => path)).toEqual([]);
});

test('what makes something is done once by an Idempotency-Key', () => {
  const makes = ALL.filter(
    ({ method, status, access }) => method === 'post' && status === 201 && access !== 'open',
  );
  const repeated = makes.filter(({ idempotent }) => !idempotent).map(({ path }) => path);
  expect(repeated.sort()).toEqual([...TOLD_ONCE, ...FILES].sort());
});

test('what has versions is changed on condition', () => {
  const changes = ALL.filter(
    ({ method, path }) => ['put', 'patch'].includes(method) && /^\/[\w-]+\/:\w+$/.test(path),
  );
  expect(changes.length).toBeGreaterThan(20);
  expect(changes.filter(({ conditional }) => !conditional).map(({ path }) => path)).toEqual([]);
});
