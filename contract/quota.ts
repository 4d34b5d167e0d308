// Without zod, so that the UI may read it.

/** Requests a new key may make in a minute, unless somebody says otherwise. */
export const usualQuota = 600
/** Requests an address may make in a minute, whatever its keys. */
export const mostOfAddress = 1_200
export const mostPerMinute = 60_000
export const mostPerDay = 10_000_000
