import type { PdfPages, TextStyle } from './pdf-page';
import { ACCENT, SOFT } from './pdf-page';

/** A column; the one without a width takes what is left. */
export interface Column<Row> {
  readonly title: string;
  readonly width?: number;
  readonly align?: 'left' | 'right';
  readonly text: (row: Row) => string;
}

const ABOVE = 3.8;
const BELOW = 1.8;
const GAP = 8;
const HEAD: TextStyle = { size: 7.5, weight: 'bold', color: SOFT };
const CELL: TextStyle = { size: 9 };

interface Place<Row> {
  readonly column: Column<Row>;
  readonly x: number;
  readonly width: number;
}

/**
 * Writes a table under its title. Rows are never torn: one that does not fit goes to the next page, under
 * the title and the names of the columns again.
 */
export function writeTable<Row>(
  pages: PdfPages,
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): void {
  // A column in which nothing stands says nothing.
  const told = columns.filter(({ text }) => rows.some((row) => text(row) !== ''));
  const places = placesOf(pages, told);
  const heightOf = (row: Row): number =>
    Math.max(...places.map(({ column, width }) => pages.heightOf(column.text(row), width, CELL))) +
    ABOVE +
    BELOW;
  const [first] = rows;
  const headHeight = 34;
  if (pages.y + headHeight + (first === undefined ? 0 : heightOf(first)) > pages.bottom) pages.addPage();
  writeTitle(pages, title, places);
  for (const row of rows) {
    const height = heightOf(row);
    if (pages.y + height > pages.bottom) {
      pages.addPage();
      writeTitle(pages, `${title} (continued)`, places);
    }
    for (const { column, x, width } of places) {
      pages.write(column.text(row), x, pages.y + ABOVE, width, { ...CELL, align: column.align ?? 'left' });
    }
    pages.y += height;
    pages.rule(pages.y);
  }
}

function writeTitle<Row>(pages: PdfPages, title: string, places: readonly Place<Row>[]): void {
  pages.write(title, pages.left, pages.y, pages.width, { size: 10.5, weight: 'bold', color: ACCENT });
  pages.y += 16;
  for (const { column, x, width } of places) {
    pages.write(column.title, x, pages.y, width, { ...HEAD, align: column.align ?? 'left' });
  }
  pages.y += 12;
  pages.rule(pages.y, pages.left, pages.right, ACCENT, 0.9);
}

function placesOf<Row>(pages: PdfPages, columns: readonly Column<Row>[]): Place<Row>[] {
  const fixed = columns.reduce((sum, { width = 0 }) => sum + width, 0) + GAP * (columns.length - 1);
  let x = pages.left;
  return columns.map((column) => {
    const width = column.width ?? pages.width - fixed;
    const place = { column, x, width };
    x += width + GAP;
    return place;
  });
}
