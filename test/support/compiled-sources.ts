import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transformFileSync } from '@swc/core';

const ROOT = join(__dirname, '../..');

/** What a process that bills needs: its room, and those that it imports. */
export const BILLING_ROOMS: readonly string[] = [
  'src/domain',
  'src/market',
  'src/rating',
  'src/outbound',
  'src/storage',
  'src/billing',
];

/** Sources compiled as they are now, for processes that run them. */
export class CompiledSources {
  readonly folder = mkdtempSync(join(tmpdir(), 'dce-compiled-'));

  /** @param sources - files and folders, from the root of the repository */
  constructor(sources: readonly string[]) {
    for (const source of sources) {
      const isFolder = statSync(join(ROOT, source)).isDirectory();
      const names = isFolder
        ? readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' }).map((name) =>
            join(source, name),
          )
        : [source];
      for (const name of names) if (name.endsWith('.ts')) this.#compile(name);
    }
  }

  /** Where a source lies compiled. */
  path(source: string): string {
    return join(this.folder, source.replace(/\.ts$/, '.js'));
  }

  /** For the environment of a process that runs them: packages are found where they are. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, NODE_PATH: join(ROOT, 'node_modules') };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #compile(source: string): void {
    const { code } = transformFileSync(join(ROOT, source), {
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'commonjs' },
    });
    mkdirSync(dirname(this.path(source)), { recursive: true });
    writeFileSync(this.path(source), code);
  }
}
