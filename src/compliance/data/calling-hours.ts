import type { HolidayCalendarName } from './holidays';

/**
 * Hours in which a telephone solicitation may reach a person, on that person's clock.
 *
 * Every row that is valid on a day binds on that day, of the country and of each state: where there
 * are several, all must allow. Consent and an existing relationship lift some of these rows in law;
 * here they lift none.
 */

/** Hours after midnight, end-exclusive; an end at or before its start is on the day after. */
export type Window = readonly [startHour: number, endHour: number];

/**
 * How well a row is founded: `S` seen in the text or report that it cites, `K` known in the trade and
 * not checked against the text, `S/K` in part.
 */
export type Mark = 'S' | 'K' | 'S/K';

export interface CallingHours {
  /** A state or province; the rows of countries stand apart, since `CA` is two places. */
  readonly place: string;
  /** None = no calls that day; several = a break between them. */
  readonly weekdays: readonly Window[];
  readonly saturday: readonly Window[];
  readonly sunday: readonly Window[];
  /** Windows of holidays, in the place of those of the weekday; absent = as any day. */
  readonly holidays?: { readonly calendar: HolidayCalendarName; readonly windows: readonly Window[] };
  /** First local day on which the row is law, `2026-01-01`; absent = as long as this table knows. */
  readonly from?: string;
  /** First local day on which it is law no more. */
  readonly until?: string;
  /** Of calls that a machine dials, or speaks, only. */
  readonly automated?: true;
  readonly citation: string;
  readonly mark: Mark;
  /** Day on which the row was last compared with what `mark` says. */
  readonly checked: string;
}

const NONE: readonly Window[] = [];
const CHECKED = '2026-11-21';

type Extra = Partial<Pick<CallingHours, 'holidays' | 'from' | 'until' | 'automated'>>;

function row(
  place: string,
  [weekdays, saturday, sunday]: readonly [Window, Window | undefined, Window | undefined],
  citation: string,
  mark: Mark,
  extra: Extra = {},
): CallingHours {
  return {
    place,
    weekdays: [weekdays],
    saturday: saturday ? [saturday] : NONE,
    sunday: sunday ? [sunday] : NONE,
    citation,
    mark,
    checked: CHECKED,
    ...extra,
  };
}

const daily = (place: string, hours: Window, citation: string, mark: Mark, extra?: Extra): CallingHours =>
  row(place, [hours, hours, hours], citation, mark, extra);
const closedOn = (calendar: HolidayCalendarName): Extra => ({ holidays: { calendar, windows: NONE } });

export const COUNTRY_HOURS: Readonly<Record<'US' | 'CA', readonly CallingHours[]>> = {
  US: [daily('US', [8, 21], '47 CFR 64.1200(c)(1)', 'S')],
  CA: [
    row(
      'CA',
      [
        [9, 21.5],
        [10, 18],
        [10, 18],
      ],
      'CRTC Unsolicited Telecommunications Rules, Part III §23',
      'S/K',
    ),
  ],
};

const NO_SUNDAY = (hours: Window): readonly [Window, Window, undefined] => [hours, hours, undefined];

export const STATE_HOURS: readonly CallingHours[] = [
  row('AL', NO_SUNDAY([8, 20]), 'Alabama PSC telephone solicitation rule', 'S', closedOn('AL')),
  daily('CT', [9, 20], 'Conn. Gen. Stat. §42-288a', 'S', { from: '2023-10-01' }),
  daily('FL', [8, 20], 'Fla. Stat. §501.616(6)(a)', 'S'),
  daily('GA', [8, 21], 'Georgia telephone solicitation rules', 'K'),
  daily('IL', [8, 21], '815 ILCS 413/15', 'S/K'),
  daily('IL', [9, 21], '815 ILCS 305/15', 'S/K', { automated: true }),
  daily('IN', [8, 21], 'Indiana telephone solicitation rules', 'K'),
  daily('KY', [10, 21], 'KRS 367.46955', 'S'),
  row(
    'LA',
    NO_SUNDAY([8, 20]),
    'Louisiana PSC General Order R-29617 §V(A)(2); La. R.S. 45:811',
    'S',
    closedOn('LA'),
  ),
  daily('MA', [8, 20], 'Mass. Gen. Laws ch. 159C §3', 'S'),
  daily('MD', [8, 20], 'Md. Code, Com. Law §14-4502', 'S', { from: '2024-01-01' }),
  daily('ME', [8, 21], 'Maine telephone solicitation rules', 'K'),
  row('ME', [[9, 17], undefined, undefined], '10 M.R.S. §1498(3)', 'S', { automated: true }),
  daily('MI', [9, 21], 'Michigan telephone solicitation rules', 'S'),
  daily('MN', [9, 21], 'Minnesota telephone solicitation rules', 'S'),
  row('MS', NO_SUNDAY([8, 20]), 'Miss. Code §77-3-723(1)', 'S'),
  // The Public Service Commission's rules, this one among them, went when enforcement passed to the
  // Attorney General; lists of June 2024 on say so, and earlier ones still close.
  row('MS', NO_SUNDAY([8, 20]), '39 Miss. Admin. Code Pt. I, R. 1:28', 'S', {
    ...closedOn('MS'),
    until: '2024-06-03',
  }),
  daily('NE', [8, 21], 'Nebraska telephone solicitation rules', 'S'),
  row(
    'NE',
    [
      [8, 21],
      [8, 21],
      [13, 21],
    ],
    '291 Neb. Admin. Code ch. 11 §3',
    'S',
    { holidays: { calendar: 'federal', windows: [[13, 21]] }, automated: true },
  ),
  daily('NJ', [8, 21], 'N.J. Stat. §56:8-128', 'S'),
  daily('NM', [9, 21], 'N.M. Stat. §57-12-22(B)(5)', 'S'),
  daily('NV', [9, 20], 'NRS 598.0918', 'S/K'),
  daily('NY', [8, 21], 'N.Y. Gen. Bus. Law §399-z', 'K'),
  daily('OK', [8, 20], 'Okla. Stat. tit. 15 §775C.4', 'S'),
  daily('OR', [8, 20], 'Oregon HB 3865 (2025)', 'S', { from: '2026-01-01' }),
  daily('PA', [8, 21], '73 P.S. §2245', 'S/K', { ...closedOn('PA'), from: '2019-12-03' }),
  row('RI', [[9, 18], [10, 17], undefined], 'R.I. Gen. Laws §§5-61-3.6, 5-61-2(2)', 'S', closedOn('RI')),
  row('SD', NO_SUNDAY([9, 21]), 'South Dakota telephone solicitation rules', 'K'),
  row('SD', [[9, 21], undefined, undefined], 'S.D. Codified Laws §37-30-28', 'S', { automated: true }),
  row(
    'TX',
    [
      [9, 21],
      [9, 21],
      [12, 21],
    ],
    'Tex. Bus. & Com. Code §301.051',
    'S',
  ),
  row('UT', NO_SUNDAY([8, 21]), 'Utah Code §13-25a-103(3)', 'S', closedOn('UT')),
  daily('VA', [8, 21], 'Va. Code §59.1-511', 'S'),
  daily('WA', [8, 20], 'RCW 19.158.040(2)', 'S'),
  daily('WY', [8, 20], 'Wyoming telephone solicitation rules', 'K'),
];
