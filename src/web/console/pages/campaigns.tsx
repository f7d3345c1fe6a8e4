import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function Campaigns(_props: PageProps) {
  return <Page title="Campaigns">{null}</Page>;
}
