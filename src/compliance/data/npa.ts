/**
 * Area codes of the North American Numbering Plan: country, states or provinces, time zones.
 *
 * As of 2026-11. Sources: NANPA area code relief history for states; Google libphonenumber's
 * time-zone map (Debian phonenumbers 8.12.57) for the 27 codes that straddle zones, marked `straddles`;
 * overlays newer than that map inherit the zones of the code they overlay, marked `inherits`.
 * Zones are named by the principal city of their present rules: Detroit, Indiana and Louisville
 * follow New York, Boise follows Denver.
 */
export type NpaRow = readonly [country: string, states: string, zones: string, npas: string];

/** Short names of the zones below. */
export const ZONE_NAMES: Readonly<Record<string, string>> = {
  E: 'America/New_York',
  C: 'America/Chicago',
  M: 'America/Denver',
  Z: 'America/Phoenix',
  P: 'America/Los_Angeles',
  AK: 'America/Anchorage',
  AD: 'America/Adak',
  H: 'Pacific/Honolulu',
  PR: 'America/Puerto_Rico',
  VI: 'America/St_Thomas',
  GU: 'Pacific/Guam',
  MP: 'Pacific/Saipan',
  AS: 'Pacific/Pago_Pago',
  NL: 'America/St_Johns',
  A: 'America/Halifax',
  TO: 'America/Toronto',
  W: 'America/Winnipeg',
  R: 'America/Regina',
  ED: 'America/Edmonton',
  V: 'America/Vancouver',
  WH: 'America/Whitehorse',
};

