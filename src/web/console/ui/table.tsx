import type { ComponentChildren } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import type { SortKey } from '../core/sort';
import { sorted } from '../core/sort';
import { Empty } from './states';

export interface Column<Row> {
  readonly key: string;
  readonly heading: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right. */
  readonly align?: 'right';
  /** What rows can be put in order by. */
  readonly sort?: (row: Row) => SortKey;
}

interface Props<Row> {
  /** Said to whoever hears the page; shown nowhere. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads; its first cell is the link. */
  readonly hrefOf?: (row: Row) => string;
  readonly empty?: string;
  readonly testId?: string;
}

/**
 * Rows under headings that put them in order. Tab goes from link to link as anywhere; the arrows, Home and
 * End go from row to row.
 */
export function Table<Row>({ caption, columns, rows, keyOf, hrefOf, empty, testId }: Props<Row>) {
  const [order, setOrder] = useState<{ key: string; direction: 'ascending' | 'descending' }>();
  const body = useRef<HTMLTableSectionElement>(null);
  const column = columns.find(({ key }) => key === order?.key);
  const shown = useMemo(
    () => (column?.sort && order ? sorted(rows, column.sort, order.direction) : rows),
    [rows, column, order],
  );
  const orderBy = (key: string): void =>
    setOrder(
      order?.key !== key
        ? { key, direction: 'ascending' }
        : order.direction === 'ascending'
          ? { key, direction: 'descending' }
          : undefined,
    );
  const move = (event: KeyboardEvent): void => {
    const links = [...(body.current?.querySelectorAll<HTMLElement>('.row-link') ?? [])];
    const at = links.indexOf(event.target as HTMLElement);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: links.length - 1,
    };
    const next = at === -1 ? undefined : links[steps[event.key] ?? -1];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  };
  if (rows.length === 0) return <Empty title={empty ?? 'Nothing here'} />;
  return (
    <div class="table-frame" role="group" aria-label={caption} tabIndex={0}>
      <table data-testid={testId}>
        <caption class="only-heard">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ key, heading, align, sort }) => (
              <th
                key={key}
                scope="col"
                class={align}
                aria-sort={sort === undefined ? undefined : order?.key === key ? order.direction : 'none'}
              >
                {sort === undefined ? (
                  heading
                ) : (
                  <button type="button" class="sort" onClick={() => orderBy(key)}>
                    {heading}
                    <span class="sort-mark" aria-hidden="true">
                      {order?.key !== key ? '' : order.direction === 'ascending' ? '▲' : '▼'}
                    </span>
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={move}>
          {shown.map((row) => (
            <tr key={keyOf(row)} data-row={keyOf(row)}>
              {columns.map(({ key, cell, align }, at) => (
                <td key={key} class={align}>
                  {at === 0 && hrefOf !== undefined ? (
                    <a class="row-link" href={hrefOf(row)}>
                      {cell(row)}
                    </a>
                  ) : (
                    cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
