import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function Account(_props: PageProps) {
  return <Page title="Account">{null}</Page>;
}
