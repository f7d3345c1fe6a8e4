import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function CampaignEditor(_props: PageProps) {
  return <Page title="CampaignEditor">{null}</Page>;
}
