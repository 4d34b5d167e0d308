import type { Department } from '#core/planning/offer.ts'
import type { Chance } from './random.ts'

export interface DemoProduct {
  id: string
  sku: string
  name: string
  brand: string
  department: Department
  category: string
  size_ml: number
  price_cents: number
  unit_cost_cents: number
  stock: number
}

interface Shelf {
  department: Department
  category: string
  /** products on the shelf */
  count: number
  /** dollars of the cheapest and the dearest standard bottle */
  from: number
  to: number
  sizes: readonly number[]
  words: readonly string[]
}

// Invented brands only: a demo must not put words into a real producer's mouth.
const brands: Record<Department, readonly string[]> = {
  spirits: [
    'Copper Fox Run',
    'Old Millrace',
    'Harrow & Vane',
    'Three Lanterns',
    'Stillwater Creek',
    'Black Orchard',
    'Juniper Gate',
    'Saltmarsh',
    'Casa Ventura',
    'El Nopalito',
    'Port Meridian',
    'Glen Tarrow',
    'Ballyhart',
    'Nordlys',
    'Redtail Ridge',
    'Quarry House',
    'Bellweather',
    'Cane & Compass',
  ],
  wine: [
    'Alder Hill',
    'Château Mirelle',
    'Dos Caminos',
    'Silver Heron',
    'Vigna Torrente',
    'Stone Arbor',
    'Larkspur Lane',
    'Foxglove',
    'Weingut Adler',
    'Bahía Clara',
    'Maison Dubreil',
    'Sunday Orchard',
    'Quinta do Vale',
    'High Meadow',
  ],
  beer: [
    'Prairie Dog',
    'Iron Trestle',
    'Hopyard 9',
    'Lakefront Nine',
    'Brickyard',
    'Nightjar',
    'Golden Silo',
    'Two Rivers',
    'Bright Side',
    'Orchard Thief',
  ],
  other: ['Tin Shaker', 'Mill Street Mixers', 'Snowmelt'],
}

