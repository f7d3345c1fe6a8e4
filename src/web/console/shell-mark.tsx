/** The console's sign. */
export function Mark() {
  return (
    <svg class="mark-icon" viewBox="0 0 32 32" aria-hidden="true">
      <rect class="mark-ground" width="32" height="32" rx="7" />
      <path class="mark-line" d="M7 21h4.5l4-10H20M20 11h5M16 21h9" />
    </svg>
  );
}
