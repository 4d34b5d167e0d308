import { stateOfZip } from '../compliance/zones.ts'

export interface StorePlace {
  id: string
  state: string
  zip?: string | undefined
}

export interface CustomerPlace {
  store_id: string | null
  state: string | null
  zip: string | null
}

/**
 * - own: the customer belongs to it
 * - only: there is no other
 * - nearest: by state, then by ZIP
 * - first: nothing is known of where the customer lives, so it is the store that was added first
 */
export type StoreReason = 'own' | 'only' | 'nearest' | 'first'

/**
 * The store of a customer: their own, else the nearest as far as ZIP codes tell. Without coordinates distance is the
 * difference of the first three digits, which number the mail centres of the US roughly from east to west; stores of the
 * customer's state come before all others, because its law is the one they know. Among equals the earlier store wins.
 * Build it once per list of stores: it remembers each place. Throws RangeError without stores.
 */
export function createStoreFinder<S extends StorePlace>(
  stores: readonly S[],
): (customer: CustomerPlace) => { store: S; because: StoreReason } {
  const first = stores[0]
  if (!first) throw new RangeError('there is no store to choose from')
  const byId = new Map(stores.map((s) => [s.id, s]))
  const found = new Map<string, { store: S; because: StoreReason }>()
  return ({ store_id, state, zip }) => {
    const own = store_id === null ? undefined : byId.get(store_id)
    if (own) return { store: own, because: 'own' }
    if (stores.length === 1) return { store: first, because: 'only' }
    const key = `${state ?? ''}|${zip?.slice(0, 5) ?? ''}`
    let answer = found.get(key)
    if (!answer) {
      if (found.size > 50_000) found.clear()
      found.set(key, (answer = nearest(stores, state ?? stateOfZip(zip), zip)))
    }
    return answer
  }
}

function nearest<S extends StorePlace>(
  stores: readonly S[],
  state: string | null,
  zip: string | null,
): { store: S; because: StoreReason } {
  const inState = stores.filter((s) => s.state === state)
  const near = inState.length > 0 ? inState : stores
  const area = areaOf(zip)
  if (area === null) return { store: near[0]!, because: inState.length > 0 ? 'nearest' : 'first' }
  const distance = (s: S): number => {
    const other = areaOf(s.zip)
    // Within one mail centre the last two digits still say a little.
    return other === null ? Infinity : Math.abs(other - area) * 1000 + Math.abs(tailOf(s.zip) - tailOf(zip))
  }
  return {
    store: near.reduce((best, s) => (distance(s) < distance(best) ? s : best)),
    because: 'nearest',
  }
}

const areaOf = (zip: string | null | undefined): number | null =>
  zip && /^\d{3}/.test(zip) ? Number(zip.slice(0, 3)) : null
const tailOf = (zip: string | null | undefined): number => (zip && /^\d{5}/.test(zip) ? Number(zip.slice(3, 5)) : 50)
