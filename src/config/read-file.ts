import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { CONFIG_KEYS } from './keys';
import { didYouMean } from './nearest';
import { isTree } from './paths';

/** What a file says: values by dotted name, and what is wrong with it. */
export interface FileSettings {
  readonly values: ReadonlyMap<string, unknown>;
  readonly problems: readonly string[];
}

/** Read when no file is named; it may be missing. */
export const DEFAULT_FILE = 'config.yaml';

const SECTIONS = new Set(
  CONFIG_KEYS.flatMap(({ path }) => {
    const names = path.split('.');
    return names.slice(0, -1).map((_, index) => names.slice(0, index + 1).join('.'));
  }),
);
const KEYS = new Set(CONFIG_KEYS.map(({ path }) => path));

/** Reads a YAML file. A file that was named by hand must be there. */
export function readConfigFile(named: string | undefined): FileSettings {
  const file = named ?? DEFAULT_FILE;
  const values = new Map<string, unknown>();
  const problems: string[] = [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') problems.push(`${file}: cannot be read (${code ?? String(error)})`);
    else if (named !== undefined) problems.push(`${file}: there is no such file`);
    return { values, problems };
  }
  const walk = (at: unknown, path: string): void => {
    // An empty value or section says nothing.
    if (at === null || at === undefined) return;
    if (KEYS.has(path)) values.set(path, at);
    else if (path !== '' && !SECTIONS.has(path)) {
      problems.push(`${file}: ${path}: there is no such setting${didYouMean(path, [...KEYS, ...SECTIONS])}`);
    } else if (!isTree(at)) {
      problems.push(`${file}: ${path === '' ? 'it' : path} must hold settings by name`);
    } else {
      for (const [name, child] of Object.entries(at)) walk(child, path === '' ? name : `${path}.${name}`);
    }
  };
  try {
    walk(parse(text), '');
  } catch (error) {
    const [firstLine = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    problems.push(`${file}: is not YAML: ${firstLine}`);
  }
  return { values, problems };
}
