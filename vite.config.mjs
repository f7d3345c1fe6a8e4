import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/**
 * Builds one of the pages that the API serves with policies that allow nothing inline: the phone of agents
 * below /phone/, or with `--mode console` the console below /console/.
 */
export default defineConfig(({ mode }) => {
  const page = mode === 'console' ? 'console' : 'phone';
  return {
    root: join(ROOT, 'src/web', page),
    base: `/${page}/`,
    cacheDir: join(ROOT, '.cache/vite'),
    publicDir: false,
    logLevel: 'warn',
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
      outDir: join(ROOT, 'dist/web', page),
      emptyOutDir: true,
      target: ['chrome105', 'firefox115', 'safari16'],
      // Files of their own, so that no data: address is needed either.
      assetsInlineLimit: 0,
      modulePreload: false,
      sourcemap: false,
    },
  };
});
