import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import { useConsole, useMay } from '../../console';
import type { Codec } from '../../core/codec';
import { text, words } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { wordsOf } from '../../core/format';
import { isOperator } from '../../core/rights';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { FormSelect, FormText } from '../../ui/form';
import { FormDialog } from '../../ui/form-dialog';
import { ListTable } from '../../ui/list';
import { Panel } from '../../ui/page';
import { useForm } from '../../ui/use-form';
import { optionsOf, useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Time } from '../../ui/values';
import { Once } from './once';

/** What keys and clients differ in. */
export interface CredentialKind {
  readonly path: string;
  readonly scope: string;
  readonly title: string;
  readonly what: string;
  /** The field of what is told once. */
  readonly secret: 'key' | 'clientSecret';
}

export const KEYS: CredentialKind = {
  path: '/keys',
  scope: 'keys',
  title: 'API keys',
  what: 'API key',
  secret: 'key',
};
export const CLIENTS: CredentialKind = {
  path: '/oauth-clients',
  scope: 'clients',
  title: 'OAuth clients',
  what: 'OAuth client',
  secret: 'clientSecret',
};

interface Credential {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly expiresAt: string | null;
}

/** What programs get in with. */
export function Credentials({ kind }: { readonly kind: CredentialKind }) {
  const { api, toast } = useConsole();
  const list = useList<Credential>(kind.path);
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: list.items?.map(({ accountId }) => accountId) ?? [],
  });
  const mayChange = useMay(`${kind.scope}:write`);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<{ id: string; secret: string }>();
  const [leaving, setLeaving] = useState<Credential>();
  const revoke = async (one: Credential): Promise<void> => {
    setLeaving(undefined);
    try {
      await api.send('DELETE', `${kind.path}/${encodeURIComponent(one.id)}`);
      toast('good', `${one.name} gets in no more`);
      list.reload();
    } catch (error) {
      toast('bad', asProblem(error).message);
    }
  };
  return (
    <Panel
      title={kind.title}
      flush
      actions={
        mayChange && (
          <Button kind="primary" onClick={() => setMaking(true)} testId={`new-${kind.scope}`}>
            New {kind.what}
          </Button>
        )
      }
    >
      <ListTable
        list={list}
        caption={kind.title}
        testId={kind.scope}
        empty={`There is no ${kind.what}`}
        keyOf={({ id }) => id}
        columns={[
          { key: 'name', heading: 'Name', cell: ({ name }) => name },
          { key: 'id', heading: 'Id', cell: ({ id }) => <span class="mono">{id}</span> },
          {
            key: 'account',
            heading: 'Account',
            cell: ({ accountId }) => accounts.get(accountId) ?? accountId,
          },
          { key: 'role', heading: 'Role', cell: ({ role }) => wordsOf(role) },
          {
            key: 'scopes',
            heading: 'Scopes',
            cell: ({ scopes }) => <span class="mono">{scopes.join(' ')}</span>,
          },
          { key: 'used', heading: 'Used', cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
          { key: 'expires', heading: 'Expires', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
          ...(mayChange
            ? [
                {
                  key: 'do',
                  heading: 'Revoke',
                  cell: (one: Credential) => (
                    <Button small kind="danger" label={`Revoke ${one.name}`} onClick={() => setLeaving(one)}>
                      Revoke
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {making && (
        <NewCredential
          kind={kind}
          onClose={() => setMaking(false)}
          onDone={(id, secret) => {
            setMaking(false);
            setMade({ id, secret });
            list.reload();
          }}
        />
      )}
      {made !== undefined && (
        <Once heading={`Your new ${kind.what}`} secret={made.secret} onClose={() => setMade(undefined)}>
          Its id is <span class="mono">{made.id}</span>. The secret is shown this once: only a hash of it is
          kept.
        </Once>
      )}
      {leaving !== undefined && (
        <ConfirmDialog
          heading={`Revoke ${leaving.name}?`}
          confirm="Revoke"
          danger
          onConfirm={() => void revoke(leaving)}
          onClose={() => setLeaving(undefined)}
        >
          <p>Whatever uses it is refused within seconds. This cannot be taken back.</p>
        </ConfirmDialog>
      )}
    </Panel>
  );
}

/** The end of a day, in the reader's zone. */
const endOfDay: Codec<number> = {
  show: () => '',
  read: (typed) => {
    const at = new Date(`${typed}T23:59:59`).getTime();
    return Number.isFinite(at) ? { ok: true, value: at } : { ok: false, message: 'is not a day' };
  },
};

const SPECS: readonly FieldSpec[] = [
  { at: '/name', codec: text, required: 'what is it for?' },
  { at: '/accountId', codec: text },
  { at: '/scopes', codec: words, initial: ['*:read'], required: 'what may it do?' },
  { at: '/expiresAt', codec: endOfDay },
];

function NewCredential({
  kind,
  onClose,
  onDone,
}: {
  readonly kind: CredentialKind;
  onClose(): void;
  onDone(id: string, secret: string): void;
}) {
  const { api, user } = useConsole();
  const form = useForm(SPECS, () => draftOf(SPECS));
  const accounts = useNames('/accounts', 'accounts:read', { fresh: true });
  const send = async (body: Record<string, unknown>): Promise<void> => {
    const made = await api.post<Record<string, string>>(kind.path, body);
    onDone(made['id'] ?? '', made[kind.secret] ?? '');
  };
  return (
    <FormDialog heading={`New ${kind.what}`} form={form} confirm="Create" send={send} onClose={onClose}>
      <FormText form={form} at="/name" label="Name" hint="What it is for" />
      {isOperator(user) && (
        <FormSelect
          form={form}
          at="/accountId"
          label="Account"
          options={optionsOf(accounts, 'The exchange itself')}
        />
      )}
      <FormText
        form={form}
        at="/scopes"
        label="Scopes"
        hint="Separated by commas: *:read, calls:*, bids:write …"
      />
      <FormText form={form} at="/expiresAt" label="Expires" type="date" hint="Never, when it is empty" />
    </FormDialog>
  );
}
