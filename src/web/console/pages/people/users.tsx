import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import type { Role, Stored } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { text, words } from '../../core/codec';
import type { FieldSpec } from '../../core/draft';
import { draftOf } from '../../core/draft';
import { wordsOf } from '../../core/format';
import { isOperator } from '../../core/rights';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { FormSelect, FormText } from '../../ui/form';
import { FormDialog } from '../../ui/form-dialog';
import { ListTable } from '../../ui/list';
import { Panel } from '../../ui/page';
import { useForm } from '../../ui/use-form';
import { optionsOf, useNames } from '../../ui/use-names';
import { useList } from '../../ui/use-query';
import { Time } from '../../ui/values';
import { Once } from './once';

interface Listed extends Stored {
  readonly accountId: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly status: 'invited' | 'active' | 'disabled';
  readonly totp: boolean;
  readonly lastSignInAt: string | null;
  readonly resetAskedAt: string | null;
}

interface Link {
  readonly kind: 'invitation' | 'reset';
  readonly url: string;
  readonly expiresAt: string;
}

/** People who sign in. */
export function Users() {
  const { api, user: me, toast } = useConsole();
  const list = useList<Listed>('/users');
  const accounts = useNames('/accounts', 'accounts:read', {
    wanted: list.items?.map(({ accountId }) => accountId) ?? [],
  });
  const mayChange = useMay('users:write');
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState<Link>();
  const act = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
      list.reload();
    } catch (error) {
      toast('bad', asProblem(error).message);
    }
  };
  const setStatus = (user: Listed, status: 'active' | 'disabled'): Promise<void> =>
    act(async () => {
      await api.send('PATCH', `/users/${encodeURIComponent(user.id)}`, {
        body: { status },
        version: user.version,
      });
      toast(
        'good',
        status === 'active' ? `${user.name} may sign in again` : `${user.name} is signed out everywhere`,
      );
    });
  const makeLink = (user: Listed): Promise<void> =>
    act(async () => setLink(await api.post<Link>(`/users/${encodeURIComponent(user.id)}/link`)));
  return (
    <Panel
      title="Users"
      flush
      actions={
        mayChange && (
          <Button kind="primary" onClick={() => setInviting(true)} testId="invite">
            Invite
          </Button>
        )
      }
    >
      <ListTable
        list={list}
        caption="Users"
        testId="users"
        keyOf={({ id }) => id}
        columns={[
          { key: 'email', heading: 'Email', cell: ({ email }) => email },
          { key: 'name', heading: 'Name', cell: ({ name }) => name },
          { key: 'role', heading: 'Role', cell: ({ role }) => wordsOf(role) },
          {
            key: 'account',
            heading: 'Account',
            cell: ({ accountId }) => accounts.get(accountId) ?? accountId,
          },
          {
            key: 'status',
            heading: 'Status',
            cell: ({ status, resetAskedAt }) => (
              <>
                <Badge state={status} />{' '}
                {resetAskedAt !== null && <Badge state="pending" text="Forgot the password" />}
              </>
            ),
          },
          { key: 'totp', heading: 'Second factor', cell: ({ totp }) => (totp ? 'Yes' : 'No') },
          { key: 'last', heading: 'Signed in', cell: ({ lastSignInAt }) => <Time at={lastSignInAt} /> },
          ...(mayChange
            ? [
                {
                  key: 'do',
                  heading: 'Actions',
                  cell: (user: Listed) => (
                    <span class="row">
                      <Button small label={`New link for ${user.name}`} onClick={() => void makeLink(user)}>
                        New link
                      </Button>
                      {user.id !== me.id && (
                        <Button
                          small
                          kind={user.status === 'disabled' ? 'plain' : 'danger'}
                          label={`${user.status === 'disabled' ? 'Enable' : 'Disable'} ${user.name}`}
                          onClick={() =>
                            void setStatus(user, user.status === 'disabled' ? 'active' : 'disabled')
                          }
                        >
                          {user.status === 'disabled' ? 'Enable' : 'Disable'}
                        </Button>
                      )}
                    </span>
                  ),
                },
              ]
            : []),
        ]}
      />
      {inviting && (
        <InviteDialog
          onClose={() => setInviting(false)}
          onDone={(made) => {
            setInviting(false);
            setLink(made);
            list.reload();
          }}
        />
      )}
      {link !== undefined && (
        <Once
          heading={link.kind === 'invitation' ? 'Hand this invitation over' : 'Hand this link over'}
          secret={link.url}
          onClose={() => setLink(undefined)}
        >
          It sets a password, once, until <Time at={link.expiresAt} />. We send no mail: give it to the person
          by a way that you trust.
        </Once>
      )}
    </Panel>
  );
}

const SPECS: readonly FieldSpec[] = [
  { at: '/email', codec: text, required: 'who is it?' },
  { at: '/name', codec: text, required: 'who is it?' },
  { at: '/accountId', codec: text },
  { at: '/role', codec: text },
  { at: '/scopes', codec: words, initial: ['*'], required: 'at least one; * is all that the role may' },
];
const ROLES = [
  ['', 'As the account is'],
  ['admin', 'Admin'],
  ['auditor', 'Auditor'],
] as const;

function InviteDialog({ onClose, onDone }: { onClose(): void; onDone(link: Link): void }) {
  const { api, user } = useConsole();
  const form = useForm(SPECS, () => draftOf(SPECS));
  const accounts = useNames('/accounts', 'accounts:read', { fresh: true });
  const send = async (body: Record<string, unknown>): Promise<void> => {
    const { link } = await api.post<{ link: Link }>('/users', body);
    onDone(link);
  };
  return (
    <FormDialog heading="Invite somebody" form={form} confirm="Invite" send={send} onClose={onClose}>
      <FormText form={form} at="/email" label="Email" type="email" />
      <FormText form={form} at="/name" label="Name" />
      {isOperator(user) && (
        <>
          <FormSelect
            form={form}
            at="/accountId"
            label="Account"
            options={optionsOf(accounts, 'The exchange itself')}
          />
          <FormSelect form={form} at="/role" label="Role" options={ROLES} />
        </>
      )}
      <FormText
        form={form}
        at="/scopes"
        label="Scopes"
        hint="Separated by commas: *, *:read, calls:*, calls:read …"
      />
    </FormDialog>
  );
}
