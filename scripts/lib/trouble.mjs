import { fail } from './say.mjs';

/** What a failure of the file system means for people, by its code. */
const MEANING = {
  ENOSPC: 'the disk is full: make room and start again',
  EDQUOT: 'the disk quota is used up: make room and start again',
  EROFS: 'the disk is read-only: run from a folder that can be written to',
};

/** The one line for an error of a step; undefined when it says nothing that people could act on. */
export function lineOf({ code, path }) {
  if (code === 'EACCES' || code === 'EPERM') {
    return `no right to write to ${path ?? 'the folder'}: change its owner, or run as the user who owns it`;
  }
  return MEANING[code];
}

/** A disk that is full, told by a program that we ran; undefined for other output. */
export function diskTrouble(output) {
  return /ENOSPC|No space left/i.test(output) ? MEANING.ENOSPC : undefined;
}

/** From now on an error that nobody caught is one line where we know what it means. */
export function explainErrors() {
  process.on('uncaughtException', (error) => {
    fail(lineOf(error) ?? error.stack ?? String(error));
  });
}
