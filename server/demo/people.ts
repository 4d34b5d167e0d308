import type { Chance } from './random.ts'

/** How a demo customer shops; hidden from the product, which sees only what they bought. */
export interface Persona {
  name: string
  share: number
  /** orders per week while active */
  perWeek: number
  /** how regular: 1 = by whim, 3 = like a clock */
  erlang: number
  /** chance of never coming back after an order */
  leaves: number
  /** lines per order */
  lines: number
  /** 0..1 taste for dear bottles */
  dear: number
  night: number
  discount: number
}

export const personas: readonly Persona[] = [
  {
    name: 'weekly regular',
    share: 0.1,
    perWeek: 0.85,
    erlang: 3,
    leaves: 0.006,
    lines: 2.1,
    dear: 0.3,
    night: 0.1,
    discount: 0.1,
  },
  {
    name: 'fortnightly',
    share: 0.2,
    perWeek: 0.42,
    erlang: 3,
    leaves: 0.015,
    lines: 1.9,
    dear: 0.4,
    night: 0.12,
    discount: 0.12,
  },
  {
    name: 'monthly',
    share: 0.24,
    perWeek: 0.2,
    erlang: 2,
    leaves: 0.04,
    lines: 1.9,
    dear: 0.45,
    night: 0.15,
    discount: 0.15,
  },
  {
    name: 'collector',
    share: 0.06,
    perWeek: 0.22,
    erlang: 2,
    leaves: 0.02,
    lines: 1.5,
    dear: 0.95,
    night: 0.15,
    discount: 0.04,
  },
  {
    name: 'night shift',
    share: 0.1,
    perWeek: 0.35,
    erlang: 1,
    leaves: 0.03,
    lines: 1.4,
    dear: 0.25,
    night: 0.78,
    discount: 0.08,
  },
  {
    name: 'bargain hunter',
    share: 0.1,
    perWeek: 0.25,
    erlang: 1,
    leaves: 0.05,
    lines: 2.3,
    dear: 0.08,
    night: 0.1,
    discount: 0.6,
  },
  {
    name: 'occasion',
    share: 0.12,
    perWeek: 0.07,
    erlang: 1,
    leaves: 0.1,
    lines: 2.6,
    dear: 0.6,
    night: 0.1,
    discount: 0.1,
  },
  {
    name: 'one-timer',
    share: 0.08,
    perWeek: 0.05,
    erlang: 1,
    leaves: 0.75,
    lines: 1.4,
    dear: 0.4,
    night: 0.15,
    discount: 0.2,
  },
]

export interface DemoCustomer {
  id: string
  external_id: string
  email: string | null
  phone: string | null
  first_name: string
  name: string
  birth_date: string | null
  age_status: 'dob_verified' | 'attested' | 'unknown' | 'under_age'
  email_consent: 'granted' | 'denied' | 'unknown'
  sms_consent: 'granted' | 'denied' | 'unknown'
  address: string
  city: string
  state: string
  zip: string
  store: number
  tags: string[]
  joined: Date
  persona: Persona
}

const firstNames =
  'Ada Aiden Alma Amara Andre Anita Ben Bianca Brooke Calvin Camila Carl Carmen Cora Dana Darius Dean Della Diego Edith Eli Elena Emma Ethan Faye Felix Fiona Frank Gail George Grace Greta Hana Hank Hazel Hugo Ida Imani Iris Ivan Jack Jada James Joan Jonah June Kai Kara Keith Kofi Lars Leah Leo Lena Lou Lucia Luis Mabel Marcus Maria Maya Mei Miles Nadia Nate Nina Noah Nora Olga Omar Opal Oscar Otis Paula Pearl Pete Priya Quinn Ravi Reggie Rosa Ruth Sam Sana Saul Silas Sofia Stella Tara Ted Theo Tom Uma Vera Victor Wade Wendy Will Xena Yara Yusuf Zoe'.split(
    ' ',
  )
const lastNames =
  'Abbott Acosta Adler Alvarez Baker Banerjee Barnes Becker Bell Bishop Boone Brandt Brooks Byrne Castillo Chang Cohen Cole Conti Cruz Dalton Davis Delgado Diaz Doyle Duarte Duval Ellis Engel Espinoza Farrell Fischer Flores Ford Frost Gallo Garcia Gibson Grant Greer Haddad Hale Hansen Hart Hayes Herrera Holt Huang Hughes Ibarra Ito Jensen Jones Kane Keller Kim King Klein Kowalski Lane Larsen Lee Lindqvist Lopez Lund Lynch Marsh Martin Mensah Meyer Mills Moran Moreno Morse Nash Nguyen Novak Ochoa Okafor Olsen Ortiz Osei Park Patel Perez Pierce Quist Ramos Reyes Rossi Rowe Ruiz Saito Sanders Schmidt Shaw Silva Singh Snyder Sosa Stone Tanaka Torres Tran Vargas Vega Vogel Wagner Walsh Ward Weber Wells West Wolf Wong Wright Young Zamora Ziegler'.split(
    ' ',
  )
