import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveConsole } from '../../../src/api/console/console-page';

let folder: string;
let server: Server;
let host: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dce-console-'));
  const app = express();
  serveConsole(app, folder);
  server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string): Promise<Response> => fetch(`http://${host}${path}`);

test('a console that is not built says so', async () => {
  const response = await get('/console');
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('npm run build')]);
});

describe('a console that is built', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<title>Console</title>');
    writeFileSync(join(folder, 'assets/index-abc123.js'), 'main()');
  });

  test.each(['/console', '/console/', '/console/calls', '/console/campaigns/new'])(
    'is at %s',
    async (path) => {
      const response = await get(path);
      expect([response.status, await response.text()]).toEqual([200, '<title>Console</title>']);
    },
  );

  test('may load its own files and reach its own host, and nothing else', async () => {
    const policy = ((await get('/console')).headers.get('content-security-policy') ?? '').split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        `connect-src 'self' ws://${host} wss://${host}`,
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy.join()).not.toContain('unsafe');
  });

  test('has files that are kept, since their names change with them, and says which there are not', async () => {
    const kept = await get('/console/assets/index-abc123.js');
    expect([kept.status, kept.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=31536000, immutable',
    ]);
    expect((await get('/console/assets/index-gone.js')).status).toBe(404);
    expect((await get('/console/assets/..%2f..%2fetc%2fpasswd')).status).toBeGreaterThanOrEqual(400);
  });
});
