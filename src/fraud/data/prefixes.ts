/**
 * Prefixes that calls seldom come from honestly. As of 2025-11. Longest prefix wins; a row is a weak
 * sign, never proof: no destination has been low-risk since number ranges for International Revenue
 * Share Fraud spread over all countries (test-number lists, 2017 against 2020).
 */
export type PrefixKind = 'premium' | 'irsf' | 'wangiri_lure';

export interface PrefixRow {
  /** Digits after the plus sign. */
  readonly prefix: string;
  readonly kind: PrefixKind;
  readonly source: string;
}

const NANPA = 'NANPA: 900 is an information service code, 976 a premium exchange';
const PEAKS = 'IPRN peaks 2021-22: Nigeria, UAE, Saudi Arabia, Cuba and others';
const OLDER = 'IRSF lists before 2021: Latvia, Lithuania, Somalia';
const CARIBBEAN = 'Caribbean codes dialled as domestic: one-ring lures';

const rows = (prefixes: string, kind: PrefixKind, source: string): PrefixRow[] =>
  prefixes.split(' ').map((prefix) => ({ prefix, kind, source }));

export const PREFIX_ROWS: readonly PrefixRow[] = [
  ...rows('1900', 'premium', NANPA),
  ...rows('979', 'premium', 'ITU-T E.164: international premium rate service'),
  ...rows('234 971 966 53', 'irsf', PEAKS),
  ...rows('371 370 252', 'irsf', OLDER),
  ...rows('881 882 883', 'irsf', 'ITU-T E.164: satellite and international networks'),
  ...rows(
    '1242 1246 1264 1268 1284 1345 1441 1473 1649 1658 1664 1721 1758 1767 1784 1809 1829 1849 1868 1869 1876',
    'wangiri_lure',
    CARIBBEAN,
  ),
];
