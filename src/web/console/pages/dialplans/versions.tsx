import { useState } from 'preact/hooks';
import { shortId } from '../../core/format';
import { hunksOf, lineDiff } from '../../core/line-diff';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Await, ListTable } from '../../ui/list';
import { Panel } from '../../ui/page';
import { useNames } from '../../ui/use-names';
import { useList, useQuery } from '../../ui/use-query';
import { Time } from '../../ui/values';
import type { Dialplan, DialplanVersion } from './types';

/** What a plan was, version by version; how each differs from the text as it stands; a way back to each. */
export function Versions({
  plan,
  yaml,
  mayWrite,
  onPublish,
}: {
  readonly plan: Dialplan;
  readonly yaml: string;
  readonly mayWrite: boolean;
  onPublish(number: number): void;
}) {
  const path = `/dialplans/${encodeURIComponent(plan.id)}/versions`;
  // Another version is another list.
  const list = useList<DialplanVersion>(path, { limit: 20 });
  const [compared, compare] = useState<number>();
  const people = useNames('/users', 'users:read', {
    wanted: list.items?.map(({ author }) => userOf(author)) ?? [],
  });
  const nameOf = (author: string): string => {
    const user = userOf(author);
    if (user !== undefined) return people.get(user) ?? shortId(user);
    return author.startsWith('terminal:') ? author.slice('terminal:'.length) : shortId(author);
  };
  return (
    <Panel title="Versions" flush>
      <ListTable
        list={list}
        caption="Versions"
        testId="versions"
        keyOf={({ number }) => String(number)}
        columns={[
          {
            key: 'number',
            heading: 'Version',
            cell: ({ number, problems, author, createdAt, publishedAt }) => (
              <>
                {number}{' '}
                {number === plan.live ? (
                  <Badge state="live" tone="good" />
                ) : (
                  problems.some(({ severity }) => severity === 'error') && <Badge state="broken" tone="bad" />
                )}
                <div class="quiet">
                  <Time at={createdAt} /> by {nameOf(author)}
                </div>
                {publishedAt !== null && (
                  <div class="quiet">
                    published <Time at={publishedAt} />
                  </div>
                )}
              </>
            ),
          },
          {
            key: 'do',
            heading: 'Actions',
            cell: ({ number }) => (
              <div class="row">
                <Button
                  small
                  label={`Compare version ${number}`}
                  onClick={() => compare(number)}
                  testId={`compare-${number}`}
                >
                  Compare
                </Button>
                {mayWrite && number !== plan.live && (
                  <Button
                    small
                    label={`Publish version ${number}`}
                    onClick={() => onPublish(number)}
                    testId={`publish-${number}`}
                  >
                    Publish
                  </Button>
                )}
              </div>
            ),
          },
        ]}
      />
      {compared !== undefined && (
        <Compare
          path={`${path}/${compared}`}
          number={compared}
          yaml={yaml}
          onClose={() => compare(undefined)}
        />
      )}
    </Panel>
  );
}

/** Id of the user who wrote something; undefined where it was a key or somebody at a terminal. */
const userOf = (author: string): string | undefined => /^user:(.+)$/.exec(author)?.[1];

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;
const HEARD = { same: '', added: 'Added: ', removed: 'Removed: ' } as const;

function Compare({
  path,
  number,
  yaml,
  onClose,
}: {
  readonly path: string;
  readonly number: number;
  readonly yaml: string;
  onClose(): void;
}) {
  const asked = useQuery<{ readonly yaml: string }>(path);
  return (
    <Dialog
      heading={`From version ${number} to the text in the editor`}
      wide
      onClose={onClose}
      actions={
        <Button onClick={onClose} testId="compare-close">
          Close
        </Button>
      }
    >
      <Await asked={asked}>
        {(version) => {
          const lines = lineDiff(version.yaml, yaml);
          if (lines.every(({ kind }) => kind === 'same')) return <p>They are the same.</p>;
          return (
            <div class="table-frame" role="group" aria-label="Lines that differ" tabIndex={0}>
              <ol class="plan-diff mono" data-testid="plan-diff">
                {hunksOf(lines).map((line, at) =>
                  line === undefined ? (
                    <li key={at} class="quiet">
                      …
                    </li>
                  ) : (
                    <li key={at} class={line.kind}>
                      <span class="quiet">{(line.after ?? line.before ?? 0).toString().padStart(4)} </span>
                      <span aria-hidden="true">{SIGNS[line.kind]} </span>
                      <span class="only-heard">{HEARD[line.kind]}</span>
                      {line.text}
                    </li>
                  ),
                )}
              </ol>
            </div>
          );
        }}
      </Await>
    </Dialog>
  );
}
