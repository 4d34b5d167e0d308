import type { Tills } from '../../ports/till.ts'
import { shopify } from './shopify.ts'
import { woocommerce } from './woocommerce.ts'

/** Every kind of till we understand. A new one is a file and a line here. */
export const tills: Tills = { shopify, woocommerce }
