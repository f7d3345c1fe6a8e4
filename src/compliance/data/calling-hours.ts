/**
 * Hours in which a telephone solicitation may reach a person, on that person's clock.
 *
 * As of 2025-11 unless a row says otherwise. `mark` says how well a row is founded: `S` seen in the
 * source named, `K` known in the trade and not checked against the text, `S/K` in part. Windows are
 * end-exclusive; `undefined` = no calls that day.
 */
export type Window = readonly [startHour: number, endHour: number];

export interface CallingHours {
  /** `US` and `CA` bind the whole country; the rest are states. */
  readonly place: string;
  readonly weekdays: Window;
  readonly saturday: Window | undefined;
  readonly sunday: Window | undefined;
  /** Holidays on which no call may be made; absent = as any day. */
  readonly closedOn?: HolidayCalendarName;
  readonly citation: string;
  readonly mark: 'S' | 'K' | 'S/K';
}

export type HolidayCalendarName = 'federal' | 'AL' | 'LA' | 'MS' | 'PA' | 'RI' | 'UT';

const all = (place: string, hours: Window, citation: string, mark: CallingHours['mark']): CallingHours => ({
  place,
  weekdays: hours,
  saturday: hours,
  sunday: hours,
  citation,
  mark,
});

export const COUNTRY_HOURS: Readonly<Record<'US' | 'CA', CallingHours>> = {
  US: all('US', [8, 21], '47 CFR 64.1200(c)(1)', 'S'),
  CA: {
    place: 'CA',
    weekdays: [9, 21.5],
    saturday: [10, 18],
    sunday: [10, 18],
    citation: 'CRTC Unsolicited Telecommunications Rules, Part III §23',
    mark: 'S/K',
  },
};

export const STATE_HOURS: readonly CallingHours[] = [
  {
    place: 'AL',
    weekdays: [8, 20],
    saturday: [8, 20],
    sunday: undefined,
    closedOn: 'AL',
    citation: 'Alabama PSC telemarketing rule',
    mark: 'S',
  },
  all('CT', [9, 20], 'Conn. Gen. Stat. §42-288a, from 2023-10-01', 'S'),
  all('FL', [8, 20], 'Fla. Stat. §501.616(6)', 'S'),
  all('GA', [8, 21], 'Georgia SB 73', 'K'),
  all('IL', [8, 21], 'Illinois telephone solicitation rules', 'S'),
  all('IN', [8, 21], 'Indiana telephone solicitation rules', 'K'),
  all('KY', [10, 21], 'Kentucky telephone solicitation rules', 'S'),
  {
    place: 'LA',
    weekdays: [8, 20],
    saturday: [8, 20],
    sunday: undefined,
    closedOn: 'LA',
    citation: 'Louisiana PSC General Order R-29617',
    mark: 'S',
  },
  all('MA', [8, 20], 'Massachusetts telemarketing solicitation rules', 'S'),
  all('MD', [8, 20], 'Maryland Stop the Spam Calls Act, from 2024-01-01', 'S'),
  all('ME', [8, 21], 'Maine telephone solicitation rules', 'K'),
  all('MI', [9, 21], 'Michigan telephone solicitation rules', 'S'),
  all('MN', [9, 21], 'Minnesota telephone solicitation rules', 'S'),
  all('NM', [9, 21], 'New Mexico telephone solicitation rules', 'S'),
  {
    place: 'MS',
    weekdays: [8, 20],
    saturday: [8, 20],
    sunday: undefined,
    // Sources differ on holidays; the strict reading is taken.
    closedOn: 'MS',
    citation: 'Mississippi PSC telephone solicitation rules',
    mark: 'S',
  },
  all('NE', [8, 21], 'Nebraska telephone solicitation rules', 'S'),
  all('NJ', [8, 21], 'N.J. Stat. §56:8-128', 'S'),
  all('NV', [9, 20], 'Nevada telephone solicitation rules', 'S'),
  all('NY', [8, 21], 'N.Y. GBL §399-z', 'K'),
  all('OK', [8, 20], 'Okla. Stat. tit. 15 §775C.4', 'S'),
  all('OR', [8, 20], 'Oregon HB 3865, from 2026-01-01', 'S'),
  {
    place: 'PA',
    weekdays: [8, 21],
    saturday: [8, 21],
    sunday: [8, 21],
    closedOn: 'PA',
    citation: 'Pennsylvania Telemarketer Registration Act',
    mark: 'S/K',
  },
  {
    place: 'RI',
    weekdays: [9, 18],
    saturday: [10, 17],
    sunday: undefined,
    closedOn: 'RI',
    citation: 'R.I. Gen. Laws §5-61-3.6',
    mark: 'S/K',
  },
  {
    place: 'SD',
    weekdays: [9, 21],
    saturday: [9, 21],
    sunday: undefined,
    citation: 'S.D. Codified Laws §37-30-28',
    mark: 'S/K',
  },
  {
    place: 'TX',
    weekdays: [9, 21],
    saturday: [9, 21],
    sunday: [12, 21],
    citation: 'Tex. Bus. & Com. Code §301.051',
    mark: 'S',
  },
  {
    place: 'UT',
    weekdays: [8, 21],
    saturday: [8, 21],
    sunday: undefined,
    closedOn: 'UT',
    citation: 'Utah Code §13-25a-103(3)',
    mark: 'S',
  },
  all('VA', [8, 21], 'Virginia Telephone Privacy Protection Act', 'S'),
  all('WA', [8, 20], 'RCW 19.158.040', 'S'),
  all('WY', [8, 20], 'Wyoming telephone solicitation rules', 'K'),
];
