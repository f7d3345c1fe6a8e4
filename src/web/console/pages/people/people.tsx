import { useMay } from '../../console';
import { Page } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { CLIENTS, Credentials, KEYS } from './credentials';
import { Users } from './users';

/** Who gets in: people, programs with keys, and OAuth 2 clients. */
export function People() {
  const mayUsers = useMay('users:read');
  const mayKeys = useMay('keys:read');
  const mayClients = useMay('clients:read');
  return (
    <Page title="Users and keys">
      <Tabs
        label="Who gets in"
        tabs={[
          ...(mayUsers ? [{ key: 'users', label: 'Users', body: () => <Users /> }] : []),
          ...(mayKeys ? [{ key: 'keys', label: 'API keys', body: () => <Credentials kind={KEYS} /> }] : []),
          ...(mayClients
            ? [{ key: 'clients', label: 'OAuth clients', body: () => <Credentials kind={CLIENTS} /> }]
            : []),
        ]}
      />
    </Page>
  );
}
