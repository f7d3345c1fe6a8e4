import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';

/** What is told once and never again. */
export function Once({
  heading,
  secret,
  children,
  onClose,
}: {
  readonly heading: string;
  readonly secret: string;
  readonly children: ComponentChildren;
  onClose(): void;
}) {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    // Browsers offer it to pages that came over TLS, or from this machine.
    void navigator.clipboard?.writeText(secret).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <Dialog
      heading={heading}
      onClose={onClose}
      actions={
        <>
          <Button onClick={copy} testId="copy">
            {copied ? 'Copied' : 'Copy'}
          </Button>
          <Button kind="primary" onClick={onClose} testId="dialog-confirm">
            I have it
          </Button>
        </>
      }
    >
      <p>{children}</p>
      <pre class="code" tabIndex={0} role="region" aria-label={heading} data-testid="secret">
        <code>{secret}</code>
      </pre>
    </Dialog>
  );
}
