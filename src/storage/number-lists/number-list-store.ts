import { createHash } from 'node:crypto';
import type { NumberListName, NumberSegment } from '../../market';
import { NumberSet, roomFor, segmentProblemOf } from '../../market';
import type { Queryable } from '../database';
import type { SourceRecord } from './source-files';

/** Told with the name of a list when its current version is another. */
export const NUMBER_LISTS_CHANNEL = 'number_lists_changed';

export type NumberListStatus = 'loading' | 'current' | 'previous' | 'retired' | 'failed';

/** A version of a list, as storage knows it. */
export interface StoredNumberList {
  readonly id: number;
  readonly list: NumberListName;
  readonly version: string;
  readonly status: NumberListStatus;
  readonly kind: 'full' | 'changes';
  /** UTC epoch milliseconds at which the source was as it says. */
  readonly asOf: number;
  readonly entries: number;
  /** Of the packed segments. */
  readonly bytes: number;
  readonly sources: readonly SourceRecord[];
  /** What was read, and why it failed. */
  readonly report: Readonly<Record<string, unknown>>;
  readonly startedAt: Date;
  readonly loadedAt: Date | null;
}

/** A segment without its data. */
export interface StoredSegment {
  readonly area: number;
  readonly entries: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** What is stored is not what was stored. */
export class DamagedList extends Error {
  override readonly name = 'DamagedList';
}

/** Bytes of a segment that are read at once. */
const PIECE = 131_072;

const COLUMNS = `id, list, version, status, kind, as_of as "asOf", entries, bytes, sources, report,
  started_at as "startedAt", loaded_at as "loadedAt"`;

/** Reads versions of lists and their segments. */
export class NumberListStore {
  readonly #db: Queryable;

  constructor(db: Queryable) {
    this.#db = db;
  }

  /** Versions in use, one for each list. */
  async current(): Promise<StoredNumberList[]> {
    const { rows } = await this.#db.query<StoredNumberList>(
      `select ${COLUMNS} from number_list_versions where status = 'current' order by list`,
    );
    return rows;
  }

  async currentOf(list: NumberListName): Promise<StoredNumberList | undefined> {
    const { rows } = await this.#db.query<StoredNumberList>(
      `select ${COLUMNS} from number_list_versions where status = 'current' and list = $1`,
      [list],
    );
    return rows[0];
  }

  /** The newest versions, retired and failed ones too. @param list - of all lists when undefined */
  async history(list: NumberListName | undefined, limit: number): Promise<StoredNumberList[]> {
    const { rows } = await this.#db.query<StoredNumberList>(
      `select ${COLUMNS} from number_list_versions
       where $1::text is null or list = $1 order by id desc limit $2`,
      [list ?? null, limit],
    );
    return rows;
  }

  /** What a version is made of. */
  async segmentsOf(versionId: number): Promise<StoredSegment[]> {
    const { rows } = await this.#db.query<StoredSegment>(
      `select area, entries, encode(sha256, 'hex') as sha256 from number_list_segments
       where version_id = $1 order by area`,
      [versionId],
    );
    return rows;
  }

  /**
   * Reads a segment and makes sure that it is what was written.
   * @param memory - where to, if it is large enough; otherwise into memory of its own
   * @returns undefined when it is not there (any more)
   * @throws DamagedList
   */
  async segment(
    versionId: number,
    { area, entries, sha256 }: StoredSegment,
    memory?: ArrayBuffer,
  ): Promise<NumberSegment | undefined> {
    const data = await this.#data(versionId, area, memory);
    if (!data) return undefined;
    const segment = { area, entries, data };
    if (checksumOf(segment.data) !== sha256) {
      throw new DamagedList(`area ${area} of version ${versionId} has another checksum than it had`);
    }
    const problem = segmentProblemOf(segment);
    if (problem !== undefined) throw new DamagedList(`area ${area} of version ${versionId}: ${problem}`);
    return segment;
  }

  /** Read in pieces: whoever has calls up must not wait while a megabyte is made of its text. */
  async #data(versionId: number, area: number, memory?: ArrayBuffer): Promise<Uint8Array | undefined> {
    let data: Uint8Array | undefined;
    for (let at = 0; data === undefined || at < data.length; at += PIECE) {
      const { rows } = await this.#db.query<{ size: number; piece: Buffer }>({
        name: 'number-list-segment',
        text: `select length(data) as size, substring(data from $3 for $4) as piece
          from number_list_segments where version_id = $1 and area = $2`,
        values: [versionId, area, at + 1, PIECE],
      });
      const row = rows[0];
      if (!row) return undefined;
      data ??= memoryFor(row.size, memory);
      data.set(row.piece, at);
    }
    return data;
  }

  /** The numbers of one area of a version; empty when it has none there. */
  async area(versionId: number, area: number): Promise<NumberSet> {
    const { rows } = await this.#db.query<StoredSegment>(
      `select area, entries, encode(sha256, 'hex') as sha256 from number_list_segments
       where version_id = $1 and area = $2`,
      [versionId, area],
    );
    const segment = rows[0] && (await this.segment(versionId, rows[0]));
    return segment ? new NumberSet([segment]) : NumberSet.empty;
  }
}

function memoryFor(size: number, memory: ArrayBuffer | undefined): Uint8Array {
  return new Uint8Array(memory && memory.byteLength >= size ? memory : roomFor(size), 0, size);
}

/** SHA-256 in hexadecimal. */
export function checksumOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
