/** Index of the first character from which on a text cannot be JSON any more; undefined when it is JSON. */
export function jsonProblem(text: string): number | undefined {
  if (isBegun(text) && isJson(text)) return undefined;
  // Whatever follows a text that cannot become JSON does not mend it: the place can be searched for.
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= text.length && isBegun(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a text is JSON or the beginning of some: the engine tells the places of some errors only. */
function isBegun(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const message = String(error);
    const [, at] = / at position (\d+)/.exec(message) ?? [];
    return /Unexpected end|Unterminated string/.test(message) || Number(at) === text.length;
  }
}
