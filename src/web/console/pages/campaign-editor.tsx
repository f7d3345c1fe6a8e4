import type { Campaign } from '../api/types';
import { useConsole, useMay } from '../console';
import { hrefOf } from '../core/router';
import type { PageProps } from '../routes';
import { Badge } from '../ui/badge';
import { LinkButton } from '../ui/button';
import { ConflictDialog } from '../ui/conflict-dialog';
import { FormFoot, FormProblem } from '../ui/form';
import { Page } from '../ui/page';
import { Failure, Loading } from '../ui/states';
import { useEntity } from '../ui/use-entity';
import { DryRun } from './campaign/dry-run';
import {
  Basics,
  Card,
  Compliance,
  Delivery,
  Margin,
  Payout,
  Protection,
  Recording,
} from './campaign/sections';
import { CAMPAIGN } from './campaign/specs';

/** Makes a campaign, or changes one. */
export function CampaignEditor({ params }: PageProps) {
  const { go, toast } = useConsole();
  const mayWrite = useMay('campaigns:write');
  const maySeeNumbers = useMay('numbers:read');
  const id = params['id'];
  const editor = useEntity<Campaign>('/campaigns', id, CAMPAIGN, (saved, isNew) => {
    toast('good', isNew ? `The campaign ${saved.name} is created.` : 'The campaign is saved.');
    if (isNew) go(hrefOf(`/campaigns/${encodeURIComponent(saved.id)}`), true);
  });
  const { asked, form, isNew, stored } = editor;
  const up = { href: hrefOf('/campaigns'), label: 'Campaigns' };
  const title = isNew ? 'New campaign' : (stored?.name ?? 'Campaign');
  if (!isNew && stored === undefined) {
    return (
      <Page title={title} up={up}>
        {asked.problem === undefined ? (
          <Loading />
        ) : (
          <Failure problem={asked.problem} onRetry={asked.reload} />
        )}
      </Page>
    );
  }
  return (
    <Page
      title={title}
      up={up}
      aside={
        stored && (
          <>
            <Badge state={stored.status} />
            <span class="quiet mono">{stored.id}</span>
          </>
        )
      }
      actions={
        stored && (
          <>
            <LinkButton href={hrefOf('/calls', { campaignId: stored.id })}>Its calls</LinkButton>
            {maySeeNumbers && (
              <LinkButton href={hrefOf('/numbers', { campaignId: stored.id })} testId="its-numbers">
                Its numbers
              </LinkButton>
            )}
          </>
        )
      }
    >
      <div class="columns">
        <form
          class="stack"
          noValidate
          aria-label="Campaign"
          onSubmit={(event) => {
            event.preventDefault();
            void editor.save();
          }}
        >
          <Basics form={form} isNew={isNew} />
          <Payout form={form} />
          <Margin form={form} />
          <Delivery form={form} />
          <Protection form={form} />
          <Compliance form={form} />
          <Card form={form} />
          <Recording form={form} />
          {mayWrite && (
            <div class="sticky-foot">
              <FormProblem form={form} />
              <FormFoot form={form} send={isNew ? 'Create campaign' : 'Save changes'} testId="save">
                <LinkButton href={hrefOf('/campaigns')}>Cancel</LinkButton>
                {form.changed && (
                  <span class="quiet" role="status">
                    Not saved yet
                  </span>
                )}
              </FormFoot>
            </div>
          )}
        </form>
        <div class="beside">
          <DryRun form={form} campaignId={id} />
        </div>
      </div>
      <ConflictDialog editor={editor} />
    </Page>
  );
}
