import { useState } from 'preact/hooks';
import { instantText, wordsOf } from '../../core/format';
import { Badge } from '../../ui/badge';
import { Await } from '../../ui/list';
import { Facts, Panel } from '../../ui/page';
import { Empty } from '../../ui/states';
import { useNames } from '../../ui/use-names';
import { useQuery } from '../../ui/use-query';
import { Text, Time } from '../../ui/values';
import { isOfField, NumberForm } from './number-form';

interface Consent {
  readonly id: string;
  readonly sellerId: string | null;
  readonly scopes: readonly string[];
  readonly givenAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly disclosure: { readonly version: string; readonly text: string };
  readonly certificate: { readonly issuer: string; readonly id: string } | null;
  readonly proof: { readonly act: string; readonly pageUrl?: string; readonly ip?: string } | null;
  readonly revocations: readonly {
    readonly id: string;
    readonly revokedAt: number;
    readonly method: string;
  }[];
  readonly chain: { readonly name: string; readonly position: number; readonly hash: string };
}

/** What a person agreed to, with its proof. Every look is written to the audit log. */
export function Consents() {
  const [number, setNumber] = useState<string>();
  const asked = useQuery<{ items: readonly Consent[] }>(number === undefined ? undefined : '/consents', {
    number,
  });
  return (
    <div class="stack">
      <Panel title="Consent of a number">
        <NumberForm ask="Find" asked={asked} testId="consent" onAsk={setNumber} />
      </Panel>
      {number !== undefined && !isOfField(asked) && (
        <Await asked={asked}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty title="Nobody recorded a consent of this number" />
            ) : (
              <>
                {items.map((consent) => (
                  <OneConsent key={consent.id} consent={consent} />
                ))}
              </>
            )
          }
        </Await>
      )}
    </div>
  );
}

function OneConsent({ consent }: { readonly consent: Consent }) {
  const sellers = useNames('/accounts', 'accounts:read');
  const { sellerId, revokedAt, certificate, proof, chain, disclosure } = consent;
  return (
    <Panel
      title={`Given ${instantText(consent.givenAt)}`}
      actions={
        <Badge state={revokedAt === null ? 'active' : 'revoked'} tone={revokedAt === null ? 'good' : 'bad'} />
      }
    >
      <Facts
        facts={[
          ['To', sellerId === null ? 'everybody' : (sellers.get(sellerId) ?? sellerId)],
          ['For', consent.scopes.map(wordsOf).join(', ')],
          ['Until', <Time at={consent.expiresAt} />],
          ['Revoked', <Time at={revokedAt} />],
          ['Disclosure', `${disclosure.text} (${disclosure.version})`],
          ['Certificate', <Text>{certificate && `${wordsOf(certificate.issuer)} ${certificate.id}`}</Text>],
          ['Page', <Text>{proof?.pageUrl}</Text>],
          ['Address', <Text>{proof?.ip}</Text>],
          [
            'Chain',
            <span class="mono">
              {chain.name} #{chain.position} {chain.hash.slice(0, 16)}…
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}
