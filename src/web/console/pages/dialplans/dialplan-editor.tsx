import { useEffect, useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import { useConsole, useMay } from '../../console';
import { hrefOf } from '../../core/router';
import type { PageProps } from '../../routes';
import { Badge } from '../../ui/badge';
import { Button, LinkButton } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Page } from '../../ui/page';
import { Failure, Loading } from '../../ui/states';
import { useIdempotencyKey } from '../../ui/use-idempotency-key';
import { useQuery } from '../../ui/use-query';
import { PlanText, useCheck } from './plan-text';
import { Simulate } from './simulate';
import type { ShippedPlan, WholeDialplan } from './types';
import { FIRST_TEXT, nameIn } from './types';
import { Versions } from './versions';

const UP = { href: hrefOf('/dialplans'), label: 'Dialplans' };

/** Writes a dialplan: a new one, one after a file of the installation, or another version of one that there is. */
export function DialplanEditor({ params }: PageProps) {
  const { place } = useConsole();
  const { id } = params;
  const { from } = place.query;
  const stored = useQuery<WholeDialplan>(
    id === undefined ? undefined : `/dialplans/${encodeURIComponent(id)}`,
  );
  const shipped = useQuery<{ items: readonly ShippedPlan[] }>(
    id === undefined && from !== undefined ? '/dialplans/shipped' : undefined,
  );
  const asked = id === undefined ? shipped : stored;
  const isReady =
    id === undefined ? from === undefined || shipped.data !== undefined : stored.data !== undefined;
  if (!isReady) {
    return (
      <Page title="Dialplan" up={UP}>
        {asked.problem === undefined ? (
          <Loading />
        ) : (
          <Failure problem={asked.problem} onRetry={asked.reload} />
        )}
      </Page>
    );
  }
  const file = shipped.data?.items.find(({ name }) => name === from);
  return (
    <Editor key={id ?? 'new'} plan={stored.data} first={file?.yaml ?? FIRST_TEXT} onReload={stored.reload} />
  );
}

