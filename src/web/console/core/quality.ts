/** What a mean opinion score means to people (ITU-T G.107 Annex B, by the user satisfaction of its R). */
export function mosWord(mos: number): { readonly word: string; readonly tone: 'good' | 'warn' | 'bad' } {
  if (mos >= 4.34) return { word: 'Very satisfied', tone: 'good' };
  if (mos >= 4.03) return { word: 'Satisfied', tone: 'good' };
  if (mos >= 3.6) return { word: 'Some dissatisfied', tone: 'warn' };
  if (mos >= 3.1) return { word: 'Many dissatisfied', tone: 'warn' };
  return { word: 'Nearly all dissatisfied', tone: 'bad' };
}
