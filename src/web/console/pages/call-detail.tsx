import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function CallDetail(_props: PageProps) {
  return <Page title="CallDetail">{null}</Page>;
}
