import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../src/config';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
const stages = dockerfile.split(/^FROM /m).slice(1);
const last = stages.at(-1) ?? '';

test('what is copied from the checkout is there, and the builder is given it', () => {
  const given = new Set([...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, path]) => path));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  expect(copied.length).toBeGreaterThan(5);
  for (const path of copied) {
    expect({ path, there: existsSync(join(ROOT, path)), given: given.has(path) }).toEqual({
      path,
      there: true,
      given: true,
    });
  }
});

test('every stage is on a release that the product supports, and none on "latest"', () => {
  for (const stage of stages) expect(stage).toMatch(/^node:20-bookworm-slim\b/);
});

test('the product does not run as root, is watched, and has an init above it', () => {
  expect(last).toMatch(/^USER node$/m);
  expect(last).toMatch(/^HEALTHCHECK .*health\.js/m);
  expect(last).toMatch(/^ENTRYPOINT \["tini", "--", "dce"\]$/m);
  expect(existsSync(join(ROOT, 'src/health.ts'))).toBe(true);
});

test('the settings of the image are settings', () => {
  const env = Object.fromEntries(
    [...last.matchAll(/\b(DCE_\w+)=(\S+)/g)].map(([, name = '', value]) => [name, value]),
  );
  expect(Object.keys(env)).toContain('DCE_DATA_DIR');
  expect(() => loadConfig({ env, flags: {}, file: undefined })).not.toThrow();
});

test('the libraries that the media worker is built with are in the image', () => {
  const script = read('scripts/lib/media-worker.mjs');
  // Of each development package, the one that holds its library in Debian 12; the JSON one is headers only.
  const runtime: Readonly<Record<string, string>> = {
    'libssl-dev': 'libssl3',
    'libuv1-dev': 'libuv1',
    'libsrtp2-dev': 'libsrtp2-1',
    'libusrsctp-dev': 'libusrsctp2',
    'libabsl-dev': 'libabsl20220623',
  };
  const built = [...script.matchAll(/^ {2}'(lib[\w-]+-dev)',$/gm)].map(([, name = '']) => name);
  expect(built.sort()).toEqual(Object.keys(runtime).sort());
  for (const library of Object.values(runtime)) expect(last).toContain(` ${library}`);
});