const shelves: readonly Shelf[] = [
  {
    department: 'spirits',
    category: 'Bourbon',
    count: 38,
    from: 17,
    to: 95,
    sizes: [750, 750, 1000, 1750],
    words: [
      'Small Batch',
      'Single Barrel',
      'Bottled in Bond',
      'Straight Bourbon',
      'Wheated',
      'Cask Strength',
      '10 Year',
    ],
  },
  {
    department: 'spirits',
    category: 'Rye Whiskey',
    count: 12,
    from: 22,
    to: 80,
    sizes: [750],
    words: ['Straight Rye', '100 Proof', 'Barrel Select'],
  },
  {
    department: 'spirits',
    category: 'Scotch',
    count: 20,
    from: 24,
    to: 140,
    sizes: [750],
    words: ['Blended', '12 Year', '15 Year', 'Peated', 'Sherry Cask'],
  },
  {
    department: 'spirits',
    category: 'Irish Whiskey',
    count: 10,
    from: 23,
    to: 75,
    sizes: [750, 1000],
    words: ['Triple Distilled', 'Single Pot Still', 'Black Label'],
  },
  {
    department: 'spirits',
    category: 'Vodka',
    count: 28,
    from: 11,
    to: 45,
    sizes: [750, 1000, 1750],
    words: ['Original', 'Citrus', 'Wheat', 'Potato', 'Cucumber'],
  },
  {
    department: 'spirits',
    category: 'Gin',
    count: 18,
    from: 16,
    to: 52,
    sizes: [750, 1000],
    words: ['London Dry', 'Botanical', 'Navy Strength', 'Barrel Aged'],
  },
  {
    department: 'spirits',
    category: 'Tequila',
    count: 26,
    from: 20,
    to: 110,
    sizes: [750, 1000],
    words: ['Blanco', 'Reposado', 'Añejo', 'Cristalino'],
  },
  {
    department: 'spirits',
    category: 'Mezcal',
    count: 8,
    from: 34,
    to: 95,
    sizes: [750],
    words: ['Espadín', 'Joven', 'Ensamble'],
  },
  {
    department: 'spirits',
    category: 'Rum',
    count: 18,
    from: 13,
    to: 60,
    sizes: [750, 1000, 1750],
    words: ['White', 'Spiced', 'Aged 8 Year', 'Overproof'],
  },
  {
    department: 'spirits',
    category: 'Cognac & Brandy',
    count: 12,
    from: 18,
    to: 120,
    sizes: [375, 750],
    words: ['VS', 'VSOP', 'XO', 'Apple Brandy'],
  },
  {
    department: 'spirits',
    category: 'Liqueur',
    count: 16,
    from: 14,
    to: 42,
    sizes: [375, 750],
    words: ['Coffee', 'Orange', 'Amaro', 'Cream', 'Hazelnut'],
  },
  {
    department: 'wine',
    category: 'Cabernet Sauvignon',
    count: 26,
    from: 10,
    to: 85,
    sizes: [750],
    words: ['Reserve', 'Estate', 'Hillside', 'Old Vine'],
  },
  {
    department: 'wine',
    category: 'Pinot Noir',
    count: 18,
    from: 12,
    to: 60,
    sizes: [750],
    words: ['Coastal', 'Estate', 'Reserve'],
  },
  {
    department: 'wine',
    category: 'Malbec',
    count: 10,
    from: 10,
    to: 34,
    sizes: [750],
    words: ['Clásico', 'Gran Reserva', 'High Altitude'],
  },
  {
    department: 'wine',
    category: 'Red Blend',
    count: 16,
    from: 9,
    to: 48,
    sizes: [750, 1500],
    words: ['No. 7', 'Night Market', 'Reserve'],
  },
  {
    department: 'wine',
    category: 'Chardonnay',
    count: 18,
    from: 9,
    to: 45,
    sizes: [750, 1500],
    words: ['Unoaked', 'Barrel Fermented', 'Estate'],
  },
  {
    department: 'wine',
    category: 'Sauvignon Blanc',
    count: 14,
    from: 10,
    to: 32,
    sizes: [750],
    words: ['Coastal', 'Fumé', 'Valley'],
  },
  {
    department: 'wine',
    category: 'Pinot Grigio',
    count: 10,
    from: 9,
    to: 24,
    sizes: [750, 1500],
    words: ['Classico', 'Delle Terre'],
  },
  {
    department: 'wine',
    category: 'Rosé',
    count: 10,
    from: 10,
    to: 28,
    sizes: [750],
    words: ['Provence Style', 'Sunset', 'Dry'],
  },
  {
    department: 'wine',
    category: 'Sparkling',
    count: 16,
    from: 11,
    to: 70,
    sizes: [750, 187],
    words: ['Brut', 'Extra Dry', 'Blanc de Blancs', 'Rosé Brut'],
  },
  {
    department: 'beer',
    category: 'IPA',
    count: 18,
    from: 10,
    to: 19,
    sizes: [2130, 1420],
    words: ['Hazy', 'West Coast', 'Double', 'Session'],
  },
  {
    department: 'beer',
    category: 'Lager',
    count: 14,
    from: 9,
    to: 24,
    sizes: [2130, 4260],
    words: ['Pilsner', 'Helles', 'Amber', 'Light'],
  },
  {
    department: 'beer',
    category: 'Stout & Porter',
    count: 8,
    from: 11,
    to: 20,
    sizes: [1420, 2130],
    words: ['Oatmeal Stout', 'Baltic Porter', 'Coffee Stout'],
  },
  {
    department: 'beer',
    category: 'Wheat Beer',
    count: 8,
    from: 10,
    to: 17,
    sizes: [2130],
    words: ['Belgian White', 'Hefeweizen', 'Orange Peel'],
  },
  {
    department: 'beer',
    category: 'Hard Seltzer',
    count: 10,
    from: 10,
    to: 20,
    sizes: [2130, 4260],
    words: ['Black Cherry', 'Lime', 'Mango', 'Variety'],
  },
  {
    department: 'beer',
    category: 'Cider',
    count: 6,
    from: 10,
    to: 16,
    sizes: [1420, 2130],
    words: ['Dry', 'Semi-Sweet', 'Honeycrisp'],
  },
  {
    department: 'other',
    category: 'Mixers',
    count: 12,
    from: 3,
    to: 12,
    sizes: [750, 1000],
    words: ['Tonic', 'Ginger Beer', 'Bitters', 'Grenadine', 'Soda'],
  },
]

/** About 400 products on real shelves. @param at when they were entered */
export function makeCatalog(chance: Chance, at: Date): DemoProduct[] {
  const products: DemoProduct[] = []
  for (const shelf of shelves) {
    const taken = new Set<string>()
    while (taken.size < shelf.count) {
      const size = chance.pick(shelf.sizes)
      const brand = chance.pick(brands[shelf.department])
      const name = `${brand} ${chance.pick(shelf.words)} ${shelf.category}, ${sizeLabel(shelf.department, size)}`
      if (taken.has(name)) continue
      taken.add(name)
      const standard = shelf.from * (shelf.to / shelf.from) ** (chance.next() ** 2)
      const bottles = shelf.department === 'beer' ? 1 : (size / (shelf.sizes[0] ?? 750)) ** 0.85
      const price_cents = Math.max(199, Math.round(standard * bottles) * 100 - 1)
      products.push({
        id: chance.uuid(at),
        sku: `CC-${String(products.length + 1).padStart(4, '0')}`,
        name,
        brand,
        department: shelf.department,
        category: shelf.category,
        size_ml: size,
        price_cents,
        unit_cost_cents: Math.round(price_cents * (0.68 + chance.next() * 0.12)),
        stock: chance.yes(0.05) ? chance.below(6) : 12 + chance.below(180),
      })
    }
  }
  return products
}

function sizeLabel(department: Department, ml: number): string {
  if (department === 'beer') return `${Math.round(ml / 355)}-pack`
  return ml >= 1000 ? `${ml / 1000} L` : `${ml} ml`
}
