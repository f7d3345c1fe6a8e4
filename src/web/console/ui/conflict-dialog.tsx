import type { Stored } from '../api/types';
import { wordsOf } from '../core/format';
import { isSame } from '../core/draft';
import { Button } from './button';
import { Dialog } from './dialog';
import type { EntityEditor } from './use-entity';

/** Somebody saved the same thing meanwhile: what stands where, and which of both is to stay. */
export function ConflictDialog<T extends Stored>({ editor }: { readonly editor: EntityEditor<T> }) {
  const { conflict, form } = editor;
  if (conflict === undefined) return null;
  return (
    <Dialog
      heading="Somebody else has changed this"
      wide
      onClose={editor.closeConflict}
      actions={
        <>
          <Button onClick={editor.closeConflict}>Go on editing</Button>
          <Button onClick={editor.takeTheirs} testId="conflict-theirs">
            Take theirs
          </Button>
          <Button
            kind="primary"
            busy={form.busy}
            onClick={() => void editor.keepMine()}
            testId="conflict-mine"
          >
            Save mine over it
          </Button>
        </>
      }
    >
      <p>
        It was saved by someone else while you were editing. These are the fields that you changed; all others
        stay as they are stored now.
      </p>
      <div class="table-frame" role="group" aria-label="Fields in conflict" tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Yours</th>
              <th scope="col">Stored now</th>
            </tr>
          </thead>
          <tbody>
            {conflict.fields.map(({ field, mine, theirs }) => (
              <tr key={field} class={isSame(mine, theirs) ? 'quiet' : undefined}>
                <th scope="row">{wordsOf(field)}</th>
                <td class="mono">{shown(mine)}</td>
                <td class="mono">{shown(theirs)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Dialog>
  );
}

const shown = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
