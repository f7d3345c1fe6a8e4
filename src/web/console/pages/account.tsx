import { useMemo, useState } from 'preact/hooks';
import { encode } from 'uqr';
import { asProblem } from '../api/problem';
import { useConsole } from '../console';
import { text, verbatim } from '../core/codec';
import { deviceText } from '../core/device';
import type { FieldSpec } from '../core/draft';
import { draftOf } from '../core/draft';
import { wordsOf } from '../core/format';
import { qrPath } from '../core/qr';
import { Badge } from '../ui/badge';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { FormText, SheetForm } from '../ui/form';
import { Await } from '../ui/list';
import { Facts, Page, Panel } from '../ui/page';
import { sentence } from '../ui/states';
import { Table } from '../ui/table';
import { useForm } from '../ui/use-form';
import { useQuery } from '../ui/use-query';
import { Time } from '../ui/values';

interface Session {
  readonly id: string;
  readonly address: string;
  readonly device: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  readonly current: boolean;
}

/** What somebody sees and changes of themselves. */
export function Account() {
  const { user } = useConsole();
  return (
    <Page title="Your account">
      <div class="stack">
        <div class="account">
          <Panel title="Who you are">
            <Facts
              facts={[
                ['Name', user.name],
                ['Email', user.email],
                ['Role', wordsOf(user.role)],
                ['Account', user.accountName],
                [
                  'Scopes',
                  <span class="mono" key="scopes">
                    {user.scopes.join(' ')}
                  </span>,
                ],
              ]}
            />
          </Panel>
          <Password />
          <SecondFactor />
        </div>
        <Sessions />
      </div>
    </Page>
  );
}

const PASSWORD: readonly FieldSpec[] = [
  { at: '/current', codec: verbatim, required: 'is needed' },
  { at: '/next', codec: verbatim, required: 'is needed' },
];

function Password() {
  const { api, toast } = useConsole();
  const form = useForm(PASSWORD, () => draftOf(PASSWORD));
  const send = async (body: Record<string, unknown>): Promise<void> => {
    await api.post('/auth/password', body);
    form.fill(draftOf(PASSWORD));
    toast('good', 'Your password is changed. All other sessions are signed out.');
  };
  return (
    <Panel title="Password">
      <SheetForm form={form} send="Change password" testId="change-password" onSend={send}>
        <FormText
          form={form}
          at="/current"
          label="Current password"
          type="password"
          autoComplete="current-password"
        />
        <FormText
          form={form}
          at="/next"
          label="New password"
          type="password"
          autoComplete="new-password"
          hint="Twelve characters or more, of any kind."
        />
      </SheetForm>
    </Panel>
  );
}

const CODE: readonly FieldSpec[] = [{ at: '/code', codec: text, required: 'Type the six digits it shows' }];

