import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Where recordings lie. `NODE/open`: what is being made on a node. `NODE/whole`: what is to be told to the
 * database. Below the rest: what is kept, by the day on which it began.
 */
export class RecordingFolder {
  readonly open: string;
  readonly whole: string;

  /** @param root - may be shared by nodes; what is missing of it is made */
  constructor(
    readonly root: string,
    nodeId: string,
  ) {
    const own = join(root, `node-${encodeURIComponent(nodeId).replace(/\*/g, '%2A')}`);
    this.open = join(own, 'open');
    this.whole = join(own, 'whole');
    for (const folder of [this.open, this.whole]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  openFile(id: string): string {
    return join(this.open, `${id}.dcr`);
  }

  openNote(id: string): string {
    return join(this.open, `${id}.json`);
  }

  wholeFile(id: string): string {
    return join(this.whole, `${id}.dcr`);
  }

  wholeNote(id: string): string {
    return join(this.whole, `${id}.json`);
  }
}

/** The recording that a file is of; undefined for files of others. */
export function idOfFile(name: string): string | undefined {
  const [id = '', ...ending] = name.split('.');
  return UUID.test(id) && ['dcr', 'json'].includes(ending.join('.')) ? id : undefined;
}

/**
 * What a recording is called in its store.
 * @param startedAt - UTC epoch milliseconds
 */
export function objectName(id: string, startedAt: number): string {
  const [day = ''] = new Date(startedAt).toISOString().split('T');
  return `${day.replaceAll('-', '/')}/${id}.dcr`;
}
