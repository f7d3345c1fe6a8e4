import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asError } from '../../domain';
import type { PromptStore, RecordingFormat } from '../media-engine';
import type { EncodedPrompt } from './encode-prompt';
import { encodePrompt } from './encode-prompt';
import { readWav } from './wav';

const ENDING = '.wav';
/** As plans name prompts. */
const NAME = /^[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9_-]*)*$/;
const MAX_NAME = 100;
const MAX_DEPTH = 8;
const MAX_FILES = 10_000;
/** Longer than whatever is played at a time; PCM of 16 bits is the largest form. */
const MAX_SECONDS = 600;
const MAX_BYTES = MAX_SECONDS * 16_000 + 65_536;
/** An hour of prompts takes some 58 megabytes, encoded both ways. */
const MAX_TOTAL_SECONDS = 3_600;

interface Kept {
  /** By these a file is known to be the one that was read. */
  readonly bytes: number;
  readonly changedMs: number;
  readonly prompt: EncodedPrompt;
}

interface Found {
  readonly name: string;
  readonly path: string;
  readonly is: Stats;
}

/**
 * The prompts of a folder: WAV files, named by where they lie below it. All are read and encoded at once and kept,
 * so that no call waits for a disk; what changes in the folder is known after {@link reload}.
 */
export class PromptFolder implements PromptStore {
  readonly #folder: string;
  #kept: ReadonlyMap<string, Kept> = new Map();
  #names: ReadonlySet<string> = new Set();
  #problems: readonly string[] = [];
  #reloading: Promise<readonly string[]> | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Error in one line when the folder cannot be read */
  static async open(folder: string): Promise<PromptFolder> {
    const prompts = new PromptFolder(folder);
    await prompts.reload();
    return prompts;
  }

  get folder(): string {
    return this.#folder;
  }

  /** Files that are no prompts, one line each: which, and why. */
  get problems(): readonly string[] {
    return this.#problems;
  }

  names(): ReadonlySet<string> {
    return this.#names;
  }

  octets(name: string, encoding: RecordingFormat['encoding']): Buffer | undefined {
    return this.#kept.get(name)?.prompt[encoding];
  }

  /**
   * Reads what has changed since. What is played goes on as it was, and so does a prompt whose file cannot be used any
   * more: it stays as it was read last, until the file is taken away.
   * @returns {@link problems}
   * @throws Error in one line when the folder cannot be read: what was known then stays
   */
  reload(): Promise<readonly string[]> {
    this.#reloading ??= this.#reload().finally(() => {
      this.#reloading = undefined;
    });
    return this.#reloading;
  }

  async #reload(): Promise<readonly string[]> {
    const problems: string[] = [];
    const kept = new Map<string, Kept>();
    let seconds = 0;
    for (const found of await this.#find(problems)) {
      try {
        const file = await this.#read(found);
        if (seconds + file.prompt.seconds > MAX_TOTAL_SECONDS) {
          throw new Error(
            `is left out: prompts of more than ${MAX_TOTAL_SECONDS} seconds lie in this folder`,
          );
        }
        seconds += file.prompt.seconds;
        kept.set(found.name, file);
      } catch (error) {
        problems.push(`${found.path}: ${asError(error).message}`);
        const before = this.#kept.get(found.name);
        if (before) kept.set(found.name, before);
      }
    }
    this.#kept = kept;
    this.#names = new Set(kept.keys());
    this.#problems = problems;
    return problems;
  }

  async #read({ name, path, is }: Found): Promise<Kept> {
    const before = this.#kept.get(name);
    if (before && before.bytes === is.size && before.changedMs === is.mtimeMs) return before;
    if (is.size > MAX_BYTES) throw new Error(`is longer than ${MAX_SECONDS} seconds`);
    const prompt = encodePrompt(readWav(await readFile(path)));
    if (prompt.seconds === 0) throw new Error('has no samples');
    if (prompt.seconds > MAX_SECONDS) throw new Error(`is longer than ${MAX_SECONDS} seconds`);
    return { bytes: is.size, changedMs: is.mtimeMs, prompt };
  }

  /** The WAV files, in the order of their names. What begins with a dot is nobody's prompt. */
  async #find(problems: string[]): Promise<readonly Found[]> {
    const found: Found[] = [];
    const visit = async (below: string, depth: number): Promise<void> => {
      for (const entry of (await readdir(join(this.#folder, below))).sort()) {
        if (entry.startsWith('.')) continue;
        const within = below === '' ? entry : `${below}/${entry}`;
        const path = join(this.#folder, within);
        const is = await stat(path).catch(() => undefined);
        if (is?.isDirectory() && depth < MAX_DEPTH) await visit(within, depth + 1);
        if (!is?.isFile() || !within.endsWith(ENDING)) continue;
        if (found.length >= MAX_FILES) throw new Error(`more than ${MAX_FILES} files`);
        const name = within.slice(0, -ENDING.length);
        if (NAME.test(name) && name.length <= MAX_NAME) found.push({ name, path, is });
        else
          problems.push(
            `${path}: no plan could name this: small letters, digits, - and _, up to ${MAX_NAME}`,
          );
      }
    };
    try {
      await visit('', 1);
    } catch (error) {
      throw new Error(`the prompts' folder ${this.#folder}: ${asError(error).message}`, { cause: error });
    }
    return found;
  }
}
