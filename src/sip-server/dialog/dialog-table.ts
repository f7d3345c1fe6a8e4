import type { Dialog } from './dialog';
import { dialogId } from './dialog';

/** Every dialog that lives, by the name the application knows, and as messages of the wire name it. */
export class DialogTable<Owner> {
  readonly #byId = new Map<string, Dialog<Owner>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Dialog<Owner> | undefined {
    return this.#byId.get(id);
  }

  add(dialog: Dialog<Owner>): void {
    this.#byId.set(dialog.id, dialog);
  }

  /** Ends the dialog and forgets it. */
  remove(dialog: Dialog<Owner>): void {
    dialog.end();
    if (this.#byId.get(dialog.id) === dialog) this.#byId.delete(dialog.id);
  }

  /** The dialog of a request from the wire (RFC 3261 §12.2.2): its From tag is the peer's, its To tag ours. */
  ofRequest(callId: string, fromTag: string, toTag: string): Dialog<Owner> | undefined {
    const asServer = this.#byId.get(dialogId(callId, fromTag));
    if (asServer?.role === 'uas' && asServer.localTag === toTag) return asServer;
    const asClient = this.#byId.get(dialogId(callId, toTag));
    return asClient?.role === 'uac' && asClient.remoteTag === fromTag ? asClient : undefined;
  }

  all(): Dialog<Owner>[] {
    return [...this.#byId.values()];
  }
}
