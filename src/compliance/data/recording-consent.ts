import type { Mark } from './calling-hours';

/** Whose consent a recording of a telephone call needs. */
export interface RecordingRule {
  readonly place: string;
  readonly consent: 'all_party' | 'one_party';
  readonly citation: string;
  readonly mark: Mark;
  /** Where sources differ: the stricter reading stands in `consent`. */
  readonly disputed?: true;
}

const all = (place: string, citation: string, mark: Mark): RecordingRule => ({
  place,
  consent: 'all_party',
  citation,
  mark,
});
const disputed = (place: string, citation: string): RecordingRule => ({
  ...all(place, citation, 'S/K'),
  disputed: true,
});
const one = (place: string, citation: string): RecordingRule => ({
  place,
  consent: 'one_party',
  citation,
  mark: 'K',
});

/**
 * Checked 2026-11-21: the list of all-party states against several surveys, which differ on those
 * marked `disputed`; citations marked K are known in the trade. Places that are not here, Canada's
 * provinces among them, follow the law of their country in {@link RECORDING_DEFAULTS}.
 */
export const RECORDING_RULES: readonly RecordingRule[] = [
  one('AL', 'Ala. Code §13A-11-30(1)'),
  one('AK', 'Alaska Stat. §42.20.310'),
  one('AZ', 'Ariz. Rev. Stat. §13-3005'),
  one('AR', 'Ark. Code §5-60-120'),
  all('CA', 'Cal. Penal Code §§632, 632.7', 'S'),
  one('CO', 'Colo. Rev. Stat. §18-9-303'),
  disputed('CT', 'Conn. Gen. Stat. §52-570d'),
  disputed('DE', 'Del. Code tit. 11 §1335(a)(4)'),
  one('DC', 'D.C. Code §23-542'),
  all('FL', 'Fla. Stat. §934.03(2)(d)', 'S/K'),
  one('GA', 'O.C.G.A. §16-11-66'),
  one('HI', 'Haw. Rev. Stat. §803-42'),
  one('ID', 'Idaho Code §18-6702'),
  all('IL', '720 ILCS 5/14-2', 'S/K'),
  one('IN', 'Ind. Code §35-31.5-2-176'),
  one('IA', 'Iowa Code §808B.2'),
  one('KS', 'Kan. Stat. §21-6101'),
  one('KY', 'KRS 526.010'),
  one('LA', 'La. R.S. 15:1303'),
  one('ME', '15 M.R.S. §709'),
  all('MD', 'Md. Code, Cts. & Jud. Proc. §10-402', 'S/K'),
  all('MA', 'Mass. Gen. Laws ch. 272 §99', 'S/K'),
  disputed('MI', 'MCL 750.539c'),
  one('MN', 'Minn. Stat. §626A.02'),
  one('MS', 'Miss. Code §41-29-531'),
  one('MO', 'Mo. Rev. Stat. §542.402'),
  all('MT', 'Mont. Code §45-8-213', 'S/K'),
  one('NE', 'Neb. Rev. Stat. §86-290'),
  disputed('NV', 'NRS 200.620'),
  all('NH', 'N.H. Rev. Stat. §570-A:2', 'S/K'),
  one('NJ', 'N.J. Stat. §2A:156A-4'),
  one('NM', 'N.M. Stat. §30-12-1'),
  one('NY', 'N.Y. Penal Law §250.00'),
  one('NC', 'N.C. Gen. Stat. §15A-287'),
  one('ND', 'N.D. Cent. Code §12.1-15-02'),
  one('OH', 'Ohio Rev. Code §2933.52'),
  one('OK', 'Okla. Stat. tit. 13 §176.4'),
  disputed('OR', 'ORS 165.540'),
  all('PA', '18 Pa. C.S. §5704(4)', 'S/K'),
  one('RI', 'R.I. Gen. Laws §11-35-21'),
  one('SC', 'S.C. Code §17-30-30'),
  one('SD', 'S.D. Codified Laws §23A-35A-20'),
  one('TN', 'Tenn. Code §39-13-601'),
  one('TX', 'Tex. Penal Code §16.02'),
  one('UT', 'Utah Code §77-23a-4'),
  one('VT', '18 U.S.C. 2511(2)(d)'),
  one('VA', 'Va. Code §19.2-62'),
  all('WA', 'RCW 9.73.030', 'S/K'),
  one('WV', 'W. Va. Code §62-1D-3'),
  one('WI', 'Wis. Stat. §968.31'),
  one('WY', 'Wyo. Stat. §7-3-702'),
];

export const RECORDING_DEFAULTS: Readonly<Record<'US' | 'CA', RecordingRule>> = {
  US: one('US', '18 U.S.C. 2511(2)(d)'),
  // Any party may record (Criminal Code s. 184(2)(a)), yet a business must tell and be agreed with (PIPEDA, principle 3).
  CA: all('CA', 'PIPEDA, Schedule 1, 4.3', 'K'),
};
