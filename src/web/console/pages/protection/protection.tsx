import { useMay } from '../../console';
import { Page } from '../../ui/page';
import { Tabs } from '../../ui/tabs';
import { Consents } from './consents';
import { DoNotCall } from './do-not-call';

/** Whom nobody may call, and who agreed to be called. */
export function Protection() {
  const maySeeLists = useMay('dnc:read');
  const maySeeConsents = useMay('consents:read');
  return (
    <Page title="DNC and consent">
      <Tabs
        label="Protection of callers"
        tabs={[
          ...(maySeeLists ? [{ key: 'dnc', label: 'Do not call', body: () => <DoNotCall /> }] : []),
          ...(maySeeConsents ? [{ key: 'consents', label: 'Consent', body: () => <Consents /> }] : []),
        ]}
      />
    </Page>
  );
}