function Editor({
  plan: known,
  first,
  onReload,
}: {
  readonly plan: WholeDialplan | undefined;
  readonly first: string;
  onReload(): void;
}) {
  const { api, go, toast } = useConsole();
  const mayWrite = useMay('dialplans:write') && known?.status !== 'archived';
  const maySeeNumbers = useMay('numbers:read');
  const [plan, setPlan] = useState(known);
  const [yaml, setYaml] = useState(known?.yaml ?? first);
  const [busy, setBusy] = useState(false);
  const [asks, ask] = useState<{ readonly publish: number } | 'archive' | 'conflict'>();
  const idempotencyKey = useIdempotencyKey();
  const checked = useCheck(yaml, plan?.name, plan?.accountId ?? undefined);
  const isBroken = checked.problems?.some(({ severity }) => severity === 'error') ?? false;
  const changed = plan === undefined || yaml !== plan.yaml;

  useEffect(() => {
    if (known === undefined) return;
    setPlan(known);
    setYaml(known.yaml);
  }, [known]);

  /** @param work - what is asked of the exchange, one thing at a time */
  const during = async (work: () => Promise<void>): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await work();
    } catch (error) {
      const problem = asProblem(error);
      if (problem.isConflict) ask('conflict');
      else toast('bad', problem.errors.at(0)?.message ?? problem.message);
    } finally {
      setBusy(false);
    }
  };
  const pathOf = ({ id }: { readonly id: string }): string => `/dialplans/${encodeURIComponent(id)}`;
  const save = (): Promise<void> =>
    during(async () => {
      if (plan === undefined) {
        const name = nameIn(yaml);
        if (name === undefined) {
          toast('bad', 'Say what it is called: name: my-plan, on a line of its own.');
          return;
        }
        const made = await api.post<WholeDialplan>('/dialplans', { name, yaml }, { idempotencyKey });
        toast('good', `The dialplan ${made.name} is kept as a draft.`);
        go(hrefOf(pathOf(made)), true);
        return;
      }
      const written = await api.send<WholeDialplan>('PUT', pathOf(plan), {
        body: { yaml },
        version: plan.version,
      });
      setPlan(written);
      toast('good', `Version ${written.latest} is kept. Calls take it once it is published.`);
    });
  const publish = (number: number): Promise<void> => {
    ask(undefined);
    return during(async () => {
      if (plan === undefined) return;
      const published = await api.post<WholeDialplan>(`${pathOf(plan)}/publish`, { version: number });
      // What is being typed stays.
      setPlan(published);
      toast('good', `Version ${number} is live.`);
    });
  };
  const archive = (): Promise<void> => {
    ask(undefined);
    return during(async () => {
      if (plan === undefined) return;
      await api.send('DELETE', pathOf(plan), { version: plan.version });
      toast('good', `The dialplan ${plan.name} is archived.`);
      go(hrefOf('/dialplans'));
    });
  };

  return (
    <Page
      title={plan?.name ?? 'New dialplan'}
      up={UP}
      aside={
        plan && (
          <>
            <Badge state={plan.status} tone={plan.status === 'live' ? 'good' : 'plain'} />
            <span class="quiet">
              {plan.live === null ? 'no version is live' : `version ${plan.live} is live`}
            </span>
          </>
        )
      }
      actions={
        <>
          {plan && plan.live !== null && maySeeNumbers && (
            <LinkButton href={hrefOf('/numbers', { dialplan: plan.name })} testId="its-numbers">
              Its numbers
            </LinkButton>
          )}
          {mayWrite && (
            <>
              {plan && (
                <Button kind="danger" busy={busy} onClick={() => ask('archive')} testId="archive-dialplan">
                  Archive
                </Button>
              )}
              {plan && plan.live !== plan.latest && (
                <Button
                  busy={busy}
                  disabled={changed || isBroken}
                  onClick={() => ask({ publish: plan.latest })}
                  testId="publish-dialplan"
                >
                  Publish version {plan.latest}
                </Button>
              )}
            </>
          )}
        </>
      }
    >
      <div class="columns">
        <form
          class="panel-form form"
          noValidate
          aria-label="Dialplan"
          onSubmit={(event) => {
            event.preventDefault();
            void save();
          }}
        >
          <PlanText yaml={yaml} checked={checked} readOnly={!mayWrite} onInput={setYaml} />
          {mayWrite && (
            <div class="row">
              <Button type="submit" kind="primary" busy={busy} disabled={!changed} testId="save-dialplan">
                {plan === undefined ? 'Keep as a draft' : 'Keep as a new version'}
              </Button>
              <LinkButton href={hrefOf('/dialplans')}>Cancel</LinkButton>
              {changed && (
                <span class="quiet" role="status">
                  Not saved yet
                </span>
              )}
            </div>
          )}
        </form>
        <div class="stack">
          <Simulate yaml={yaml} />
          {plan && (
            <Versions
              key={`${plan.latest}/${plan.live ?? 0}`}
              plan={plan}
              yaml={yaml}
              mayWrite={mayWrite}
              onPublish={(number) => ask({ publish: number })}
            />
          )}
        </div>
      </div>
      {typeof asks === 'object' && (
        <ConfirmDialog
          heading={`Publish version ${asks.publish}?`}
          confirm="Publish"
          onConfirm={() => void publish(asks.publish)}
          onClose={() => ask(undefined)}
        >
          <p>Every call that comes from now on takes it, on every node. Calls that are up keep theirs.</p>
        </ConfirmDialog>
      )}
      {asks === 'archive' && (
        <ConfirmDialog
          heading={`Archive ${plan?.name ?? ''}?`}
          confirm="Archive"
          danger
          onConfirm={() => void archive()}
          onClose={() => ask(undefined)}
        >
          <p>No call takes it any more. Its versions stay, and its name is free.</p>
        </ConfirmDialog>
      )}
      {asks === 'conflict' && (
        <ConfirmDialog
          heading="Somebody else has changed this"
          confirm="Load theirs"
          danger
          onConfirm={() => {
            ask(undefined);
            onReload();
          }}
          onClose={() => ask(undefined)}
        >
          <p>Another version was kept meanwhile. Loading it gives up what you typed here.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
