/** What an API key may be allowed to do. A route names the scopes that open it; one without any is closed to keys. */
export const scopeWords = {
  'orders:read': 'Read orders',
  'orders:write': 'Add and change orders',
  'events:write': 'Report what people do in the shop',
  'customers:read': 'Read customers with their addresses',
  'customers:write': 'Add and change customers',
  'catalog:read': 'Read the catalog and the stores',
  'catalog:write': 'Add and change products',
  'segments:read': 'Read segments and who is in them',
  'campaigns:read': 'Read campaigns and their plans',
  'reports:read': 'Read figures and reports',
} as const

export type Scope = keyof typeof scopeWords
export const scopes = Object.keys(scopeWords) as [Scope, ...Scope[]]
