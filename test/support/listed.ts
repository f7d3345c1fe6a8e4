import type { ListedRow } from '../../src/storage';

/** The rows of a page, without where they stand. */
export async function listed<Row>(page: Promise<readonly ListedRow<Row>[]>): Promise<Row[]> {
  return (await page).map(({ row }) => row);
}
