import type { Mark } from './calling-hours';

/** How often one person may be called, on the same subject, by everybody who calls for one seller. */
export interface ContactLimit {
  readonly place: string;
  readonly calls: number;
  readonly hours: 8 | 24;
  /** Of calls that a machine dials, or speaks, only. */
  readonly automated?: true;
  /** First day on which the row is law, UTC. */
  readonly from?: string;
  readonly citation: string;
  readonly mark: Mark;
  readonly checked: string;
}

const CHECKED = '2026-11-21';

export const CONTACT_LIMITS: readonly ContactLimit[] = [
  {
    place: 'FL',
    calls: 3,
    hours: 24,
    from: '2021-07-01',
    citation: 'Fla. Stat. §501.616(6)(b)',
    mark: 'S',
    checked: CHECKED,
  },
  {
    place: 'MD',
    calls: 3,
    hours: 24,
    from: '2024-01-01',
    citation: 'Md. Code, Com. Law §14-4502',
    mark: 'S',
    checked: CHECKED,
  },
  {
    place: 'ME',
    calls: 1,
    hours: 8,
    automated: true,
    citation: '10 M.R.S. §1498(3)',
    mark: 'S',
    checked: CHECKED,
  },
  {
    place: 'OK',
    calls: 3,
    hours: 24,
    from: '2022-11-01',
    citation: 'Okla. Stat. tit. 15 §775C.4',
    mark: 'S',
    checked: CHECKED,
  },
  {
    place: 'OR',
    calls: 3,
    hours: 24,
    from: '2026-01-01',
    citation: 'Oregon HB 3865 (2025)',
    mark: 'S',
    checked: CHECKED,
  },
];

/** Calls in 24 hours where no row says less and the campaign says nothing. */
export const DEFAULT_CONTACTS_PER_DAY = 3;