export const NPA_ROWS: readonly NpaRow[] = [
  ['US', 'AL', 'C', '205 251 256 334 659 938'],
  ['US', 'AK', 'AK AD', '907'], // straddles
  ['US', 'AZ', 'Z', '623'],
  ['US', 'AZ', 'Z M', '480 520 602 928'], // straddles: the Navajo Nation observes daylight saving
  ['US', 'AR', 'C', '327 479 501 870'],
  [
    'US',
    'CA',
    'P',
    '209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628 650 657 661 669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951',
  ],
  ['US', 'CO', 'M', '303 719 720 748 970 983'],
  ['US', 'CT', 'E', '203 475 860 959'],
  ['US', 'DE', 'E', '302'],
  ['US', 'DC', 'E', '202 771'],
  ['US', 'FL', 'E', '239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954'],
  ['US', 'FL', 'E C', '850 448'], // straddles; 448 inherits
  ['US', 'GA', 'E', '229 404 470 478 678 706 762 770 912 943'],
  ['US', 'HI', 'H', '808'],
  ['US', 'ID', 'M P', '208 986'], // straddles
  ['US', 'IL', 'C', '217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872'],
  ['US', 'IN', 'E C', '219 574 812 930'], // 219, 574 and 812 straddle; 930 inherits
  ['US', 'IN', 'E', '260 317 463 765'],
  ['US', 'IA', 'C', '319 515 563 641 712'],
  ['US', 'KS', 'C', '316 913'],
  ['US', 'KS', 'C M', '620 785'], // straddles
  ['US', 'KY', 'E', '502 859'],
  ['US', 'KY', 'E C', '270 364 606'], // 270 and 606 straddle; 364 inherits
  ['US', 'LA', 'C', '225 318 337 457 504 985'],
  ['US', 'ME', 'E', '207'],
  ['US', 'MD', 'E', '227 240 301 410 443 667'],
  ['US', 'MA', 'E', '339 351 413 508 617 774 781 857 978'],
  ['US', 'MI', 'E', '231 248 269 313 517 586 616 679 734 810 947 989'],
  ['US', 'MI', 'E C', '906'], // straddles
  ['US', 'MN', 'C', '218 320 507 612 651 763 924 952'],
  ['US', 'MS', 'C', '228 471 601 662 769'],
  ['US', 'MO', 'C', '235 314 417 557 573 636 660 816 975'],
  ['US', 'MT', 'M', '406'],
  ['US', 'NE', 'C', '402 531'],
  ['US', 'NE', 'C M', '308'], // straddles
  ['US', 'NV', 'P', '702 725'],
  ['US', 'NV', 'P M', '775'], // straddles
  ['US', 'NH', 'E', '603'],
  ['US', 'NJ', 'E', '201 551 609 640 732 848 856 862 908 973'],
  ['US', 'NM', 'M', '505 575'],
  [
    'US',
    'NY',
    'E',
    '212 315 329 332 347 363 516 518 585 607 624 631 646 680 716 718 838 845 914 917 929 934',
  ],
  ['US', 'NC', 'E', '252 336 472 704 743 828 910 919 980 984'],
  ['US', 'ND', 'C M', '701'], // straddles
  ['US', 'OH', 'E', '216 220 234 283 326 330 380 419 436 440 513 567 614 740 937'],
  ['US', 'OK', 'C', '405 539 572 580 918'],
  ['US', 'OR', 'P', '503 971'],
  ['US', 'OR', 'P M', '541 458'], // straddles; 458 inherits
  ['US', 'PA', 'E', '215 223 267 272 412 445 484 570 582 610 717 724 814 835 878'],
  ['US', 'RI', 'E', '401'],
  ['US', 'SC', 'E', '803 821 839 843 854 864'],
  ['US', 'SD', 'C M', '605'], // straddles
  ['US', 'TN', 'C', '615 629 731 901 931'],
  ['US', 'TN', 'E', '865'],
  ['US', 'TN', 'E C', '423 729'], // straddles; 729 inherits
  [
    'US',
    'TX',
    'C',
    '210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903 936 940 945 956 972 979',
  ],
  ['US', 'TX', 'M', '915'],
  ['US', 'UT', 'M', '385 435 801'],
  ['US', 'VT', 'E', '802'],
  ['US', 'VA', 'E', '276 434 540 571 686 703 757 804 826 948'],
  ['US', 'WA', 'P', '206 253 360 425 509 564'],
  ['US', 'WV', 'E', '304 681'],
  ['US', 'WI', 'C', '262 274 353 414 534 608 715 920'],
  ['US', 'WY', 'M', '307'],
  ['US', 'PR', 'PR', '787 939'],
  ['US', 'VI', 'VI', '340'],
  ['US', 'GU', 'GU', '671'],
  ['US', 'MP', 'MP', '670'],
  ['US', 'AS', 'AS', '684'],

  ['CA', 'AB', 'ED', '368 403 587 780 825'],
  ['CA', 'BC', 'V', '604'],
  ['CA', 'BC', 'V ED', '250 236 257 672 778'], // straddles; the overlays inherit
  ['CA', 'MB', 'W', '204 431 584'],
  ['CA', 'NB', 'A', '428 506'],
  ['CA', 'NL', 'NL A', '709 879'], // straddles; 879 inherits
  ['CA', 'NS PE', 'A', '782 902'],
  ['CA', 'ON', 'TO', '226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 905 942'],
  ['CA', 'ON', 'TO W', '807'], // straddles
  ['CA', 'QC', 'TO', '263 354 438 450 468 514 579 819 873'],
  ['CA', 'QC', 'TO A', '418 367 581'], // straddles; 367 and 581 inherit
  ['CA', 'SK', 'R', '306 474 639'],
  ['CA', 'NT NU YT', 'TO W ED V WH', '867'], // straddles

  ['BS', '', '', '242'],
  ['BB', '', '', '246'],
  ['AI', '', '', '264'],
  ['AG', '', '', '268'],
  ['VG', '', '', '284'],
  ['KY', '', '', '345'],
  ['BM', '', '', '441'],
  ['GD', '', '', '473'],
  ['TC', '', '', '649'],
  ['JM', '', '', '658 876'],
  ['MS', '', '', '664'],
  ['SX', '', '', '721'],
  ['LC', '', '', '758'],
  ['DM', '', '', '767'],
  ['VC', '', '', '784'],
  ['DO', '', '', '809 829 849'],
  ['TT', '', '', '868'],
  ['KN', '', '', '869'],
];

/** Codes without a place: toll-free, personal, Canadian non-geographic, carrier, federal, information. */
export const NON_GEOGRAPHIC_NPAS = {
  toll_free: '800 822 833 844 855 866 877 888',
  personal: '500 521 522 523 524 525 526 527 528 529 533 544 566 577 588',
  canada: '600 622',
  carrier: '700',
  federal: '710',
  premium: '900',
} as const;
