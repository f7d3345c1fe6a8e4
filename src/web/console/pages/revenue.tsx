import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function Revenue(_props: PageProps) {
  return <Page title="Revenue">{null}</Page>;
}
