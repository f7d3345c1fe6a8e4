import { rename, writeFile } from 'node:fs/promises';
import type { RecordingBasics, RecordingEnd } from '../domain';

/** What is known of a recording beside its audio: it lies beside the file until the database has it. */
export interface RecordingNote {
  readonly format: 1;
  readonly basics: RecordingBasics;
  readonly encoding: RecordingEnd['encoding'];
  /** Absent while it is made. */
  readonly end?: RecordingEnd;
  /** Why nothing of it could be kept. */
  readonly failed?: string;
}

/** There whole or not at all. */
export async function writeNote(path: string, note: RecordingNote): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, JSON.stringify(note), { mode: 0o600, flush: true });
  await rename(fresh, path);
}

/** @throws SyntaxError for what is no note */
export function readNote(text: string): RecordingNote {
  const note = JSON.parse(text) as Partial<RecordingNote>;
  if (note.format !== 1 || typeof note.basics?.id !== 'string') throw new SyntaxError('this is no note');
  return note as RecordingNote;
}
