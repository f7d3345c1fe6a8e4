import { AppError } from '../../domain';

interface NamesPrompt {
  readonly announce?: string | undefined;
}

/**
 * Holds campaigns to prompts that there are. What was named before stays: it is told of elsewhere.
 * @param prompts - names of those that there are; undefined: that is not known
 * @throws AppError `unprocessable`
 */
export function assertPromptIsThere(
  prompts: ReadonlySet<string> | undefined,
  recording: NamesPrompt | undefined,
  before: NamesPrompt | undefined,
): void {
  const announce = recording?.announce;
  if (announce === undefined || announce === before?.announce || !prompts || prompts.has(announce)) return;
  throw new AppError('unprocessable', 'reference_not_found', `there is no prompt ${announce}`, {
    errors: [{ pointer: '/recording/announce', message: 'names no prompt that there is' }],
  });
}
