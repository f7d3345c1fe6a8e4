import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function Calls(_props: PageProps) {
  return <Page title="Calls">{null}</Page>;
}
