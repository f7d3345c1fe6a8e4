/** What a line of a change file says of its number; `undefined` when it only names it. */
export type ChangeType = 'add' | 'delete' | undefined;

/** Why a line was left out. */
export type LineProblem =
  | 'too_long'
  | 'no_number'
  | 'not_digits'
  | 'not_e164'
  | 'not_nanp'
  | 'bad_area_code'
  | 'bad_date'
  | 'unknown_field'
  | 'unknown_change_type'
  | 'no_change_type'
  | 'missing_column'
  | 'bad_tag';

/** Where parsed numbers go. */
export interface NumberSink {
  /**
   * @param value - position within the area, or all digits for area 0
   * @param at - UTC epoch milliseconds of the change; 0 when the file does not say
   * @returns what is wrong with it
   */
  take(area: number, value: number, change: ChangeType, at: number): LineProblem | undefined;
}

/** Reads the bytes of one file, in pieces of any size. */
export interface NumberParser {
  push(chunk: Buffer): void;
  /** After the last piece: what is left without an end of line is a line. */
  end(): void;
  /** Lines or records seen, empty ones as well. */
  readonly lines: number;
}

/** A whole file that cannot be used: nothing of it may be taken in. */
export class UnusableFile extends Error {
  override readonly name = 'UnusableFile';
}
