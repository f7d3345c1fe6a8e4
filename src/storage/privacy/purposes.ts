/** Why personal data is processed, on which basis, how long, and who gets it. */
export interface Purpose {
  readonly id: string;
  /** What is done. */
  readonly purpose: string;
  /** What is held for it. */
  readonly data: string;
  readonly basis: string;
  readonly retention: string;
  readonly recipients: string;
  /** What basis and retention rest on. */
  readonly citations: string;
}

/**
 * The record of processing that Art. 30 GDPR asks for, as far as the product determines it: an operator
 * adds its own name, its processors and its assessment of interests.
 */
export const PURPOSES: readonly Purpose[] = [
  {
    id: 'calls',
    purpose: 'Connecting a call to a buyer',
    data: 'number of the caller, dialled number, tags of the call, instants, how it ended',
    basis:
      'contract with the caller who asks to be connected, or legitimate interest of the seller and the buyer',
    retention: '`privacy.callsDays` (180 days), then the number is a keyed hash and tags are gone',
    recipients: 'the buyer that takes the call, the carrier that brought it, the seller that supplied it',
    citations: 'GDPR Art. 6(1)(b), 6(1)(f), 5(1)(e); CCPA § 1798.100(a)(3)',
  },
  {
    id: 'recordings',
    purpose: 'Recordings of conversations',
    data: 'voices of both sides, sealed; when it was announced, states that the parties may be in',
    basis:
      'consent, given by staying on after the announcement; where the law of those states asks for none of the caller, legitimate interest in proof of what was said',
    retention:
      'days of the campaign, else `privacy.recordingsDays` (90 days), longer while one is held for a claim; then its key is destroyed',
    recipients: 'buyers and sellers whom the campaign lets listen',
    citations: 'GDPR Art. 6(1)(a), 6(1)(f), 7, 17(3)(e); state law on recording',
  },
  {
    id: 'callbacks',
    purpose: 'Calling back who asked for it',
    data: 'number to be called, whether the caller called from it, when they asked, who took it, a note',
    basis:
      'the wish of the person; of a number that was keyed in, legitimate interest in asking whose wish it was',
    retention: 'until the time that was asked for is over, then 90 days',
    recipients: 'nobody',
    citations: 'GDPR Art. 6(1)(b), 6(1)(f), 5(1)(e); 47 CFR 64.1200(f)(15)(i)',
  },
  {
    id: 'consents',
    purpose: 'Proof that a person allowed calls, or revoked that',
    data: 'number, act, words that were shown, page, address, browser, asserted name and mail address, certificate',
    basis: 'legal obligation to prove consent, and defence of legal claims',
    retention:
      '`privacy.consentYears` (5 years) after it ended, sealed; the chain of hashes stays and names nobody',
    recipients: 'the seller and the buyer that rely on it, courts and authorities',
    citations: 'GDPR Art. 6(1)(c), 7(1), 17(3)(e); 47 CFR 64.1200(a)(2), (f)(9); 28 USC 1658(a)',
  },
  {
    id: 'suppression',
    purpose: 'Not calling who must not be called',
    data: 'number on the internal list; after an erasure its keyed hash',
    basis: 'legal obligation',
    retention: '5 years from the request',
    recipients: 'nobody',
    citations: 'GDPR Art. 6(1)(c), 17(3)(b), 21(3); 47 CFR 64.1200(d)(6)',
  },
  {
    id: 'registries',
    purpose: 'Honouring do-not-call registries and lists of reassigned numbers',
    data: 'numbers of the lists, packed',
    basis: 'legal obligation',
    retention: 'until the list is replaced; the record of which list was used stays',
    recipients: 'nobody',
    citations: 'GDPR Art. 6(1)(c); 47 CFR 64.1200(c)(2), (m); 16 CFR 310.4(b)(3)(iv)',
  },
  {
    id: 'lookups',
    purpose: 'Asking providers about a number before a call',
    data: 'number, day of the consent',
    basis: 'legitimate interest in lawful calls and against fraud',
    retention: 'an hour, under a keyed hash; the answer stays in the decision of the call',
    recipients: 'the providers of `lookups.providers`',
    citations: 'GDPR Art. 6(1)(f), 28',
  },
  {
    id: 'decisions',
    purpose: 'Explaining and replaying decisions',
    data: 'what the call carried, facts that were read, findings and scores',
    basis: 'legitimate interest in accountable decisions, and the duty to explain them',
    retention: 'as the call: `privacy.callsDays` (180 days), then without the person',
    recipients: 'nobody',
    citations: 'GDPR Art. 6(1)(f), 5(2), 15(1)(h), 22',
  },
  {
    id: 'fraud',
    purpose: 'Keeping fraud out',
    data: 'number, how often and how it called, scores, cases and what people found',
    basis: 'legitimate interest in preventing fraud',
    retention: 'counters lapse within hours; cases as the call',
    recipients: 'nobody',
    citations: 'GDPR Art. 6(1)(f), recital 47',
  },
  {
    id: 'bidding',
    purpose: 'Asking buyers for bids on a call',
    data: 'area code and exchange, a keyed hash of the number; the number itself only where a bid says so',
    basis: 'legitimate interest of the seller',
    retention: 'as the call',
    recipients: 'the buyers that are asked',
    citations: 'GDPR Art. 6(1)(f), 5(1)(c)',
  },
  {
    id: 'money',
    purpose: 'Accounts of what was sold',
    data: 'amounts by call; no number',
    basis: 'legal obligation to keep books',
    retention: '7 years at least; nothing is deleted',
    recipients: 'buyers and sellers, each its own; auditors and authorities',
    citations: 'GDPR Art. 6(1)(c), 17(3)(b); 26 CFR 1.6001-1',
  },
  {
    id: 'requests',
    purpose: 'Proof of what was done about requests of persons',
    data: 'keyed hash of the number, who asked, when, on which basis, what it came to',
    basis: 'accountability',
    retention: '`privacy.auditYears` (7 years)',
    recipients: 'authorities',
    citations: 'GDPR Art. 5(2), 12(3); 11 CCR 7101',
  },
];

/** The table in Markdown, for docs/privacy.md. */
export function purposeTable(): string {
  const head = ['purpose', 'data', 'basis', 'kept', 'recipients', 'rests on'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    `|${head.map(() => '---').join('|')}|`,
    ...PURPOSES.map((one) =>
      line([one.purpose, one.data, one.basis, one.retention, one.recipients, one.citations]),
    ),
    '',
  ].join('\n');
}
