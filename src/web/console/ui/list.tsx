import type { ComponentChildren } from 'preact';
import { Button } from './button';
import { Failure, Loading } from './states';
import type { Column } from './table';
import { Table } from './table';
import type { Asked, Listed } from './use-query';

interface ListProps<Item> {
  readonly list: Listed<Item>;
  readonly caption: string;
  readonly columns: readonly Column<Item>[];
  readonly keyOf: (item: Item) => string;
  readonly hrefOf?: (item: Item) => string;
  readonly empty?: string;
  readonly testId?: string;
}

/** A list of the API as a table, with a way to its next page. */
export function ListTable<Item>({ list, ...table }: ListProps<Item>) {
  const { items, problem, loading, more, reload } = list;
  return (
    <>
      {problem !== undefined && <Failure problem={problem} onRetry={reload} />}
      {items === undefined ? loading && <Loading /> : <Table rows={items} {...table} />}
      {items !== undefined && items.length > 0 && (
        <div class="list-foot">
          <span class="quiet" role="status">
            {loading ? 'Loading…' : `${items.length} shown${more === undefined ? '' : ', there are more'}`}
          </span>
          {more !== undefined && (
            <Button small busy={loading} onClick={more} testId="list-more">
              Show more
            </Button>
          )}
        </div>
      )}
    </>
  );
}

/** What was asked for, once it is there. */
export function Await<T>({
  asked,
  children,
}: {
  readonly asked: Asked<T>;
  children: (data: T) => ComponentChildren;
}) {
  const { data, problem, reload } = asked;
  return (
    <>
      {problem !== undefined && <Failure problem={problem} onRetry={reload} />}
      {data === undefined ? problem === undefined && <Loading /> : children(data)}
    </>
  );
}