const streets = [
  'Oak St',
  'Walnut Ave',
  'Lincoln Blvd',
  'Prairie Rd',
  'S 6th St',
  'Chatham Rd',
  'Maple Ln',
  'Lakeshore Dr',
  'Gravois Ave',
  'Cherokee St',
]
const places = [
  {
    city: 'Springfield',
    state: 'IL',
    zips: ['62701', '62702', '62703', '62704'],
    store: 0,
    weight: 6,
    codes: ['217', '309', '447', '618', '730', '779', '815'],
  },
  { city: 'Decatur', state: 'IL', zips: ['62521', '62526'], store: 0, weight: 1.4, codes: ['217'] },
  { city: 'Peoria', state: 'IL', zips: ['61602', '61614'], store: 0, weight: 0.8, codes: ['309'] },
  {
    city: 'St. Louis',
    state: 'MO',
    zips: ['63101', '63104', '63110', '63118'],
    store: 1,
    weight: 3.4,
    codes: ['314', '557', '573', '235'],
  },
  { city: 'Kirkwood', state: 'MO', zips: ['63122'], store: 1, weight: 0.9, codes: ['636'] },
] as const

/** Demo customers; addresses end in example domains, phone numbers lie in the 555-01xx range kept for fiction. */
export function makePeople(chance: Chance, count: number, start: Date, now: Date): DemoCustomer[] {
  const span = now.getTime() - start.getTime()
  const phones = new Set<string>()
  const people: DemoCustomer[] = []
  for (let i = 0; i < count; i++) {
    const persona = personas[chance.weighted(personas.map((p) => p.share))]!
    const place = places[chance.weighted(places.map((p) => p.weight))]!
    const first = chance.pick(firstNames)
    const last = chance.pick(lastNames)
    // Half the base was there before the window opens, the rest joined on the way, a few this month.
    const joined = new Date(
      start.getTime() + span * (chance.yes(0.5) ? chance.next() * 0.08 : 0.08 + chance.next() * 0.91),
    )
    const age = chance.weighted([0.56, 0.34, 0.088, 0.012])
    const age_status = (['dob_verified', 'attested', 'unknown', 'under_age'] as const)[age]!
    const years =
      age_status === 'under_age' ? 18 + chance.below(3) : 22 + Math.min(58, Math.floor(chance.gamma(2.2, 22)))
    const hasEmail = chance.yes(0.94)
    const phone = !hasEmail || chance.yes(0.38) ? fictionalPhone(chance, place.codes, phones) : null
    if (!hasEmail && !phone) {
      i--
      continue
    }
    people.push({
      id: chance.uuid(joined),
      external_id: `demo-${String(i + 1).padStart(5, '0')}`,
      email: hasEmail ? `${first}.${last}${i}@example.${chance.pick(['com', 'net', 'org'])}`.toLowerCase() : null,
      phone,
      first_name: first,
      name: `${first} ${last}`,
      birth_date:
        age <= 0 || age_status === 'under_age'
          ? new Date(Date.UTC(now.getUTCFullYear() - years, chance.below(12), 1 + chance.below(28)))
              .toISOString()
              .slice(0, 10)
          : null,
      age_status,
      email_consent: hasEmail
        ? (['granted', 'denied', 'unknown'] as const)[chance.weighted([0.8, 0.06, 0.14])]!
        : 'unknown',
      sms_consent: phone ? (['granted', 'denied', 'unknown'] as const)[chance.weighted([0.55, 0.1, 0.35])]! : 'unknown',
      address: `${100 + chance.below(3900)} ${chance.pick(streets)}`,
      city: place.city,
      state: place.state,
      zip: chance.pick(place.zips),
      store: place.store,
      tags: persona.name === 'collector' && chance.yes(0.6) ? ['bottle club'] : chance.yes(0.07) ? ['newsletter'] : [],
      joined,
      persona,
    })
  }
  return people
}

function fictionalPhone(chance: Chance, codes: readonly string[], taken: Set<string>): string | null {
  for (let attempt = 0; attempt < 8; attempt++) {
    const phone = `+1${chance.pick(codes)}55501${String(chance.below(100)).padStart(2, '0')}`
    if (!taken.has(phone)) {
      taken.add(phone)
      return phone
    }
  }
  return null
}
