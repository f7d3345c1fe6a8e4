/**
 * States that keep a do-not-call list of their own, which the national registry does not contain in
 * full. Mark K, checked 2026-11-21 against the trade's lists, not against statutes.
 */
export const STATE_LISTS: Readonly<Record<string, string>> = {
  CO: 'Colo. Rev. Stat. §6-1-905',
  FL: 'Fla. Stat. §501.059',
  IN: 'Ind. Code §24-4.7-4-1',
  LA: 'La. R.S. 45:844.14',
  MA: 'Mass. Gen. Laws ch. 159C',
  MO: 'Mo. Rev. Stat. §407.1098',
  OK: 'Okla. Stat. tit. 15 §775B.6',
  PA: '73 P.S. §2245.2',
  TN: 'Tenn. Code §65-4-404',
  TX: 'Tex. Bus. & Com. Code §304.051',
  WY: 'Wyo. Stat. §40-12-302',
};

/** State whose law asks that the reassigned-numbers database be consulted before a solicitation. */
export const REASSIGNED_MANDATORY: Readonly<
  Record<string, { readonly from: string; readonly citation: string }>
> = {
  ME: { from: '2024-07-16', citation: '32 M.R.S. §14716' },
};
