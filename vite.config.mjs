import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** Builds the phone page, which the API serves below /phone/ with a policy that allows nothing inline. */
export default defineConfig({
  root: join(ROOT, 'src/web/phone'),
  base: '/phone/',
  cacheDir: join(ROOT, '.cache/vite'),
  publicDir: false,
  logLevel: 'warn',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    outDir: join(ROOT, 'dist/web/phone'),
    emptyOutDir: true,
    target: ['chrome105', 'firefox115', 'safari16'],
    // Files of their own, so that no data: address is needed either.
    assetsInlineLimit: 0,
    modulePreload: false,
    sourcemap: false,
  },
});
