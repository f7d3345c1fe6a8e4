import type { Request } from 'express';
import { paramsOf, RouteTable } from '../../../src/api/route-table';
import { ROUTES } from './routes';

const table = new RouteTable(ROUTES, ({ path }) => path === '/api/v1/openapi.json');
const find = (method: string, path: string) => table.find({ method, path } as Request);

test('every operation is found at its place, with what stands for the names', () => {
  for (const route of ROUTES) {
    const path = `/api/v1${route.path.replace(/:\w+/g, (name) => `the%20${name.slice(1)}`)}`;
    const { route: found, values = [], area, pattern } = find(route.method.toUpperCase(), path);
    expect([path, found?.operationId]).toEqual([path, route.operationId]);
    expect(area).toBe(route.access);
    expect(pattern).toBe(`/api/v1${route.path}`);
    const names = (route.path.match(/:\w+/g) ?? []).map((name) => name.slice(1));
    expect(paramsOf(route, values)).toEqual(Object.fromEntries(names.map((name) => [name, `the ${name}`])));
  }
});

test('HEAD is GET, a slash at the end is nothing, and other methods are told of', () => {
  expect(find('HEAD', '/api/v1/accounts').route?.operationId).toBe('listAccounts');
  expect(find('GET', '/api/v1/accounts/').route?.operationId).toBe('listAccounts');
  const { route, allowed, pattern } = find('LOCK', '/api/v1/accounts');
  expect([route, pattern]).toEqual([undefined, '/api/v1/accounts']);
  expect(allowed?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
});

test('a word that is written goes before one that may be anything', () => {
  expect(find('GET', '/api/v1/calls/live').route?.operationId).toBe('listLiveCalls');
  expect(find('GET', '/api/v1/calls/lives').route?.operationId).toBe('getCall');
});

test('what there is not needs somebody all the same, so that nothing is told to strangers', () => {
  for (const path of [
    '/api/v1/nothing',
    '/api/v1/accounts/x/y/z',
    '/api/v1//accounts',
    '/api/v1/',
    '/api/v1/accounts//',
  ]) {
    expect([path, find('GET', path)]).toEqual([path, { area: 'account' }]);
  }
  expect(find('GET', '/api/v1/phone/nothing')).toEqual({ area: 'phone' });
});

test('what is outside the operations is a page', () => {
  for (const path of [
    '/',
    '/health',
    '/api/v1',
    '/api/v1/openapi.json',
    '/api/v10/accounts',
    '/API/v1/accounts',
  ]) {
    expect([path, find('GET', path)]).toEqual([path, { area: 'page' }]);
  }
});

test('names of JavaScript are no paths', () => {
  for (const word of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    expect(find('GET', `/api/v1/${word}`)).toEqual({ area: 'account' });
  }
});

test('two operations at one place are a mistake', () => {
  const [route] = ROUTES;
  expect(() => new RouteTable([route, route] as never, () => false)).toThrow('twice');
});
