import { isZone } from '../calendar.ts'

/**
 * Which zones a person may live in. Own tables: published ZIP and phone packages put Elko, St. George or Menominee into
 * the wrong zone or give none. A place that two zones share lists both, and windows must then be open in both.
 */
const E = 'America/New_York'
const C = 'America/Chicago'
const M = 'America/Denver'
const P = 'America/Los_Angeles'
const AZ = 'America/Phoenix'
const AK = 'America/Anchorage'

const stateZones: Record<string, readonly string[]> = {
  AL: [C],
  AK: [AK, 'America/Adak'],
  AZ: [AZ, M],
  AR: [C],
  CA: [P],
  CO: [M],
  CT: [E],
  DC: [E],
  DE: [E],
  FL: [E, C],
  GA: [E],
  HI: ['Pacific/Honolulu'],
  ID: ['America/Boise', P],
  IL: [C],
  IN: [E, C],
  IA: [C],
  KS: [C, M],
  KY: [E, C],
  LA: [C],
  ME: [E],
  MD: [E],
  MA: [E],
  MI: [E, C],
  MN: [C],
  MS: [C],
  MO: [C],
  MT: [M],
  NE: [C, M],
  NV: [P, M],
  NH: [E],
  NJ: [E],
  NM: [M],
  NY: [E],
  NC: [E],
  ND: [C, M],
  OH: [E],
  OK: [C],
  OR: [P, 'America/Boise'],
  PA: [E],
  PR: ['America/Puerto_Rico'],
  RI: [E],
  SC: [E],
  SD: [C, M],
  TN: [C, E],
  TX: [C, M],
  UT: [M],
  VT: [E],
  VA: [E],
  WA: [P],
  WV: [E],
  WI: [C],
  WY: [M],
  VI: ['America/Puerto_Rico'],
  GU: ['Pacific/Guam'],
}

/** In states with two zones: the ZIP areas (first three digits) that lie wholly in one. What is not here keeps both. */
const zipZones: Record<string, readonly (readonly [from: number, to: number, zone: string])[]> = {
  AK: [[996, 999, AK]],
  AZ: [
    [850, 859, AZ],
    [863, 864, AZ],
  ],
  FL: [
    [320, 323, E],
    [325, 325, C],
    [326, 349, E],
  ],
  ID: [
    [832, 834, 'America/Boise'],
    [836, 837, 'America/Boise'],
    [838, 838, P],
  ],
  IN: [
    [460, 462, E],
    [464, 464, C],
    [466, 474, E],
    [476, 477, C],
    [478, 478, E],
  ],
  KS: [
    [660, 676, C],
    [679, 679, C],
  ],
  KY: [
    [400, 400, E],
    [402, 418, E],
    [420, 424, C],
  ],
  MI: [[480, 497, E]],
  ND: [[580, 584, C]],
  NE: [
    [680, 681, C],
    [683, 689, C],
    [693, 693, M],
  ],
  NV: [[889, 897, P]],
  OR: [[970, 978, P]],
  SD: [
    [570, 574, C],
    [577, 577, M],
  ],
  TN: [
    [370, 372, C],
    [374, 374, E],
    [376, 379, E],
    [380, 385, C],
  ],
  TX: [
    [750, 797, C],
    [799, 799, M],
    [885, 885, M],
  ],
}

/** First three ZIP digits -> state, for addresses without one. */
const zipStates: readonly (readonly [from: number, to: number, state: string])[] = [
  [6, 7, 'PR'],
  [8, 8, 'VI'],
  [9, 9, 'PR'],
  [10, 27, 'MA'],
  [28, 29, 'RI'],
  [30, 38, 'NH'],
  [39, 49, 'ME'],
  [50, 54, 'VT'],
  [55, 55, 'MA'],
  [56, 59, 'VT'],
  [60, 69, 'CT'],
  [70, 89, 'NJ'],
  [100, 149, 'NY'],
  [150, 196, 'PA'],
  [197, 199, 'DE'],
  [200, 200, 'DC'],
  [201, 201, 'VA'],
  [202, 205, 'DC'],
  [206, 219, 'MD'],
  [220, 246, 'VA'],
  [247, 268, 'WV'],
  [270, 289, 'NC'],
  [290, 299, 'SC'],
  [300, 319, 'GA'],
  [320, 339, 'FL'],
  [341, 349, 'FL'],
  [350, 369, 'AL'],
  [370, 385, 'TN'],
  [386, 397, 'MS'],
  [398, 399, 'GA'],
  [400, 427, 'KY'],
  [430, 459, 'OH'],
  [460, 479, 'IN'],
  [480, 499, 'MI'],
  [500, 528, 'IA'],
  [530, 549, 'WI'],
  [550, 567, 'MN'],
  [570, 577, 'SD'],
  [580, 588, 'ND'],
  [590, 599, 'MT'],
  [600, 629, 'IL'],
  [630, 658, 'MO'],
  [660, 679, 'KS'],
  [680, 693, 'NE'],
  [700, 714, 'LA'],
  [716, 729, 'AR'],
  [730, 732, 'OK'],
  [733, 733, 'TX'],
  [734, 749, 'OK'],
  [750, 799, 'TX'],
  [800, 816, 'CO'],
  [820, 831, 'WY'],
  [832, 838, 'ID'],
  [840, 847, 'UT'],
  [850, 865, 'AZ'],
  [870, 884, 'NM'],
  [885, 885, 'TX'],
  [889, 898, 'NV'],
  [900, 961, 'CA'],
  [967, 968, 'HI'],
  [969, 969, 'GU'],
  [970, 979, 'OR'],
  [980, 994, 'WA'],
  [995, 999, 'AK'],
]

