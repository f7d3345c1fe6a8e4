import { join } from 'node:path';
import type { Config } from '../config';
import { PromptFolder } from '../media';
import type { Logger } from '../telemetry';

/** The same from the sources as from what is compiled. */
export const SHIPPED_PROMPTS = join(__dirname, '../../freeswitch/prompts');

/**
 * The prompts that plans may name. Files that are none are told to the log, and are not there.
 * @throws Error in one line when the folder cannot be read
 */
export async function openPrompts(
  config: Pick<Config, 'media'>,
  log: Pick<Logger, 'warn'>,
): Promise<PromptFolder> {
  const prompts = await PromptFolder.open(config.media.promptsDir ?? SHIPPED_PROMPTS);
  for (const problem of prompts.problems) log.warn({ problem }, 'a file in the prompts folder is no prompt');
  return prompts;
}
