import type { NumberListName } from '../../market';
import type { BadLine } from './bad-lines';
import type { ChangeCounts } from './change-log';
import type { NumberFileShape } from './make-parser';
import type { ChangeType } from './number-sink';
import type { NumberSource } from './source-files';

export interface NumberImport extends NumberFileShape {
  readonly list: NumberListName;
  readonly sources: readonly NumberSource[];
  /** `full` replaces the list; `changes` adds to and deletes from the current version. */
  readonly kind: 'full' | 'changes';
  /**
   * UTC epoch milliseconds at which the source was as it says. For changes it may be left out: the
   * newest change's date, then, and never earlier than that of the version they change.
   */
  readonly asOf: number | undefined;
  /** Of changes: what a line means that does not say whether it adds or deletes. */
  readonly untyped?: ChangeType;
  /** Bad lines that are put up with, of a whole: 0.001 is one in a thousand. */
  readonly maxBadShare: number;
  /** Numbers that the list may lose in one import, of a whole. */
  readonly maxLoss: number;
  readonly onProgress?: (progress: ImportProgress) => void;
}

export interface ImportProgress {
  readonly phase: 'reading' | 'storing';
  /** Bytes of the sources, or numbers that are stored. */
  readonly done: number;
  /** Undefined when a source is a stream. */
  readonly total: number | undefined;
  /** Numbers or changes read so far. */
  readonly numbers: number;
}

/** What was read. */
export interface ImportReport {
  readonly lines: number;
  /** Of a whole list: numbers that came more than once. */
  readonly duplicates: number;
  readonly badLines: number;
  /** The first hundred. */
  readonly samples: readonly BadLine[];
  readonly changes: ChangeCounts | undefined;
  /** Milliseconds of reading and packing, without storing. */
  readonly readMs: number;
  readonly storeMs: number;
}

export type ImportRefusal =
  | 'busy'
  | 'no_current_version'
  | 'older_than_current'
  | 'in_the_future'
  | 'no_date'
  | 'unusable_file'
  | 'too_many_bad_lines'
  | 'nothing_in_it'
  | 'loses_too_many';

export type ImportOutcome =
  | {
      readonly ok: true;
      readonly version: string;
      readonly asOf: number;
      readonly entries: number;
      /** Entries of the version before. */
      readonly before: number;
      readonly report: ImportReport;
    }
  | {
      readonly ok: false;
      readonly reason: ImportRefusal;
      readonly message: string;
      readonly report?: ImportReport;
    };

export interface ImportClock {
  /** UTC epoch milliseconds. */
  now(): number;
  /** Milliseconds that never run backwards. */
  monotonic(): number;
}
