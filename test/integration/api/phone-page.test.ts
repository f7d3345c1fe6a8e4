import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import express from 'express';
import { listen } from '../../../src/api';
import { watchTlsFiles } from '../../../src/api/tls-files';
import { makeCertificate } from '../../support/browser/certificate';
import { until } from '../../support/until';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import { testPhone } from './support/test-phone';

let api: TestApi;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dce-page-'));
  api = await startTestApi({ phone: { ...testPhone().services, pageFolder: folder } });
});
afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (path: string) => api.ask('GET', path, { key: null });

test('a page that is not built says so', async () => {
  const { status, text } = await get('/phone');
  expect([status, text]).toEqual([503, expect.stringContaining('npm run build')]);
});

describe('a page that is built', () => {
  beforeAll(() => {
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<title>Phone</title>');
    writeFileSync(join(folder, 'icon.svg'), '<svg/>');
    writeFileSync(join(folder, 'assets/main-abc123.js'), 'main()');
  });

  test.each(['/phone', '/phone/', '/phone/calls', '/phone/calls/today'])('is at %s', async (path) => {
    const { status, text, headers } = await get(path);
    expect([status, text]).toEqual([200, '<title>Phone</title>']);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('may load its own files, reach the API and SIP, and nothing else', async () => {
    const policy = (await get('/phone')).headers.get('content-security-policy') ?? '';
    const host = new URL(api.url).host;
    expect(policy.split('; ')).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "media-src 'self' blob:",
        `connect-src 'self' ws://${host} wss://${host} ws://127.0.0.1:8088`,
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy).not.toContain('unsafe');
  });

  test('has files that are kept, as their names change with them', async () => {
    const { status, text, headers } = await get('/phone/assets/main-abc123.js');
    expect([status, text]).toEqual([200, 'main()']);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect((await get('/phone/icon.svg')).headers.get('content-type')).toContain('svg');
  });

  test.each([
    '/phone/assets/gone.js',
    '/phone/assets/',
    '/phone/..%2f..%2fpackage.json',
    '/phone/assets/..%2findex.html',
  ])('gives nothing for %s but itself, and no script that is not there', async (path) => {
    const { status, text } = await get(path);
    expect([status === 404 || text === '<title>Phone</title>', text.includes('"name"')]).toEqual([
      true,
      false,
    ]);
  });
});

describe('over TLS', () => {
  /** Serial number of the certificate that a new connection is shown. */
  function serialOf(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { port, host: '127.0.0.1', rejectUnauthorized: false, agent: false },
        (response) => {
          const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
          response.resume().once('end', () => resolve(serialNumber));
        },
      );
      asked.once('error', reject).end();
    });
  }

  test('the API is served, and a certificate that was replaced is shown from then on', async () => {
    const first = makeCertificate();
    const second = makeCertificate();
    const app = express().use((_request, response) => void response.send('here'));
    const server = await listen(app, '127.0.0.1', 0, { tls: { ...first, onError: () => undefined } });
    const errors: string[] = [];
    let options = 0;
    const stop = watchTlsFiles(
      first,
      (context) => {
        options++;
        (server as unknown as { setSecureContext(of: object): void }).setSecureContext(context);
      },
      ({ message }) => errors.push(message),
      10,
    );
    try {
      const { port } = server.address() as AddressInfo;
      const before = await serialOf(port);
      // Half of a pair fits nothing: the one before is shown.
      writeFileSync(first.certFile, 'half a certificate');
      utimesSync(first.certFile, 1, 1);
      await until('the half is refused', () => errors.length > 0);
      expect(await serialOf(port)).toBe(before);
      cpSync(second.certFile, first.certFile);
      cpSync(second.keyFile, first.keyFile);
      await until('the new one is taken', async () => options > 0 && (await serialOf(port)) !== before);
      expect(errors[0]).toContain('api.tls.certFile');
    } finally {
      stop();
      server.close();
      first.remove();
      second.remove();
    }
  });

  test('files that cannot be used are told at the start', async () => {
    const tls = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem', onError: () => undefined };
    await expect(listen(express(), '127.0.0.1', 0, { tls })).rejects.toThrow('api.tls.certFile');
  });
});
