import { Readable } from 'node:stream';
import { systemClock } from '../../../../src/domain';
import type { NumberListName } from '../../../../src/market';
import type { Database, ImportOutcome, NumberImport } from '../../../../src/storage';
import { importNumbers } from '../../../../src/storage';

export const DAY = 86_400_000;
/** Midnight, some days ago. */
export const daysAgo = (days: number): number => Math.floor(Date.now() / DAY) * DAY - days * DAY;

/** `202,5551234` for each line of an exchange from one to another. */
export function lines(areaCode: number, exchange: number, from: number, to: number): string {
  let text = '';
  for (let line = from; line < to; line++) {
    text += `${areaCode},${exchange}${String(line).padStart(4, '0')}\n`;
  }
  return text;
}

/** Imports a text as if it had been a file. */
export function take(
  database: Database,
  list: NumberListName,
  text: string,
  more: Partial<NumberImport> = {},
): Promise<ImportOutcome> {
  const request: NumberImport = {
    list,
    sources: [{ name: 'list.txt', stream: Readable.from([Buffer.from(text)]) }],
    kind: 'full',
    asOf: daysAgo(1),
    format: 'auto',
    columns: [],
    maxBadShare: 0.001,
    maxLoss: 0.1,
    ...more,
  };
  return importNumbers(database, request, systemClock);
}
