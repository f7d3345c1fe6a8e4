import { useEffect, useMemo, useState } from 'preact/hooks';
import { asProblem } from '../api/problem';
import type { Stored } from '../api/types';
import { useConsole } from '../console';
import type { FieldSpec } from '../core/draft';
import { bodyOf, changesBetween, draftOf, fieldOf, patchBetween } from '../core/draft';
import type { Asked } from './use-query';
import { useQuery } from './use-query';
import { useIdempotencyKey } from './use-idempotency-key';
import type { Form } from './use-form';
import { useForm } from './use-form';

/** Somebody saved something else meanwhile. */
export interface Conflict<T> {
  readonly theirs: T;
  /** Fields that are to be changed here, and stand otherwise there now. */
  readonly fields: readonly { readonly field: string; readonly mine: unknown; readonly theirs: unknown }[];
}

export interface EntityEditor<T extends Stored> {
  readonly asked: Asked<T>;
  readonly form: Form;
  readonly isNew: boolean;
  /** What is stored, as it is known here; undefined of something new. */
  readonly stored: T | undefined;
  readonly conflict: Conflict<T> | undefined;
  save(): Promise<void>;
  /** Puts what was typed here over what the other one saved. */
  keepMine(): Promise<void>;
  /** Gives up what was typed here. */
  takeTheirs(): void;
  closeConflict(): void;
}

/**
 * Edits one entity of a collection, or makes a new one. What is saved is what was changed, on condition that
 * nobody changed it in between.
 * @param id - undefined for a new one
 */
export function useEntity<T extends Stored>(
  path: string,
  id: string | undefined,
  specs: readonly FieldSpec[],
  onSaved: (entity: T, isNew: boolean) => void,
): EntityEditor<T> {
  const { api } = useConsole();
  const asked = useQuery<T>(id === undefined ? undefined : `${path}/${encodeURIComponent(id)}`);
  const form = useForm(specs, () => draftOf(specs));
  const [stored, setStored] = useState<T>();
  const [conflict, setConflict] = useState<Conflict<T>>();
  const idempotencyKey = useIdempotencyKey();
  const isNew = id === undefined;

  const take = (entity: T): void => {
    setStored(entity);
    form.fill(draftOf(specs, entity));
  };
  useEffect(() => {
    if (asked.data !== undefined) take(asked.data);
  }, [asked.data]);

  /** What was stored, as this form would have said it: what differs from that was changed here. */
  const before = useMemo(() => {
    if (stored === undefined) return undefined;
    const said = bodyOf(specs, draftOf(specs, stored));
    return said.ok ? said.body : {};
  }, [stored, specs]);

  const changesOf = (body: Record<string, unknown>, base: T): Record<string, unknown> => {
    const changes = changesBetween(before ?? {}, body);
    return Object.fromEntries(
      Object.entries(changes).map(([field, said]) => [field, fieldOf(specs, base, field, said)]),
    );
  };

  const patch = async (body: Record<string, unknown>, base: T): Promise<void> => {
    const changes = changesOf(body, base);
    if (Object.keys(changes).length === 0) {
      onSaved(base, false);
      return;
    }
    const at = `${path}/${encodeURIComponent(base.id)}`;
    try {
      const there = base as unknown as Record<string, unknown>;
      const parts = Object.entries(changes).map(([field, said]) => [field, patchBetween(there[field], said)]);
      const saved = await api.send<T>('PATCH', at, {
        body: Object.fromEntries(parts) as Record<string, unknown>,
        version: base.version,
      });
      take(saved);
      setConflict(undefined);
      onSaved(saved, false);
    } catch (error) {
      if (!asProblem(error).isConflict) throw error;
      const theirs = await api.get<T>(at);
      const there = theirs as unknown as Record<string, unknown>;
      const fields = Object.entries(changes).map(([field, mine]) => ({ field, mine, theirs: there[field] }));
      setConflict({ theirs, fields });
    }
  };

  return {
    asked,
    form,
    isNew,
    stored,
    conflict,
    save: () =>
      form.submit(async (body) => {
        if (stored !== undefined) return patch(body, stored);
        const made = await api.post<T>(path, body, { idempotencyKey });
        onSaved(made, true);
      }),
    keepMine: () =>
      form.submit(async (body) => {
        if (conflict !== undefined) await patch(body, conflict.theirs);
      }),
    takeTheirs: () => {
      if (conflict !== undefined) take(conflict.theirs);
      setConflict(undefined);
    },
    closeConflict: () => setConflict(undefined),
  };
}