function SecondFactor() {
  const { api, user, reloadUser, toast } = useConsole();
  const [secret, setSecret] = useState<{ secret: string; uri: string }>();
  const [codes, setCodes] = useState<readonly string[]>();
  const [leaving, setLeaving] = useState(false);
  const [failed, setFailed] = useState<string>();
  const form = useForm(CODE, () => draftOf(CODE));
  const begin = async (): Promise<void> => {
    setFailed(undefined);
    try {
      setSecret(await api.post('/auth/totp'));
    } catch (error) {
      setFailed(sentence(asProblem(error).message));
    }
  };
  const confirm = async (body: Record<string, unknown>): Promise<void> => {
    const { recoveryCodes } = await api.post<{ recoveryCodes: readonly string[] }>(
      '/auth/totp/confirm',
      body,
    );
    setCodes(recoveryCodes);
    setSecret(undefined);
    form.fill(draftOf(CODE));
    await reloadUser();
  };
  const drop = async (): Promise<void> => {
    try {
      await api.send('DELETE', '/auth/totp');
      setLeaving(false);
      toast('good', 'No code is asked for any more.');
      await reloadUser();
    } catch (error) {
      setFailed(sentence(asProblem(error).message));
      setLeaving(false);
    }
  };
  return (
    <Panel
      title="Second factor"
      actions={<Badge state={user.totp ? 'on' : 'off'} tone={user.totp ? 'good' : 'warn'} />}
      testId="second-factor"
    >
      <div class="stack">
        {failed !== undefined && (
          <p class="form-problem" role="alert">
            {failed}
          </p>
        )}
        {codes !== undefined && (
          <div class="note stack" role="status">
            <p>
              <strong>Keep these recovery codes.</strong> Each is good for one sign-in without your
              authenticator. They are not shown again.
            </p>
            <ul class="recovery-codes" data-testid="recovery-codes">
              {codes.map((code) => (
                <li key={code}>{code}</li>
              ))}
            </ul>
            <div class="row">
              <Button onClick={() => setCodes(undefined)}>I have kept them</Button>
            </div>
          </div>
        )}
        {user.totp && (
          <>
            <p>A code of your authenticator is asked for whenever you sign in.</p>
            <div class="row">
              <Button kind="danger" onClick={() => setLeaving(true)}>
                Do without it
              </Button>
            </div>
          </>
        )}
        {!user.totp && secret === undefined && (
          <>
            <p>
              An authenticator on your phone makes codes; with one of them a stolen password is not enough.
            </p>
            <div class="row">
              <Button kind="primary" onClick={() => void begin()} testId="totp-begin">
                Set up an authenticator
              </Button>
            </div>
          </>
        )}
        {!user.totp && secret !== undefined && (
          <SheetForm form={form} send="Turn it on" testId="totp-confirm" onSend={confirm}>
            <p>Scan this with your authenticator, or type the secret into it.</p>
            <Qr text={secret.uri} />
            <p class="mono" data-testid="totp-secret">
              {secret.secret}
            </p>
            <FormText
              form={form}
              at="/code"
              label="Code that it shows"
              inputMode="numeric"
              autoComplete="one-time-code"
            />
          </SheetForm>
        )}
      </div>
      {leaving && (
        <ConfirmDialog
          heading="Sign in without a second factor?"
          confirm="Turn it off"
          danger
          onConfirm={() => void drop()}
          onClose={() => setLeaving(false)}
        >
          <p>
            Your password alone will open the console then. The recovery codes are good for nothing any more.
          </p>
        </ConfirmDialog>
      )}
    </Panel>
  );
}

function Qr({ text: told }: { readonly text: string }) {
  const { path, size } = useMemo(() => {
    const { data, size: modules } = encode(told, { border: 2 });
    return { path: qrPath(data), size: modules };
  }, [told]);
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
      role="img"
      aria-label="QR code of the secret"
    >
      <path d={path} />
    </svg>
  );
}

function Sessions() {
  const { api, toast } = useConsole();
  const asked = useQuery<{ items: readonly Session[] }>('/auth/sessions');
  const end = async (session: Session): Promise<void> => {
    try {
      await api.send('DELETE', `/auth/sessions/${encodeURIComponent(session.id)}`);
      toast('good', 'That session is signed out.');
      asked.reload();
    } catch (error) {
      toast('bad', sentence(asProblem(error).message));
    }
  };
  return (
    <Panel title="Where you are signed in" flush>
      <Await asked={asked}>
        {({ items }) => (
          <Table
            caption="Sessions"
            columns={[
              {
                key: 'device',
                heading: 'Device',
                cell: ({ device, current }) => (
                  <span class="row" title={device}>
                    {deviceText(device)} {current && <Badge state="this one" tone="accent" />}
                  </span>
                ),
              },
              {
                key: 'address',
                heading: 'Address',
                cell: ({ address }) => <span class="mono">{address}</span>,
              },
              {
                key: 'created',
                heading: 'Signed in',
                cell: ({ createdAt }) => <Time at={createdAt} />,
                sort: ({ createdAt }) => createdAt,
              },
              {
                key: 'used',
                heading: 'Last used',
                cell: ({ lastUsedAt }) => <Time at={lastUsedAt} />,
                sort: ({ lastUsedAt }) => lastUsedAt,
              },
              { key: 'ends', heading: 'Ends', cell: ({ expiresAt }) => <Time at={expiresAt} /> },
              {
                key: 'act',
                heading: 'Sign out',
                align: 'right',
                cell: (session) =>
                  session.current ? (
                    ''
                  ) : (
                    <Button
                      small
                      onClick={() => void end(session)}
                      label={`Sign out ${deviceText(session.device)}`}
                    >
                      Sign out
                    </Button>
                  ),
              },
            ]}
            rows={items}
            keyOf={({ id }) => id}
          />
        )}
      </Await>
    </Panel>
  );
}
