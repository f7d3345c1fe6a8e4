import { useEffect, useState } from 'preact/hooks';
import type { FieldProps } from './field';
import { TextField } from './field';

/** A text by which is searched once it is whole: with Enter, or when the field is left. */
export function SearchField({
  value,
  onSearch,
  ...props
}: Omit<FieldProps, 'onInput'> & { readonly type?: 'tel' | 'search'; onSearch(value: string): void }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextField
      {...props}
      value={typed}
      onInput={setTyped}
      onCommit={(text) => {
        if (text.trim() !== value) onSearch(text.trim());
      }}
    />
  );
}
