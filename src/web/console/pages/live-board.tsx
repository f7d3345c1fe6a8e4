import type { PageProps } from '../routes';
import { Page } from '../ui/page';

export function LiveBoard(_props: PageProps) {
  return <Page title="LiveBoard">{null}</Page>;
}
