import type { StoreFacts } from '#core/delivery/footer.ts'
import type { Variables } from '#core/delivery/template.ts'

/** A customer of whom everything is known. */
export const sampleVariables: Variables = {
  first_name: 'Dana',
  reason: 'You took home three bourbons this spring.',
  offer: {
    title: '$10 off bourbon when you spend $75',
    text: 'On every bottle of bourbon in the shop.',
    code: 'OAK10',
    ends: 'Sunday, June 14',
  },
  products: [
    { name: 'Buffalo Trace Bourbon 750 ml', price: '$29.99' },
    { name: 'Four Roses Single Barrel 750 ml', price: '$46.99' },
    { name: 'Rittenhouse Rye 750 ml', price: '$31.99' },
  ],
}

/** A customer of whom nothing is known: a template must still read well. */
export const emptyVariables: Variables = { products: [] }

export const sampleStore: StoreFacts = {
  name: 'Corner Cellars',
  legal_name: 'Corner Cellars LLC',
  address: '12 Main Street',
  city: 'Albany',
  state: 'NY',
  zip: '12207',
  licence_number: 'NY-1234567',
  phone: '(518) 555-0134',
  url: 'https://cornercellars.test',
}
