import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { asProblem } from '../../api/problem';
import type { Stored } from '../../api/types';
import { useConsole, useMay } from '../../console';
import { isOperator } from '../../core/rights';
import { Badge } from '../../ui/badge';
import { Button } from '../../ui/button';
import { ConflictDialog } from '../../ui/conflict-dialog';
import { ConfirmDialog } from '../../ui/dialog';
import { FormFoot, FormProblem } from '../../ui/form';
import { Page } from '../../ui/page';
import { Failure, Loading } from '../../ui/states';
import type { EntityEditor } from '../../ui/use-entity';

interface Props<T extends Stored & { readonly status: string; readonly name?: string }> {
  readonly editor: EntityEditor<T>;
  /** What it is, e.g. `buyer`. */
  readonly what: string;
  readonly title: string;
  readonly up: { readonly href: string; readonly label: string };
  readonly scope: string;
  /** Parties change their own, but the exchange makes and archives them. */
  readonly byTheExchange?: boolean;
  /** Of the collection, to archive it. */
  readonly path: string;
  /** How it is taken from use, where it is not archived. */
  readonly putAway?: PutAway;
  /** Ways to what belongs to it. */
  readonly actions?: ComponentChildren;
  readonly fields: ComponentChildren;
  /** What stands below the form. */
  readonly children?: ComponentChildren;
}

interface PutAway {
  /** Its status then. */
  readonly as: string;
  readonly action: string;
  /** What it is then, in a word. */
  readonly done: string;
}

const ARCHIVE: PutAway = { as: 'archived', action: 'Archive', done: 'archived' };

/** One entity of the market in a form, with all that can happen on the way to the exchange and back. */
export function EntityPage<T extends Stored & { readonly status: string; readonly name?: string }>({
  editor,
  what,
  title,
  up,
  scope,
  byTheExchange = false,
  path,
  putAway = ARCHIVE,
  actions,
  fields,
  children,
}: Props<T>) {
  const { api, user, toast } = useConsole();
  const [archiving, setArchiving] = useState(false);
  const mayChange = useMay(scope);
  const { asked, form, isNew, stored } = editor;
  const archive = async (): Promise<void> => {
    setArchiving(false);
    if (stored === undefined) return;
    try {
      await api.send('DELETE', `${path}/${encodeURIComponent(stored.id)}`, { version: stored.version });
      toast('good', `The ${what} is ${putAway.done}`);
      asked.reload();
    } catch (error) {
      toast('bad', asProblem(error).message);
    }
  };
  if (!isNew && stored === undefined && asked.problem !== undefined) {
    return (
      <Page title={title} up={up}>
        <Failure problem={asked.problem} onRetry={asked.reload} />
      </Page>
    );
  }
  if (!isNew && stored === undefined) {
    return (
      <Page title={title} up={up}>
        <Loading />
      </Page>
    );
  }
  return (
    <Page
      title={isNew ? `New ${what}` : title}
      up={up}
      aside={stored && <Badge state={stored.status} />}
      actions={
        <>
          {actions}
          {mayChange &&
            (!byTheExchange || isOperator(user)) &&
            stored !== undefined &&
            stored.status !== putAway.as && (
              <Button kind="danger" onClick={() => setArchiving(true)} testId="archive">
                {putAway.action}
              </Button>
            )}
        </>
      }
    >
      <form
        class="form panel-form"
        noValidate
        data-testid={`${what}-form`}
        onSubmit={(event) => {
          event.preventDefault();
          void editor.save();
        }}
      >
        <FormProblem form={form} />
        {fields}
        {mayChange && <FormFoot form={form} send={isNew ? `Create ${what}` : 'Save'} />}
      </form>
      {children}
      <ConflictDialog editor={editor} />
      {archiving && (
        <ConfirmDialog
          heading={`${putAway.action} this ${what}?`}
          confirm={putAway.action}
          danger
          onConfirm={() => void archive()}
          onClose={() => setArchiving(false)}
        >
          <p>It takes no more calls. Nothing is forgotten, and its status can be set again.</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
