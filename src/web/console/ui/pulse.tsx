/** A small line of figures, newest at the right; its label says what it is, the number beside it how much. */
export function Pulse({ values, label }: { readonly values: readonly number[]; readonly label: string }) {
  const [width, height] = [120, 20];
  if (values.length < 2) return <span class="pulse-empty" aria-hidden="true" />;
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`,
  );
  return (
    <svg
      class="pulse"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <polyline points={points.join(' ')} />
    </svg>
  );
}
