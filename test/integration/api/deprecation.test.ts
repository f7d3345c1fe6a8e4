import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { z } from 'zod';
import { requestId } from '../../../src/api/middleware/request-context';
import { operations } from '../../../src/api/mount';
import { openApiDocument } from '../../../src/api/openapi';
import type { Deprecation } from '../../../src/api/route';
import { route } from '../../../src/api/route';
import { problemHandler } from '../../../src/api/problem';
import { RouteTable } from '../../../src/api/route-table';
import { id } from '../../../src/api/schemas';

const things = (path: string, operationId: string, deprecated?: Deprecation) =>
  route({
    method: 'get',
    path,
    operationId,
    tag: 'things',
    summary: 'A thing',
    scope: 'things:read',
    access: 'open',
    ...(deprecated ? { deprecated } : {}),
    params: z.strictObject({ id }),
    reply: z.object({ id }),
    handle: ({ params }) => Promise.resolve({ body: params }),
  });
const ROUTES = [
  things('/old-things/:id', 'getOldThing', {
    since: '2026-01-01',
    sunset: '2027-01-01T00:00:00Z',
    successor: '/things/:id',
  }),
  things('/older-things/:id', 'getOlderThing', { since: '2026-01-01T12:00:00Z', successor: '/things' }),
  things('/things/:id', 'getThing'),
];

let server: Server;
let url: string;
beforeAll(async () => {
  const app = express();
  const nothing = { record: () => undefined } as never;
  app.use(requestId(new RouteTable(ROUTES, () => false)));
  app.use(operations(ROUTES, { database: undefined as never, trail: nothing, addressOf: () => '' }));
  app.use(problemHandler(() => undefined));
  server = app.listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`;
});
afterAll(() => new Promise((closed) => server.close(closed)));

test('who uses what is deprecated is told since when, until when, and what to use', async () => {
  const { status, headers } = await fetch(`${url}/old-things/a%2Fb`);
  expect(status).toBe(200);
  expect(headers.get('deprecation')).toBe('@1767225600');
  expect(headers.get('sunset')).toBe('Fri, 01 Jan 2027 00:00:00 GMT');
  expect(headers.get('link')).toBe('</api/v1/things/a%2Fb>; rel="successor-version"');
});

test('a refusal tells it as well; without a sunset nothing is said of one', async () => {
  const { status, headers } = await fetch(`${url}/older-things/a%20b`);
  expect(status).toBe(400);
  expect(headers.get('deprecation')).toBe('@1767268800');
  expect(headers.get('sunset')).toBeNull();
  expect(headers.get('link')).toBe('</api/v1/things>; rel="successor-version"');
});

test('of what is not deprecated nothing is said', async () => {
  const { headers } = await fetch(`${url}/things/a`);
  expect([headers.get('deprecation'), headers.get('sunset'), headers.get('link')]).toEqual([
    null,
    null,
    null,
  ]);
});

test('the document says so', () => {
  const { paths } = openApiDocument(ROUTES) as {
    paths: Record<string, { get: { deprecated?: boolean; responses: Record<string, { headers?: object }> } }>;
  };
  const told = (path: string): unknown[] => {
    const { deprecated, responses } = paths[path]?.get ?? { responses: {} };
    return [deprecated, Object.keys(responses['200']?.headers ?? {})];
  };
  expect(told('/api/v1/old-things/{id}')).toEqual([true, ['Deprecation', 'Link', 'Sunset']]);
  expect(told('/api/v1/older-things/{id}')).toEqual([true, ['Deprecation', 'Link']]);
  expect(told('/api/v1/things/{id}')).toEqual([undefined, []]);
});