const areaCodes: readonly (readonly [zones: readonly string[], codes: string])[] = [
  [
    [E],
    '201 202 203 207 212 215 216 220 223 227 229 231 234 239 240 248 252 260 267 269 272 276 283 301 302 304 305 313 315 317 321 324 326 329 330 332 336 339 347 351 352 363 380 386 401 404 407 410 412 413 419 434 436 440 443 445 463 470 472 475 478 484 502 508 513 516 517 518 540 551 561 567 570 571 574 582 585 586 603 607 609 610 614 616 617 624 631 640 645 646 656 667 678 679 680 681 686 689 703 704 706 716 717 718 724 727 728 732 734 740 743 754 757 762 765 770 771 772 774 781 786 802 803 804 810 813 814 821 826 828 835 838 839 843 845 848 854 856 857 859 860 862 863 864 865 878 904 908 910 912 914 917 919 929 934 937 941 943 947 948 954 959 973 978 980 984 989',
  ],
  [[E, C], '219 270 364 423 448 606 812 850 906 930'],
  [
    [C],
    '205 210 214 217 218 224 225 228 235 251 254 256 262 274 281 309 312 314 316 318 319 320 325 327 331 334 337 346 353 361 402 405 409 414 417 430 432 447 457 464 469 479 501 504 507 512 515 531 534 539 557 563 572 573 580 601 608 612 615 618 629 630 636 641 651 659 660 662 682 708 712 713 715 726 730 731 737 763 769 773 779 806 815 816 817 830 832 847 861 870 872 901 903 913 918 920 924 931 936 938 940 945 952 956 972 975 979 985',
  ],
  [[C, M], '308 605 620 701 785'],
  [[M], '303 307 385 406 435 505 575 719 720 801 915 970 983'],
  [['America/Boise', P], '208 986'],
  [[AZ], '480 520 602 623'],
  [[AZ, M], '928'],
  [
    [P],
    '206 209 213 253 279 310 323 341 350 357 360 369 408 415 424 425 442 458 503 509 510 530 559 562 564 619 626 628 650 657 661 669 702 707 714 725 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951 971',
  ],
  [[P, 'America/Boise'], '541'],
  [[P, M], '775'],
  [[AK, 'America/Adak'], '907'],
  [['Pacific/Honolulu'], '808'],
  [['America/Puerto_Rico'], '787 939 340'],
]
const zonesOfCode = new Map(
  areaCodes.flatMap(([zones, codes]) => codes.split(' ').map((code) => [code, zones] as const)),
)

export interface Place {
  state?: string | null
  zip?: string | null
  /** E.164 */
  phone?: string | null
}

export interface CandidateZones {
  zones: string[]
  /** false: nothing pointed to a place, the shop's own zone is a guess and is shown as one */
  known: boolean
  because: string
}

/** The state of a US ZIP, or null. */
export function stateOfZip(zip: string | null | undefined): string | null {
  const area = zipArea(zip)
  return area === null ? null : (zipStates.find(([from, to]) => area >= from && area <= to)?.[2] ?? null)
}

/**
 * Every zone the person may be in: the address decides, and a phone's area code adds to it, because courts and some
 * states presume that a phone is where its area code is. Without any hint the shop's zone is taken and `known` is false.
 */
export function candidateZones(place: Place, shopZone: string): CandidateZones {
  const state = place.state ?? stateOfZip(place.zip)
  const atAddress = state ? zonesAt(state, place.zip) : null
  const code = /^\+1(\d{3})\d{7}$/.exec(place.phone ?? '')?.[1]
  const atPhone = code ? zonesOfCode.get(code) : undefined
  const because: string[] = []
  if (atAddress) because.push(atAddress.byZip ? `ZIP ${place.zip} in ${state}` : `state ${state}`)
  // An area code that only repeats the address, or is wider than it, says nothing new.
  const added = atPhone && !(atAddress && atPhone.some((zone) => atAddress.zones.includes(zone))) ? atPhone : []
  if (added.length > 0) because.push(`area code ${code}`)
  const zones = [...new Set([...(atAddress?.zones ?? []), ...added])]
  if (zones.length > 0) return { zones, known: true, because: because.join(' and ') }
  return {
    zones: [isZone(shopZone) ? shopZone : E],
    known: false,
    because: 'no address and no US phone: the shop’s zone is assumed',
  }
}

function zonesAt(state: string, zip: string | null | undefined): { zones: readonly string[]; byZip: boolean } | null {
  const zones = stateZones[state]
  if (!zones) return null
  const area = zones.length > 1 ? zipArea(zip) : null
  const row = area === null ? undefined : zipZones[state]?.find(([from, to]) => area >= from && area <= to)
  return row ? { zones: [row[2]], byZip: true } : { zones, byZip: false }
}

function zipArea(zip: string | null | undefined): number | null {
  return zip && /^\d{5}(-\d{4})?$/.test(zip) ? Number(zip.slice(0, 3)) : null
}
