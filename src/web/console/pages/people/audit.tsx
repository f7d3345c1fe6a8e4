import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import { useConsole } from '../../console';
import { countText, wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { JsonView } from '../../ui/code';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { Filters } from '../../ui/filters';
import { ListTable } from '../../ui/list';
import { Facts, Page, Panel } from '../../ui/page';
import { useFilter } from '../../ui/use-filter';
import { useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Id, Text, Time } from '../../ui/values';

interface Entry {
  readonly id: string;
  readonly at: string;
  readonly actor: {
    readonly kind: string;
    readonly id: string;
    readonly accountId?: string;
    readonly role?: string;
  };
  readonly action: string;
  readonly subject?: { readonly kind: string; readonly id?: string };
  readonly status: number;
  readonly requestId?: string;
  readonly address?: string;
  readonly changes?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
  readonly isSealed: boolean;
}

interface Verification {
  readonly ok: boolean;
  readonly blocks: number;
  readonly entries: number;
  readonly unsealed: number;
  readonly head: string;
  readonly findings: readonly { readonly problem: string; readonly block?: number }[];
}

/** Who did what, and whether the record of it is as it was written. */
export function Audit() {
  const { api, toast } = useConsole();
  const [actor, setActor] = useFilter('actor');
  const [action, setAction] = useFilter('action');
  const [subject, setSubject] = useFilter('subject');
  const list = useList<Entry>('/audit', { actor, action, subject });
  const users = useNames('/users', 'users:read');
  const keys = useNames('/keys', 'keys:read');
  const [shown, show] = useState<Entry>();
  const [verified, setVerified] = useState<Verification>();
  const [busy, setBusy] = useState(false);
  const verify = async (): Promise<void> => {
    setBusy(true);
    try {
      setVerified(await api.post<Verification>('/audit/verify'));
    } catch (error) {
      toast('bad', asProblem(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Page
      title="Audit"
      actions={
        <Button busy={busy} onClick={() => void verify()} testId="verify">
          Verify the chain
        </Button>
      }
    >
      {verified !== undefined && (
        <p class="note" role="status" data-testid="verified">
          <Badge
            state={verified.ok ? 'ok' : 'failed'}
            text={verified.ok ? 'As it was written' : 'Not as it was written'}
          />{' '}
          {countText(verified.entries)} entries in {countText(verified.blocks)} blocks,{' '}
          {countText(verified.unsealed)} not sealed yet. Head{' '}
          <span class="mono">{verified.head.slice(0, 16)}…</span>
          {verified.findings.map(
            ({ problem, block }) => ` ${problem}${block === undefined ? '' : ` in block ${block}`};`,
          )}
        </p>
      )}
      <Filters label="Audit">
        <TextField label="Who" type="search" value={actor} onInput={setActor} />
        <TextField label="Action" type="search" value={action} onInput={setAction} testId="filter-action" />
        <TextField label="Done to" type="search" value={subject} onInput={setSubject} />
      </Filters>
      <Panel title="Entries, newest first" flush>
        <ListTable
          list={list}
          caption="Audit entries"
          testId="audit"
          empty="Nothing fits"
          keyOf={({ id }) => id}
          columns={[
            { key: 'at', heading: 'When', cell: ({ at }) => <Time at={at} /> },
            {
              key: 'actor',
              heading: 'Who',
              cell: ({ actor: { kind, id } }) => (
                <span class="nowrap">
                  {wordsOf(kind)} {(kind === 'key' ? keys : users).get(id) ?? <Id id={id} />}
                </span>
              ),
            },
            { key: 'action', heading: 'Action', cell: ({ action: what }) => wordsOf(what) },
            {
              key: 'subject',
              heading: 'Done to',
              cell: ({ subject: to }) =>
                to === undefined ? (
                  <Text>{null}</Text>
                ) : (
                  <span class="nowrap">
                    {wordsOf(to.kind)} {to.id !== undefined && <Id id={to.id} />}
                  </span>
                ),
            },
            {
              key: 'status',
              heading: 'Answer',
              cell: ({ status }) => (
                <Badge state={String(status)} tone={status < 400 ? 'good' : 'bad'} text={String(status)} />
              ),
            },
            { key: 'address', heading: 'From', cell: ({ address }) => <Text>{address}</Text> },
            {
              key: 'more',
              heading: 'Details',
              cell: (entry) => (
                <Button small label={`Details of entry ${entry.id}`} onClick={() => show(entry)}>
                  Details
                </Button>
              ),
            },
          ]}
        />
      </Panel>
      {shown !== undefined && (
        <Dialog
          heading={shown.action}
          wide
          onClose={() => show(undefined)}
          actions={<Button onClick={() => show(undefined)}>Close</Button>}
        >
          <Facts
            facts={[
              ['Who', `${wordsOf(shown.actor.kind)} ${shown.actor.id}`],
              ['Done to', <Text>{shown.subject && `${shown.subject.kind} ${shown.subject.id ?? ''}`}</Text>],
              ['When', <Time at={shown.at} />],
              ['Account', <Text>{shown.actor.accountId}</Text>],
              ['Role', <Text>{shown.actor.role}</Text>],
              ['Request', <Text>{shown.requestId}</Text>],
              ['Reason', <Text>{shown.reason}</Text>],
              ['Sealed', shown.isSealed ? 'Yes' : 'Not yet'],
            ]}
          />
          {shown.changes !== undefined && <JsonView value={shown.changes} label="What was changed" />}
        </Dialog>
      )}
    </Page>
  );
}
