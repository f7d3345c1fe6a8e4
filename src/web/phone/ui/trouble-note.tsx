import type { TroubleCode } from '../core/troubles';
import { TEXT } from '../texts';

/** What is wrong with the microphone, and what to do. */
export function TroubleNote({ code }: { readonly code: TroubleCode }) {
  const { what, mend } = TEXT.trouble[code];
  return (
    <p class="note bad" role="alert" data-testid="trouble" data-trouble={code}>
      <strong>{what}</strong> {mend}
    </p>
  );
}
